package servicetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

// keyOperations are the operations that the key-state matrix of the KMS developer guide speaks of,
// in its own rows. A call leaves the key as it found it where that is possible; the others are
// last.
func keyOperations(c *kms.Client, other *string, blob []byte) []struct {
	name string
	row  string
	call func(ctx context.Context, id *string) error
} {
	type row = struct {
		name string
		row  string
		call func(ctx context.Context, id *string) error
	}
	alias := 0
	return []row{
		{"Encrypt", "use", func(ctx context.Context, id *string) error {
			_, err := c.Encrypt(ctx, &kms.EncryptInput{KeyId: id, Plaintext: []byte("x")})
			return err
		}},
		{"Decrypt", "use", func(ctx context.Context, id *string) error {
			_, err := c.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob})
			return err
		}},
		{"Decrypt with KeyId", "use", func(ctx context.Context, id *string) error {
			_, err := c.Decrypt(ctx, &kms.DecryptInput{KeyId: id, CiphertextBlob: blob})
			return err
		}},
		{"ReEncrypt from", "use", func(ctx context.Context, id *string) error {
			_, err := c.ReEncrypt(ctx, &kms.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: other})
			return err
		}},
		{"ReEncrypt to", "use", func(ctx context.Context, id *string) error {
			_, err := c.ReEncrypt(ctx, &kms.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: id})
			return err
		}},
		{"GenerateDataKey", "use", func(ctx context.Context, id *string) error {
			_, err := c.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: id, KeySpec: "AES_256"})
			return err
		}},
		{"GenerateDataKeyWithoutPlaintext", "use", func(ctx context.Context, id *string) error {
			_, err := c.GenerateDataKeyWithoutPlaintext(ctx,
				&kms.GenerateDataKeyWithoutPlaintextInput{KeyId: id, KeySpec: "AES_256"})
			return err
		}},
		{"DescribeKey", "always", func(ctx context.Context, id *string) error {
			_, err := c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: id})
			return err
		}},
		{"ListResourceTags", "always", func(ctx context.Context, id *string) error {
			_, err := c.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: id})
			return err
		}},
		{"ListAliases", "always", func(ctx context.Context, id *string) error {
			_, err := c.ListAliases(ctx, &kms.ListAliasesInput{KeyId: id})
			return err
		}},
		{"CreateAlias and DeleteAlias", "manage", func(ctx context.Context, id *string) error {
			alias++
			name := aws.String(fmt.Sprint("alias/state", alias))
			if _, err := c.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: name, TargetKeyId: id}); err != nil {
				return err
			}
			_, err := c.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: name})
			return err
		}},
		{"UpdateAlias", "manage", func(ctx context.Context, id *string) error {
			_, err := c.UpdateAlias(ctx,
				&kms.UpdateAliasInput{AliasName: aws.String("alias/moving"), TargetKeyId: id})
			return err
		}},
		{"UpdateAlias away", "always", func(ctx context.Context, id *string) error {
			_, err := c.UpdateAlias(ctx,
				&kms.UpdateAliasInput{AliasName: aws.String("alias/moving"), TargetKeyId: other})
			return err
		}},
		{"TagResource", "manage", func(ctx context.Context, id *string) error {
			_, err := c.TagResource(ctx, &kms.TagResourceInput{KeyId: id, Tags: tags(1)})
			return err
		}},
		{"UntagResource", "manage", func(ctx context.Context, id *string) error {
			_, err := c.UntagResource(ctx, &kms.UntagResourceInput{KeyId: id, TagKeys: []string{"tag00"}})
			return err
		}},
		{"UpdateKeyDescription", "manage", func(ctx context.Context, id *string) error {
			_, err := c.UpdateKeyDescription(ctx,
				&kms.UpdateKeyDescriptionInput{KeyId: id, Description: aws.String("d")})
			return err
		}},
		{"CancelKeyDeletion", "cancel", func(ctx context.Context, id *string) error {
			_, err := c.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: id})
			return err
		}},
		{"EnableKey", "manage", func(ctx context.Context, id *string) error {
			_, err := c.EnableKey(ctx, &kms.EnableKeyInput{KeyId: id})
			return err
		}},
		{"DisableKey", "manage", func(ctx context.Context, id *string) error {
			_, err := c.DisableKey(ctx, &kms.DisableKeyInput{KeyId: id})
			return err
		}},
		{"ScheduleKeyDeletion", "manage", func(ctx context.Context, id *string) error {
			_, err := c.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: id})
			return err
		}},
	}
}

// TestKeyState_SDKCalls_AreAnsweredInAWSsWords walks the key-state matrix: every operation in every state that a key of this
// service can have.
func TestKeyState_SDKCalls_AreAnsweredInAWSsWords(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	other := createKey(t, c)
	createAlias(t, c, "alias/moving", other.KeyId)
	states := []struct {
		name  string
		enter func(ctx context.Context, id *string) error
		// by row of the matrix: the error and how its text goes on after the key's ARN
		want map[string][2]string
	}{
		{"Enabled", func(ctx context.Context, id *string) error { return nil },
			map[string][2]string{"cancel": {"KMSInvalidStateException", " is not pending deletion."}}},
		{"Disabled", func(ctx context.Context, id *string) error {
			_, err := c.DisableKey(ctx, &kms.DisableKeyInput{KeyId: id})
			return err
		}, map[string][2]string{"cancel": {"KMSInvalidStateException",
			" is not pending deletion."}, "use": {"DisabledException", " is disabled."}}},
		{"PendingDeletion", func(ctx context.Context, id *string) error {
			_, err := c.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: id})
			return err
		}, map[string][2]string{"use": {"KMSInvalidStateException",
			" is pending deletion."}, "manage": {"KMSInvalidStateException", " is pending deletion."}}},
	}
	for _, state := range states {
		for _, o := range keyOperations(c, other.KeyId, nil) {
			t.Run(state.name+"/"+o.name, func(t *testing.T) {
				key := createKey(t, c)
				call := o.call
				for _, again := range keyOperations(c, other.KeyId, encrypt(t, c, key.KeyId, "x", nil)) {
					if again.name == o.name {
						call = again.call
					}
				}
				accepted(t, state.enter(t.Context(), key.KeyId))
				if o.name == "UpdateAlias away" && state.name != "PendingDeletion" {
					must(c.UpdateAlias(t.Context(),
						&kms.UpdateAliasInput{AliasName: aws.String("alias/moving"), TargetKeyId: key.KeyId}))(t)
				}
				before := describe(t, c, key.KeyId)
				err := call(t.Context(), key.KeyId)
				want, no := state.want[o.row]
				if !no {
					accepted(t, err)
					return
				}
				refused(t, err, want[0], *key.Arn+want[1])
				if after := describe(t, c, key.KeyId); after.KeyState != before.KeyState ||
					aws.ToString(after.Description) != aws.ToString(before.Description) {
					t.Errorf("the key changed from %s to %s", before.KeyState, after.KeyState)
				}
			})
		}
	}
}

func describe(t testing.TB, c *kms.Client, id *string) *types.KeyMetadata {
	t.Helper()
	return must(c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id}))(t).KeyMetadata
}

func TestDisableKey_TwiceAndEnabledAgain_IsDescribed(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	for range 2 {
		must(c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
		if m := describe(t, c, key.KeyId); m.Enabled || m.KeyState != "Disabled" {
			t.Errorf("after DisableKey: %s, Enabled %v", m.KeyState, m.Enabled)
		}
	}
	for range 2 {
		must(c.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyId}))(t)
		if m := describe(t, c, key.KeyId); !m.Enabled || m.KeyState != "Enabled" {
			t.Errorf("after EnableKey: %s, Enabled %v", m.KeyState, m.Enabled)
		}
	}
	must(c.UpdateKeyDescription(t.Context(),
		&kms.UpdateKeyDescriptionInput{KeyId: key.KeyId, Description: aws.String("new")}))(t)
	if d := *describe(t, c, key.KeyId).Description; d != "new" {
		t.Errorf("description %q", d)
	}
	must(c.UpdateKeyDescription(t.Context(),
		&kms.UpdateKeyDescriptionInput{KeyId: key.KeyId, Description: aws.String("")}))(t)
	if d := *describe(t, c, key.KeyId).Description; d != "" {
		t.Errorf("description %q", d)
	}
}

// TestScheduleKeyDeletion_WindowOver_LeavesNothing: a key can be taken back until the last moment, and after that nothing of it
// is left.
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

func about(a, b time.Time) bool { return a.Sub(b).Abs() < time.Minute }

// eventually polls until a promise without a deadline is kept; after half a minute it is broken.
func eventually(t testing.TB, what string, kept func() bool) {
	t.Helper()
	for range 600 {
		if kept() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("not yet, after half a minute: %s", what)
}

func TestAlias_CreatedMovedDeleted_NamesItsKey(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	one, two := createKey(t, c), createKey(t, c)
	create := func(name string, id *string) error {
		_, err := c.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &name, TargetKeyId: id})
		return err
	}
	accepted(t, create("alias/a/b-c_D9", one.KeyId))
	refused(t, create("alias/a/b-c_D9", one.KeyId), "AlreadyExistsException", "*")
	refused(t, create("alias/a/b-c_D9", two.KeyId), "AlreadyExistsException",
		"An alias with the name "+aliasARN("alias/a/b-c_D9")+" already exists")
	prefix := `Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`
	for _, x := range []struct{ name, code, message string }{
		{"app", "ValidationException", prefix},
		{"Alias/app", "ValidationException", prefix},
		{"alias/", "InvalidAliasNameException", "*"},
		{"alias/a:b", "InvalidAliasNameException", "*"},
		{"alias/aws/mine", "NotAuthorizedException", "*"},
		{"alias/ümlaut", "ValidationException",
			"1 validation error detected: Value 'alias/ümlaut' at 'aliasName' failed to satisfy " +
				"constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"},
		{"alias/" + strings.Repeat("a", 251), "ValidationException", "*"},
	} {
		t.Run(fmt.Sprintf("name %.20s", x.name), func(t *testing.T) {
			refused(t, create(x.name, one.KeyId), x.code, x.message)
			_, err := c.UpdateAlias(t.Context(),
				&kms.UpdateAliasInput{AliasName: &x.name, TargetKeyId: one.KeyId})
			refused(t, err, x.code, x.message)
			_, err = c.DeleteAlias(t.Context(), &kms.DeleteAliasInput{AliasName: &x.name})
			refused(t, err, x.code, x.message)
		})
	}
	accepted(t, create("alias/"+strings.Repeat("a", 250), one.KeyId))
	refused(t, create("alias/new", aws.String(noKey)), "NotFoundException", "Key '"+keyARN(noKey)+
		"' does not exist")

	blob := encrypt(t, c, aws.String("alias/a/b-c_D9"), "x", nil)
	must(c.UpdateAlias(t.Context(),
		&kms.UpdateAliasInput{AliasName: aws.String("alias/a/b-c_D9"), TargetKeyId: two.KeyId}))(t)
	if m := describe(t, c, aws.String("alias/a/b-c_D9")); *m.KeyId != *two.KeyId {
		t.Error("the alias did not move")
	}
	must(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob}))(t)
	_, err := c.Decrypt(t.Context(),
		&kms.DecryptInput{CiphertextBlob: blob, KeyId: aws.String("alias/a/b-c_D9")})
	refused(t, err, "IncorrectKeyException", "*")
	list := must(c.ListAliases(t.Context(), &kms.ListAliasesInput{KeyId: two.KeyId}))(t).Aliases
	if len(list) != 1 || *list[0].AliasName != "alias/a/b-c_D9" ||
		*list[0].AliasArn != aliasARN("alias/a/b-c_D9") || *list[0].TargetKeyId != *two.KeyId ||
		list[0].LastUpdatedDate.Before(*list[0].CreationDate) {
		t.Errorf("ListAliases answered %+v", list)
	}
	must(c.DeleteAlias(t.Context(), &kms.DeleteAliasInput{AliasName: aws.String("alias/a/b-c_D9")}))(t)
	for name, err := range map[string]error{
		"DeleteAlias": second(c.DeleteAlias(t.Context(),
			&kms.DeleteAliasInput{AliasName: aws.String("alias/a/b-c_D9")})),
		"UpdateAlias": second(c.UpdateAlias(t.Context(),
			&kms.UpdateAliasInput{AliasName: aws.String("alias/a/b-c_D9"), TargetKeyId: one.KeyId})),
		"DescribeKey": second(c.DescribeKey(t.Context(),
			&kms.DescribeKeyInput{KeyId: aws.String("alias/a/b-c_D9")})),
	} {
		t.Run(name+" of none", func(t *testing.T) {
			refused(t, err, "NotFoundException", "Alias "+aliasARN("alias/a/b-c_D9")+" is not found.")
		})
	}

	many := createKey(t, c)
	for i := range 50 {
		accepted(t, create(fmt.Sprintf("alias/many/%02d", i), many.KeyId))
	}
	refused(t, create("alias/many/50", many.KeyId), "LimitExceededException", "*")
	accepted(t, create("alias/many/50", one.KeyId))
	_, err = c.UpdateAlias(t.Context(),
		&kms.UpdateAliasInput{AliasName: aws.String("alias/many/50"), TargetKeyId: many.KeyId})
	refused(t, err, "LimitExceededException", "*")
}

// second returns the error of a call.
func second[T any](_ T, err error) error { return err }

func TestTagResource_TagsOfAKey_AreListed(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	put := func(some ...types.Tag) error {
		_, err := c.TagResource(t.Context(), &kms.TagResourceInput{KeyId: key.KeyId, Tags: some})
		return err
	}
	accepted(t, put(tag("b", "1"), tag("a", "2"), tag("A", "3")))
	accepted(t, put(tag("b", "4"), tag("c", "")))
	want := "A=3 a=2 b=4 c="
	if got := tagsOf(t, c, key.KeyId, nil); got != want {
		t.Errorf("tags are %q, want %q", got, want)
	}
	refused(t, put(tag("d", "1"), tag("d", "1")), "TagException", "Duplicate tag keys")
	refused(t, put(tag("aWs:d", "1")), "TagException", "*")
	refused(t, put(tag("", "1")), "ValidationException",
		"1 validation error detected: Value '' at 'tags.1.member.tagKey' failed to satisfy constraint: "+
			"Member must have length greater than or equal to 1")
	refused(t, put(tag(strings.Repeat("k", 129), "1")), "ValidationException", "*")
	refused(t, put(tag("k", strings.Repeat("v", 257))), "ValidationException", "*")
	refused(t, put(tags(47)...), "TagException", "Too many tags")
	if got := tagsOf(t, c, key.KeyId, nil); got != want {
		t.Errorf("after refusals tags are %q, want %q", got, want)
	}
	accepted(t, put(tags(46)...))
	must(c.UntagResource(t.Context(),
		&kms.UntagResourceInput{KeyId: key.KeyId, TagKeys: []string{"a", "c", "never there"}}))(t)
	if got := tagsOf(t, c, key.KeyId, aws.Int32(5)); !strings.HasPrefix(got, "A=3 b=4 tag00=0 tag01=1 ") || strings.Count(got, " ") != 47 {
		t.Errorf("tags are %q", got)
	}
}

func tagsOf(t testing.TB, c *kms.Client, id *string, limit *int32) string {
	t.Helper()
	var all []string
	for p := kms.NewListResourceTagsPaginator(c,
		&kms.ListResourceTagsInput{KeyId: id, Limit: limit}); p.HasMorePages(); {
		page := must(p.NextPage(t.Context()))(t)
		if limit != nil && len(page.Tags) > int(*limit) || page.Truncated != (page.NextMarker != nil) {
			t.Errorf("a page of %d tags, Truncated %v, NextMarker %v", len(page.Tags), page.Truncated,
				page.NextMarker)
		}
		for _, tag := range page.Tags {
			all = append(all, *tag.TagKey+"="+*tag.TagValue)
		}
	}
	return strings.Join(all, " ")
}

// TestList_EachPageSize_GivesAllOnce: page by page a listing gives everything exactly once, whatever the size of its
// pages, and a marker is good for nothing but the listing that it came from.
func TestList_EachPageSize_GivesAllOnce(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	if out := must(c.ListKeys(t.Context(), &kms.ListKeysInput{}))(t); out.Keys == nil ||
		len(out.Keys) != 0 || out.Truncated || out.NextMarker != nil {
		t.Errorf("no keys are listed as %+v", out)
	}
	var ids, names []string
	for i := range 12 {
		k := createKey(t, c)
		ids = append(ids, *k.KeyId)
		names = append(names, fmt.Sprintf("alias/l/%02d", i))
		createAlias(t, c, names[i], aws.String(ids[i/3]))
	}
	names = append(names, "alias/aws/secretsmanager") // which has no key yet
	slices.Sort(names)
	slices.Sort(ids)
	for _, limit := range []*int32{nil, aws.Int32(1), aws.Int32(5), aws.Int32(6), aws.Int32(11),
		aws.Int32(12), aws.Int32(13), aws.Int32(1000)} {
		var got []string
		for p := kms.NewListKeysPaginator(c, &kms.ListKeysInput{Limit: limit}); p.HasMorePages(); {
			page := must(p.NextPage(t.Context()))(t)
			if limit != nil && len(page.Keys) > int(*limit) || page.Truncated != (page.NextMarker != nil) {
				t.Errorf("limit %d: a page of %d keys, Truncated %v", *limit, len(page.Keys), page.Truncated)
			}
			for _, k := range page.Keys {
				got = append(got, *k.KeyId)
				if *k.KeyArn != keyARN(*k.KeyId) {
					t.Errorf("KeyArn %s of %s", *k.KeyArn, *k.KeyId)
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, ids) {
			t.Errorf("limit %d: keys %v, want %v", aws.ToInt32(limit), got, ids)
		}
		got = nil
		for p := kms.NewListAliasesPaginator(c, &kms.ListAliasesInput{Limit: limit}); p.HasMorePages(); {
			for _, a := range must(p.NextPage(t.Context()))(t).Aliases {
				got = append(got, *a.AliasName)
			}
		}
		if !slices.Equal(got, names) {
			t.Errorf("limit %d: aliases %v, want %v", aws.ToInt32(limit), got, names)
		}
	}

	keysMarker := must(c.ListKeys(t.Context(), &kms.ListKeysInput{Limit: aws.Int32(1)}))(t).NextMarker
	aliasMarker := must(c.ListAliases(t.Context(),
		&kms.ListAliasesInput{Limit: aws.Int32(1)}))(t).NextMarker
	abroad := s.KMS(servicetest.WithRegion(servicetest.Abroad))
	for name, err := range map[string]error{
		"of another operation": second(c.ListAliases(t.Context(),
			&kms.ListAliasesInput{Marker: keysMarker})),
		"of another filter": second(c.ListAliases(t.Context(),
			&kms.ListAliasesInput{Marker: aliasMarker, KeyId: &ids[0]})),
		"of another Region": second(abroad.ListKeys(t.Context(),
			&kms.ListKeysInput{Marker: keysMarker})),
		"made up": second(c.ListKeys(t.Context(),
			&kms.ListKeysInput{Marker: aws.String("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")})),
		"altered": second(c.ListKeys(t.Context(),
			&kms.ListKeysInput{Marker: aws.String((*keysMarker)[:len(*keysMarker)-4] + "AAAA")})),
		"of tags": second(c.ListResourceTags(t.Context(),
			&kms.ListResourceTagsInput{KeyId: &ids[0], Marker: keysMarker})),
	} {
		t.Run("a marker "+name, func(t *testing.T) { refused(t, err, "InvalidMarkerException", "*") })
	}
	for _, limit := range []int32{0, -1, 1001} {
		_, err := c.ListKeys(t.Context(), &kms.ListKeysInput{Limit: aws.Int32(limit)})
		refused(t, err, "ValidationException", "*")
	}
}

// TestListAliases_AliasOfAService_IsThereBeforeItsKey: a service's alias is listed before it has a key, since clients look for it
// there (Terraform's aws_kms_alias does) and then ask DescribeKey, which makes the key.
func TestListAliases_AliasOfAService_IsThereBeforeItsKey(t *testing.T) {
	s := servicetest.Start(t)
	c, name := s.KMS(), aws.String("alias/aws/secretsmanager")
	createAlias(t, c, "alias/zebra", createKey(t, c).KeyId)
	listed := func() types.AliasListEntry {
		t.Helper()
		list := must(c.ListAliases(t.Context(), &kms.ListAliasesInput{}))(t).Aliases
		if len(list) != 2 || *list[0].AliasName != *name || *list[0].AliasArn != aliasARN(*name) {
			t.Fatalf("listed %+v", list)
		}
		return list[0]
	}
	if a := listed(); a.TargetKeyId != nil || a.CreationDate != nil || a.LastUpdatedDate != nil {
		t.Errorf("before there is a key: %+v", a)
	}
	id := describe(t, c, name).KeyId
	if a := listed(); a.TargetKeyId == nil || *a.TargetKeyId != *id || a.CreationDate == nil ||
		a.LastUpdatedDate == nil {
		t.Errorf("once there is a key: %+v", a)
	}
	if list := must(c.ListAliases(t.Context(), &kms.ListAliasesInput{KeyId: id}))(t).Aliases; len(list) != 1 {
		t.Errorf("of the key: %+v", list)
	}
}

// TestKey_OtherRegion_IsNotThere: a key lives in the Region that it was made in and nowhere else.
func TestKey_OtherRegion_IsNotThere(t *testing.T) {
	s := servicetest.Start(t)
	here, abroad := s.KMS(), s.KMS(servicetest.WithRegion(servicetest.Abroad))
	key := createKey(t, here)
	createAlias(t, here, "alias/same", key.KeyId)
	if k := keys(t, abroad); len(k) != 0 {
		t.Errorf("keys abroad: %v", k)
	}
	_, err := abroad.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key.KeyId})
	refused(t, err, "NotFoundException", "*")
	other := createKey(t, abroad)
	createAlias(t, abroad, "alias/same", other.KeyId)
	if *describe(t, abroad, aws.String("alias/same")).KeyId == *describe(t, here,
		aws.String("alias/same")).KeyId {
		t.Error("one alias in two Regions is one key")
	}
	_, err = s.KMS(servicetest.WithRegion("ap-south-1")).ListKeys(t.Context(), &kms.ListKeysInput{})
	refused(t, err, "InvalidSignatureException", "*")
}

// TestDryRun_PermittedOrNot_SaysSo: DryRun answers what would have happened, and does nothing.
func TestDryRun_PermittedOrNot_SaysSo(t *testing.T) {
	s := servicetest.Start(t)
	key := createKey(t, s.KMS())
	blob := encrypt(t, s.KMS(), key.KeyId, "x", nil)
	dry := aws.Bool(true)
	ignore := []types.DryRunModifierType{types.DryRunModifierTypeIgnoreCiphertext}
	calls := func(c *kms.Client, ctx context.Context) map[string]error {
		return map[string]error{
			"Encrypt": second(c.Encrypt(ctx,
				&kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"), DryRun: dry})),
			"Decrypt": second(c.Decrypt(ctx,
				&kms.DecryptInput{CiphertextBlob: blob, DryRun: dry})),
			"Decrypt without a ciphertext": second(c.Decrypt(ctx,
				&kms.DecryptInput{KeyId: key.KeyId, DryRun: dry, DryRunModifiers: ignore})),
			"ReEncrypt": second(c.ReEncrypt(ctx,
				&kms.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: key.KeyId, DryRun: dry})),
			"ReEncrypt without a ciphertext": second(c.ReEncrypt(ctx,
				&kms.ReEncryptInput{SourceKeyId: key.KeyId, DestinationKeyId: key.KeyId, DryRun: dry,
					DryRunModifiers: ignore})),
			"GenerateDataKey": second(c.GenerateDataKey(ctx,
				&kms.GenerateDataKeyInput{KeyId: key.KeyId, KeySpec: "AES_256", DryRun: dry})),
			"GenerateDataKeyWithoutPlaintext": second(c.GenerateDataKeyWithoutPlaintext(ctx,
				&kms.GenerateDataKeyWithoutPlaintextInput{KeyId: key.KeyId, KeySpec: "AES_256", DryRun: dry})),
		}
	}
	for name, err := range calls(s.KMS(), t.Context()) {
		t.Run(name, func(t *testing.T) {
			refused(t, err, "DryRunOperationException",
				"The request would have succeeded, but the DryRun option is set.")
		})
	}
	for name, err := range calls(s.KMS(s.AsNobody()), t.Context()) {
		t.Run(name+" by nobody", func(t *testing.T) { refused(t, err, "AccessDeniedException", "*") })
	}
	must(s.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	for name, err := range calls(s.KMS(), t.Context()) {
		t.Run(name+" with a disabled key",
			func(t *testing.T) { refused(t, err, "DisabledException", "*") })
	}
	_, err := s.KMS().Decrypt(t.Context(), &kms.DecryptInput{DryRun: dry, DryRunModifiers: ignore})
	refused(t, err, "ValidationException", "*")
}

// TestKey_ConcurrentChanges_UndoNoneOfAnother: of changes to one key at the same time each is there or was refused, and
// none undoes another.
func TestKey_ConcurrentChanges_UndoNoneOfAnother(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	for i := range 40 {
		wg.Go(func() {
			name := fmt.Sprintf("tag%02d", i)
			for {
				_, err := c.TagResource(t.Context(),
					&kms.TagResourceInput{KeyId: key.KeyId, Tags: []types.Tag{tag(name, "x")}})
				if err == nil {
					break
				}
				var conflict smithy.APIError
				if !errors.As(err, &conflict) || conflict.ErrorCode() != "ThrottlingException" {
					t.Error(err)
					return
				}
			}
			mu.Lock()
			defer mu.Unlock()
			acknowledged[name+"=x"] = true
		})
	}
	wg.Wait()
	for _, found := range strings.Fields(tagsOf(t, c, key.KeyId, nil)) {
		delete(acknowledged, found)
	}
	if len(acknowledged) > 0 {
		t.Errorf("acknowledged and lost: %v", acknowledged)
	}
}
