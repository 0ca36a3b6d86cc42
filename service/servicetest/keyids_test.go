package servicetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// keyIDOperation is an operation that takes a KeyId.
type keyIDOperation struct {
	name    string
	aliases bool // it takes the name and the ARN of an alias, too
	call    func(ctx context.Context, id *string) error
}

// keyIDOperations are to be called with the key's names. Each leaves it as it found it.
func keyIDOperations(c *kms.Client, key *types.KeyMetadata, blob []byte) []keyIDOperation {
	n := 0
	fresh := func() *string { n++; return aws.String(fmt.Sprint("alias/fresh", n)) }
	return []keyIDOperation{
		{"DescribeKey", true, func(ctx context.Context, id *string) error {
			out, err := c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: id})
			if err == nil && *out.KeyMetadata.KeyId != *key.KeyId {
				err = errors.New("another key was described")
			}
			return err
		}},
		{"Encrypt", true, func(ctx context.Context, id *string) error {
			out, err := c.Encrypt(ctx, &kms.EncryptInput{KeyId: id, Plaintext: []byte("x")})
			return named(key, err, func() *string { return out.KeyId })
		}},
		{"Decrypt", true, func(ctx context.Context, id *string) error {
			out, err := c.Decrypt(ctx, &kms.DecryptInput{KeyId: id, CiphertextBlob: blob})
			return named(key, err, func() *string { return out.KeyId })
		}},
		{"ReEncrypt destination", true, func(ctx context.Context, id *string) error {
			out, err := c.ReEncrypt(ctx, &kms.ReEncryptInput{DestinationKeyId: id, CiphertextBlob: blob})
			return named(key, err, func() *string { return out.KeyId })
		}},
		{"ReEncrypt source", true, func(ctx context.Context, id *string) error {
			out, err := c.ReEncrypt(ctx,
				&kms.ReEncryptInput{SourceKeyId: id, DestinationKeyId: key.KeyId, CiphertextBlob: blob})
			return named(key, err, func() *string { return out.SourceKeyId })
		}},
		{"GenerateDataKey", true, func(ctx context.Context, id *string) error {
			out, err := c.GenerateDataKey(ctx,
				&kms.GenerateDataKeyInput{KeyId: id, KeySpec: types.DataKeySpecAes256})
			return named(key, err, func() *string { return out.KeyId })
		}},
		{"GenerateDataKeyWithoutPlaintext", true, func(ctx context.Context, id *string) error {
			out, err := c.GenerateDataKeyWithoutPlaintext(ctx,
				&kms.GenerateDataKeyWithoutPlaintextInput{KeyId: id, KeySpec: types.DataKeySpecAes128})
			return named(key, err, func() *string { return out.KeyId })
		}},
		{"EnableKey", false, func(ctx context.Context, id *string) error {
			_, err := c.EnableKey(ctx, &kms.EnableKeyInput{KeyId: id})
			return err
		}},
		{"DisableKey", false, func(ctx context.Context, id *string) error {
			if _, err := c.DisableKey(ctx, &kms.DisableKeyInput{KeyId: id}); err != nil {
				return err
			}
			_, err := c.EnableKey(ctx, &kms.EnableKeyInput{KeyId: key.KeyId})
			return err
		}},
		{"UpdateKeyDescription", false, func(ctx context.Context, id *string) error {
			_, err := c.UpdateKeyDescription(ctx,
				&kms.UpdateKeyDescriptionInput{KeyId: id, Description: aws.String("")})
			return err
		}},
		{"TagResource", false, func(ctx context.Context, id *string) error {
			_, err := c.TagResource(ctx, &kms.TagResourceInput{KeyId: id, Tags: []types.Tag{tag("a", "b")}})
			return err
		}},
		{"UntagResource", false, func(ctx context.Context, id *string) error {
			_, err := c.UntagResource(ctx, &kms.UntagResourceInput{KeyId: id, TagKeys: []string{"a"}})
			return err
		}},
		{"ListResourceTags", false, func(ctx context.Context, id *string) error {
			_, err := c.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: id})
			return err
		}},
		{"ListAliases", false, func(ctx context.Context, id *string) error {
			_, err := c.ListAliases(ctx, &kms.ListAliasesInput{KeyId: id})
			return err
		}},
		{"CreateAlias", false, func(ctx context.Context, id *string) error {
			_, err := c.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: fresh(), TargetKeyId: id})
			return err
		}},
		{"UpdateAlias", false, func(ctx context.Context, id *string) error {
			_, err := c.UpdateAlias(ctx,
				&kms.UpdateAliasInput{AliasName: aws.String("alias/app/one"), TargetKeyId: id})
			return err
		}},
		{"ScheduleKeyDeletion", false, func(ctx context.Context, id *string) error {
			out, err := c.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: id})
			if err != nil {
				return err
			}
			_, err = c.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: key.KeyId})
			if err != nil {
				return err
			}
			_, err = c.EnableKey(ctx, &kms.EnableKeyInput{KeyId: key.KeyId})
			return named(key, err, func() *string { return out.KeyId })
		}},
		{"CancelKeyDeletion", false, func(ctx context.Context, id *string) error {
			_, err := c.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId})
			if err != nil {
				return err
			}
			out, err := c.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: id})
			if err != nil {
				_, undo := c.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: key.KeyId})
				if undo != nil {
					return undo
				}
			}
			if _, undo := c.EnableKey(ctx, &kms.EnableKeyInput{KeyId: key.KeyId}); undo != nil {
				return undo
			}
			return named(key, err, func() *string { return out.KeyId })
		}},
	}
}

// keyIDForm is a way to write a KeyId, and the answer. The code is empty where
// every operation takes the form, "alias" where only those do that take aliases,
// and "no alias" for an alias that isn't there.
type keyIDForm struct{ id, code, message string }

func keyIDForms(key *types.KeyMetadata) []keyIDForm {
	bare := strings.ReplaceAll(*key.KeyId, "-", "")
	abroad := strings.Replace(*key.Arn, servicetest.Region, servicetest.Abroad, 1)
	foreign := strings.Replace(*key.Arn, servicetest.Account, "999988887777", 1)
	return []keyIDForm{
		{*key.KeyId, "", ""},
		{*key.Arn, "", ""},
		{"alias/app/one", "alias", ""},
		{aliasARN("alias/app/one"), "alias", ""},
		{noKey, "NotFoundException", "Key '" + keyARN(noKey) + "' does not exist"},
		{keyARN(noKey), "NotFoundException", "Key '" + keyARN(noKey) + "' does not exist"},
		{"alias/app/two", "no alias", "Alias " + aliasARN("alias/app/two") + " is not found."},
		{aliasARN("alias/app/two"), "no alias", "Alias " + aliasARN("alias/app/two") + " is not found."},
		{bare, "NotFoundException", "Invalid keyId '" + bare + "'"},
		{strings.ToUpper(*key.KeyId), "NotFoundException", "Invalid keyId '" +
			strings.ToUpper(*key.KeyId) + "'"},
		{"app/one", "NotFoundException", "Invalid keyId 'app/one'"},
		{abroad, "NotFoundException", "Invalid arn " + servicetest.Abroad},
		{foreign, "AccessDeniedException", "*"},
	}
}

// TestKeyID_EachForm_IsTakenOrRefused: cryptographic operations and DescribeKey take all four forms
// of KeyId, all others take id and ARN only, and each wrong form has AWS's own answer.
func TestKeyID_EachForm_IsTakenOrRefused(t *testing.T) {
	c := servicetest.Start(t).KMS()
	key := createKey(t, c)
	createAlias(t, c, "alias/app/one", key.KeyId)
	blob := encrypt(t, c, key.KeyId, "x", nil)
	for _, o := range keyIDOperations(c, key, blob) {
		t.Run(o.name, func(t *testing.T) {
			for _, f := range keyIDForms(key) {
				err := o.call(t.Context(), aws.String(f.id))
				switch {
				case f.code == "" || f.code == "alias" && o.aliases:
					if err != nil {
						t.Errorf("%s: %v", f.id, err)
					}
				case f.code == "no alias" && o.aliases:
					refused(t, err, "NotFoundException", f.message)
				case (f.code == "alias" || f.code == "no alias") && strings.HasSuffix(o.name, "Alias"):
					refused(t, err, "ValidationException", "Aliases must refer to keys. Not aliases")
				case f.code == "alias" || f.code == "no alias":
					refused(t, err, "InvalidArnException",
						"Key Aliases are not supported for this operation.")
				default:
					refused(t, err, f.code, f.message)
				}
			}
		})
	}
}

// named checks that an answer names the key by its ARN.
func named(key *types.KeyMetadata, err error, id func() *string) error {
	if err == nil && aws.ToString(id()) != *key.Arn {
		err = fmt.Errorf("the answer's KeyId is %s, not the key's ARN", aws.ToString(id()))
	}
	return err
}
