package servicetest_test

import (
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func rotationStatus(t testing.TB, c *kms.Client, id *string) *kms.GetKeyRotationStatusOutput {
	t.Helper()
	return must(c.GetKeyRotationStatus(t.Context(), &kms.GetKeyRotationStatusInput{KeyId: id}))(t)
}

// rotations returns what ListKeyRotations lists, in pages of two.
func rotations(t testing.TB, c *kms.Client, id *string,
	include types.IncludeKeyMaterial) (all []types.RotationsListEntry) {
	t.Helper()
	pages := kms.NewListKeyRotationsPaginator(c,
		&kms.ListKeyRotationsInput{KeyId: id, IncludeKeyMaterial: include, Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		page := must(pages.NextPage(t.Context()))(t)
		if page.Truncated != (page.NextMarker != nil) {
			t.Errorf("Truncated %v with NextMarker %v", page.Truncated, page.NextMarker)
		}
		all = append(all, page.Rotations...)
	}
	return all
}

// TestEnableKeyRotation_PeriodOver_GivesNewMaterial: a key gets new material when its period is
// over, and what was encrypted before opens for ever.
func TestEnableKeyRotation_PeriodOver_GivesNewMaterial(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	day := 24 * time.Hour
	id := createKey(t, c).KeyId
	if out := rotationStatus(t, c, id); out.KeyRotationEnabled || out.NextRotationDate != nil ||
		out.RotationPeriodInDays != nil || *out.KeyId != *id {
		t.Errorf("a new key: %+v", out)
	}
	must(c.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: id}))(t)
	if out := rotationStatus(t, c, id); *out.RotationPeriodInDays != 365 ||
		!about(*out.NextRotationDate, s.Clock.Now().Add(365*day)) {
		t.Errorf("the usual period: %d days, next on %v", *out.RotationPeriodInDays,
			*out.NextRotationDate)
	}
	must(c.EnableKeyRotation(t.Context(),
		&kms.EnableKeyRotationInput{KeyId: id, RotationPeriodInDays: aws.Int32(90)}))(t)
	blobs := [][]byte{encrypt(t, c, id, "rotation 0", nil)}
	for n := range 3 {
		s.Clock.Advance(90*day + time.Minute)
		eventually(t, "the key is rotated", func() bool {
			s.RunDueJobs(t)
			return len(rotations(t, c, id, "")) == n+1
		})
		blobs = append(blobs, encrypt(t, c, id, "rotation "+string(rune('1'+n)), nil))
	}
	s.Restart(t, func() {})
	c = s.KMS()
	all := rotations(t, c, id, types.IncludeKeyMaterialAllKeyMaterial)
	if len(all) != 4 || all[0].RotationDate != nil || all[0].RotationType != "" ||
		all[3].KeyMaterialState != "CURRENT" {
		t.Fatalf("materials %+v", all)
	}
	for n, blob := range blobs {
		out := must(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob}))(t)
		if !strings.HasSuffix(string(out.Plaintext), string(rune('0'+n))) ||
			*out.KeyMaterialId != *all[n].KeyMaterialId {
			t.Errorf("what was encrypted after %d rotations: %q under %s", n, out.Plaintext,
				*out.KeyMaterialId)
		}
		if n > 0 && (all[n].RotationType != types.RotationTypeAutomatic || all[n].RotationDate == nil ||
			*all[n].KeyId != *id) {
			t.Errorf("rotation %d: %+v", n, all[n])
		}
	}
	must(c.DisableKeyRotation(t.Context(), &kms.DisableKeyRotationInput{KeyId: id}))(t)
	if out := rotationStatus(t, c, id); out.KeyRotationEnabled {
		t.Errorf("switched off: %+v", out)
	}
}

// TestRotateKeyOnDemand_LimitAndErrors_AreAWSs: by its limit, its errors, and what the status says
// of it, which is nothing: it is done at once.
func TestRotateKeyOnDemand_LimitAndErrors_AreAWSs(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	id := key.KeyId
	before := encrypt(t, c, id, "x", nil)
	for n := range 25 {
		out := must(c.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: id}))(t)
		if *out.KeyId != *key.Arn || rotationStatus(t, c, id).OnDemandRotationStartDate != nil {
			t.Errorf("rotation %d answered for %s", n, *out.KeyId)
		}
	}
	_, err := c.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: id})
	refused(t, err, "LimitExceededException",
		"The on-demand rotations limit has been reached for the given keyId. "+
			"No more on-demand rotations can be performed for this key: "+*describe(t, c, id).Arn)
	done := rotations(t, c, id, types.IncludeKeyMaterialRotationsOnly)
	if len(done) != 25 || done[24].RotationType != types.RotationTypeOnDemand ||
		*done[24].KeyMaterialId != *describe(t, c, id).CurrentKeyMaterialId {
		t.Errorf("%d rotations", len(done))
	}
	if got := decrypted(t, c, before, nil); got != "x" {
		t.Errorf("decrypted %q", got)
	}
	_, err = c.ListKeyRotations(t.Context(),
		&kms.ListKeyRotationsInput{KeyId: id, Marker: aws.String("made up")})
	refused(t, err, "InvalidMarkerException", "*")

	signer := createSpecial(t, c, "ECC_NIST_P256", "SIGN_VERIFY").KeyId
	_, err = c.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: signer})
	refused(t, err, "UnsupportedOperationException", "")
	soon := createKey(t, c).KeyId
	must(c.EnableKeyRotation(t.Context(),
		&kms.EnableKeyRotationInput{KeyId: soon, RotationPeriodInDays: aws.Int32(90)}))(t)
	s.Clock.Advance(90*24*time.Hour - 19*time.Minute)
	_, err = c.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: soon})
	refused(t, err, "ConflictException", "*")
}

// TestServiceKey_PeriodOver_RotatesAndSecretsOpen: everybody may see that it does, and nobody may
// change it. Secrets open all the same.
func TestServiceKey_PeriodOver_RotatesAndSecretsOpen(t *testing.T) {
	s := servicetest.Start(t)
	c, m := s.KMS(), s.SecretsManager()
	secret := createSecret(t, m, "app", "x")
	id := describe(t, c, aws.String("alias/aws/secretsmanager")).KeyId
	if out := rotationStatus(t, c, id); !out.KeyRotationEnabled || *out.RotationPeriodInDays != 365 {
		t.Errorf("status %+v", out)
	}
	_, err := c.DisableKeyRotation(t.Context(), &kms.DisableKeyRotationInput{KeyId: id})
	refused(t, err, "AccessDeniedException", "*")
	s.Clock.Advance(366 * 24 * time.Hour)
	eventually(t, "the key is rotated", func() bool {
		s.RunDueJobs(t)
		return len(rotations(t, c, id, "")) == 1
	})
	out := must(m.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: secret.ARN}))(t)
	if *out.SecretString != "x" {
		t.Errorf("the secret is %q", *out.SecretString)
	}
}

// TestGetKeyLastUsage_UsedKey_NamesTheTrailsEvent: the event is that of the trail.
func TestGetKeyLastUsage_UsedKey_NamesTheTrailsEvent(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	usage := func() *kms.GetKeyLastUsageOutput {
		return must(c.GetKeyLastUsage(t.Context(), &kms.GetKeyLastUsageInput{KeyId: key.KeyId}))(t)
	}
	out := usage()
	if *out.KeyId != *key.KeyId || !out.KeyCreationDate.Equal(*key.CreationDate) ||
		!out.TrackingStartDate.Equal(*key.CreationDate) {
		t.Errorf("a new key: %+v", out)
	}
	if u := out.KeyLastUsage; u == nil || u.Operation != "" || u.Timestamp != nil ||
		u.CloudTrailEventId != nil || u.KmsRequestId != nil {
		t.Errorf("never used: %+v", u)
	}
	start := s.Mark(t)
	encrypt(t, c, key.KeyId, "x", nil)
	eventually(t, "the usage is written down",
		func() bool { return usage().KeyLastUsage.Operation != "" })
	u := usage().KeyLastUsage
	if u.Operation != types.KeyLastUsageTrackingOperationEncrypt ||
		!about(*u.Timestamp, s.Clock.Now()) {
		t.Errorf("used: %+v", u)
	}
	found := 0
	for _, r := range s.Trail(t, start) {
		if r.EventID == *u.CloudTrailEventId && r.RequestID == *u.KmsRequestId &&
			r.EventName == "Encrypt" {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d records of the event %s", found, *u.CloudTrailEventId)
	}
}
