package servicetest_test

import (
	"context"
	"fmt"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestKeyState_SDKCalls_AreAnsweredInAWSsWords walks the rows of the key-state matrix about
// symmetric keys as a client sees them: what a refusal says word by word, and that it leaves the
// key as it was. That every operation has its row, and every cell its answer, is shown where the
// operations are.
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
		}, map[string][2]string{"cancel": {"KMSInvalidStateException", " is not pending deletion."},
			"use": {"DisabledException", " is disabled."}}},
		{"PendingDeletion", func(ctx context.Context, id *string) error {
			_, err := c.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: id})
			return err
		}, map[string][2]string{"use": {"KMSInvalidStateException", " is pending deletion."},
			"manage": {"KMSInvalidStateException", " is pending deletion."}}},
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

// keyOperation is an operation of the key-state matrix of the KMS developer guide.
type keyOperation struct {
	name string
	row  string // of the matrix: use, always, manage or cancel
	call func(ctx context.Context, id *string) error
}

// keyOperations are the operations that the matrix speaks of. A call leaves the key as it found it
// where that is possible; the others are last.
func keyOperations(c *kms.Client, other *string, blob []byte) []keyOperation {
	alias := 0
	return []keyOperation{
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
			_, err := c.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: name, TargetKeyId: id})
			if err != nil {
				return err
			}
			_, err = c.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: name})
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
