package servicetest_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

var pendingDeletionUses = regexp.MustCompile(`(?m)^claviger_kms_pending_deletion_uses_total (\d+)$`)

// TestPendingDeletionMetric_KeyUsed_CountsPermittedCallersOnly: it counts who could have used the
// key, and nobody else.
func TestPendingDeletionMetric_KeyUsed_CountsPermittedCallersOnly(t *testing.T) {
	s := servicetest.Start(t)
	shows := func(want string) {
		t.Helper()
		a := s.Send(t, servicetest.Request{Method: "GET", Path: "/metrics", Unsigned: true})
		if m := pendingDeletionUses.FindSubmatch(a.Body); m == nil || string(m[1]) != want {
			t.Errorf("the metric is %q, want %s", m, want)
		}
	}
	c, nobody := s.KMS(), s.KMS(s.AsNobody())
	key := createKey(t, c)
	must(c.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId}))(t)
	shows("0")
	in := &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x")}
	_, err := nobody.Encrypt(t.Context(), in)
	refused(t, err, "AccessDeniedException", "*")
	shows("0")
	_, err = c.Encrypt(t.Context(), in)
	refused(t, err, "KMSInvalidStateException", *key.Arn+" is pending deletion.")
	shows("1")
}

// TestScheduleKeyDeletion_WindowOver_LeavesNothing: a key can be taken back until the last moment,
// and after that nothing of it is left.
func TestScheduleKeyDeletion_WindowOver_LeavesNothing(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	day := 24 * time.Hour
	for _, days := range []*int32{aws.Int32(6), aws.Int32(31), aws.Int32(0)} {
		_, err := c.ScheduleKeyDeletion(t.Context(),
			&kms.ScheduleKeyDeletionInput{KeyId: createKey(t, c).KeyId, PendingWindowInDays: days})
		refused(t, err, "ValidationException", "*")
	}
	saved, lost := createKey(t, c), createKey(t, c)
	createAlias(t, c, "alias/lost", lost.KeyId)
	blob := encrypt(t, c, lost.KeyId, "gone for good", nil)

	out := must(c.ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: saved.KeyId}))(t)
	if *out.KeyId != *saved.Arn || out.KeyState != "PendingDeletion" ||
		*out.PendingWindowInDays != 30 || !about(*out.DeletionDate, s.Clock.Now().Add(30*day)) {
		t.Errorf("ScheduleKeyDeletion answered %s, %s, %d days, %v", *out.KeyId, out.KeyState,
			*out.PendingWindowInDays, *out.DeletionDate)
	}
	out = must(c.ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: lost.KeyId, PendingWindowInDays: aws.Int32(7)}))(t)
	if *out.PendingWindowInDays != 7 || !about(*out.DeletionDate, s.Clock.Now().Add(7*day)) {
		t.Errorf("ScheduleKeyDeletion answered %d days, %v", *out.PendingWindowInDays, *out.DeletionDate)
	}
	if m := describe(t, c, lost.KeyId); m.Enabled || m.DeletionDate == nil ||
		!m.DeletionDate.Equal(*out.DeletionDate) {
		t.Errorf("pending deletion: Enabled %v, DeletionDate %v", m.Enabled, m.DeletionDate)
	}

	s.Clock.Advance(7*day - time.Minute)
	s.RunDueJobs(t)
	for _, k := range []*types.KeyMetadata{saved, lost} {
		if m := describe(t, c, k.KeyId); m.KeyState != "PendingDeletion" {
			t.Errorf("a minute too early a key is %s", m.KeyState)
		}
	}
	back := must(c.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: saved.KeyId}))(t)
	if m := describe(t, c, saved.KeyId); *back.KeyId != *saved.Arn || m.KeyState != "Disabled" ||
		m.DeletionDate != nil {
		t.Errorf("taken back: %s, %s until %v", *back.KeyId, m.KeyState, m.DeletionDate)
	}

	s.Clock.Advance(2 * time.Minute)
	eventually(t, "the key is destroyed", func() bool {
		s.RunDueJobs(t)
		_, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: lost.KeyId})
		return err != nil
	})
	_, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: lost.KeyId})
	refused(t, err, "NotFoundException", "Key '"+*lost.Arn+"' does not exist")
	_, err = c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
	refused(t, err, "AccessDeniedException", "*")
	_, err = c.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: aws.String("alias/lost"), Plaintext: []byte("x")})
	refused(t, err, "NotFoundException", "Alias "+aliasARN("alias/lost")+" is not found.")
	if slices.Contains(keys(t, c), *lost.KeyId) {
		t.Error("the destroyed key is still listed")
	}
	createAlias(t, c, "alias/lost", saved.KeyId)

	s.Clock.Advance(60 * day)
	s.RunDueJobs(t)
	must(c.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: saved.KeyId}))(t)
	encrypt(t, c, saved.KeyId, "still here", nil)
}
