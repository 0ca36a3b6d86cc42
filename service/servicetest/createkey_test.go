//lint:file-ignore SA1019 clients still send and read CustomerMasterKeySpec, so it has to work

package servicetest_test

import (
	"fmt"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func TestCreateKey_DefaultsAndLimits_IsMadeOrRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	out := must(c.CreateKey(t.Context(), &kms.CreateKeyInput{Description: aws.String("Prüfschlüssel"),
		Tags: []types.Tag{tag("team", "keys"), tag("empty", "")}}))(t).KeyMetadata
	want := types.KeyMetadata{
		AWSAccountId: aws.String(servicetest.Account), KeyId: out.KeyId,
		Arn: aws.String(keyARN(*out.KeyId)), CreationDate: out.CreationDate,
		CurrentKeyMaterialId: out.CurrentKeyMaterialId, CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
		Description: aws.String("Prüfschlüssel"), Enabled: true,
		EncryptionAlgorithms: []types.EncryptionAlgorithmSpec{"SYMMETRIC_DEFAULT"},
		KeyManager:           "CUSTOMER", KeySpec: "SYMMETRIC_DEFAULT", KeyState: "Enabled",
		KeyUsage: "ENCRYPT_DECRYPT", MultiRegion: aws.Bool(false), Origin: "AWS_KMS",
	}
	if got, want := fmt.Sprintf("%+v", deref(out)), fmt.Sprintf("%+v", deref(&want)); got != want {
		t.Errorf("CreateKey answered\n%s\nwant\n%s", got, want)
	}
	if d := s.Clock.Now().Sub(*out.CreationDate); d < 0 || d.Hours() > 1 {
		t.Errorf("the key was made %v ago", d)
	}
	if len(*out.CurrentKeyMaterialId) != 64 {
		t.Errorf("material id %q", *out.CurrentKeyMaterialId)
	}
	described := must(c.DescribeKey(t.Context(),
		&kms.DescribeKeyInput{KeyId: out.KeyId}))(t).KeyMetadata
	if got, want := fmt.Sprintf("%+v", deref(described)), fmt.Sprintf("%+v", deref(out)); got != want {
		t.Errorf("DescribeKey answered\n%s\nwant\n%s", got, want)
	}

	t.Run("refused", func(t *testing.T) {
		for _, x := range []struct {
			name          string
			in            kms.CreateKeyInput
			code, message string
		}{
			{"spec without usage", kms.CreateKeyInput{KeySpec: "RSA_2048"}, "ValidationException",
				"You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."},
			{"usage that does not fit", kms.CreateKeyInput{KeyUsage: "SIGN_VERIFY"}, "ValidationException",
				"KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"},
			{"two specs", kms.CreateKeyInput{KeySpec: "SYMMETRIC_DEFAULT",
				CustomerMasterKeySpec: "RSA_2048"}, "ValidationException", "*"},
			{"no custom key store",
				kms.CreateKeyInput{Origin: "AWS_CLOUDHSM",
					CustomKeyStoreId: aws.String("cks-1234567890abcdef0")},
				"CustomKeyStoreNotFoundException", "*"},
			{"multi-Region in a custom key store",
				kms.CreateKeyInput{MultiRegion: aws.Bool(true),
					CustomKeyStoreId: aws.String("cks-1234567890abcdef0")}, "UnsupportedOperationException", "*"},
			{"in an external key store", kms.CreateKeyInput{Origin: "EXTERNAL_KEY_STORE"},
				"UnsupportedOperationException", "*"},
			{"policy that is no JSON", kms.CreateKeyInput{Policy: aws.String("{")},
				"MalformedPolicyDocumentException", "*"},
			{"policy that is no object", kms.CreateKeyInput{Policy: aws.String("[]")},
				"MalformedPolicyDocumentException", "*"},
			{"long description", kms.CreateKeyInput{Description: aws.String(strings.Repeat("ü", 8193))},
				"ValidationException", "*"},
			{"twin tags", kms.CreateKeyInput{Tags: []types.Tag{tag("a", ""), tag("a", "")}}, "TagException",
				"Duplicate tag keys"},
			{"reserved tag", kms.CreateKeyInput{Tags: []types.Tag{tag("AWS:x", "")}}, "TagException", "*"},
			{"51 tags", kms.CreateKeyInput{Tags: tags(51)}, "TagException", "Too many tags"},
		} {
			before := keys(t, c)
			_, err := c.CreateKey(t.Context(), &x.in)
			t.Run(x.name, func(t *testing.T) { refused(t, err, x.code, x.message) })
			if len(keys(t, c)) != len(before) {
				t.Errorf("%s: a key was made all the same", x.name)
			}
		}
	})
	t.Run("at the limits", func(t *testing.T) {
		_, err := c.CreateKey(t.Context(),
			&kms.CreateKeyInput{Description: aws.String(strings.Repeat("ü", 8192)), Tags: tags(50),
				CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
				KeyUsage:              "ENCRYPT_DECRYPT", Origin: "AWS_KMS", MultiRegion: aws.Bool(false),
				Policy: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`)})
		accepted(t, err)
	})
}
