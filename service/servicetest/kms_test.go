//lint:file-ignore SA1019 clients still send and read CustomerMasterKeySpec, so it has to work

package servicetest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

// refused checks that err is the API error with this name, and with this text unless it is "*".
func refused(t testing.TB, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	switch {
	case err == nil:
		t.Errorf("accepted; want %s", code)
	case !errors.As(err, &e):
		t.Errorf("%v is no API error; want %s", err, code)
	case e.ErrorCode() != code || message != "*" && e.ErrorMessage() != message:
		t.Errorf("got  %s: %q\nwant %s: %q", e.ErrorCode(), e.ErrorMessage(), code, message)
	}
}

// accepted fails the test at once if err is one.
func accepted(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must returns v, or ends the test.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		accepted(t, err)
		return v
	}
}

func createKey(t testing.TB, c *kms.Client) *types.KeyMetadata {
	t.Helper()
	return must(c.CreateKey(t.Context(), &kms.CreateKeyInput{}))(t).KeyMetadata
}

func createAlias(t testing.TB, c *kms.Client, name string, keyID *string) {
	t.Helper()
	must(c.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &name, TargetKeyId: keyID}))(t)
}

func encrypt(t testing.TB, c *kms.Client, keyID *string, text string,
	context map[string]string) []byte {
	t.Helper()
	return must(c.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: keyID, Plaintext: []byte(text),
			EncryptionContext: context}))(t).CiphertextBlob
}

func keyARN(id string) string {
	return "arn:aws:kms:" + servicetest.Region + ":" + servicetest.Account + ":key/" + id
}

func aliasARN(name string) string {
	return "arn:aws:kms:" + servicetest.Region + ":" + servicetest.Account + ":" + name
}

// noKey is the id of a key that was never made.
const noKey = "0badc0de-0bad-4bad-8bad-0badc0de0bad"

// TestKeyID_EachForm_IsTakenOrRefused: cryptographic operations and DescribeKey take all four forms of KeyId, all
// others take id and ARN only, and each wrong form has AWS's own answer.
func TestKeyID_EachForm_IsTakenOrRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	createAlias(t, c, "alias/app/one", key.KeyId)
	blob := encrypt(t, c, key.KeyId, "x", nil)
	n := 0
	fresh := func() *string { n++; return aws.String(fmt.Sprint("alias/fresh", n)) }

	operations := []struct {
		name    string
		aliases bool
		call    func(ctx context.Context, id *string) error
	}{
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
			_, err := c.DisableKey(ctx, &kms.DisableKeyInput{KeyId: id})
			if err == nil {
				_, err = c.EnableKey(ctx, &kms.EnableKeyInput{KeyId: key.KeyId})
			}
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
			if err == nil {
				_, err = c.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: key.KeyId})
			}
			if err == nil {
				_, err = c.EnableKey(ctx, &kms.EnableKeyInput{KeyId: key.KeyId})
			}
			return named(key, err, func() *string { return out.KeyId })
		}},
		{"CancelKeyDeletion", false, func(ctx context.Context, id *string) error {
			_, err := c.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId})
			if err != nil {
				return err
			}
			out, err := c.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: id})
			if err != nil {
				if _, undo := c.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: key.KeyId}); undo != nil {
					return undo
				}
			}
			if _, undo := c.EnableKey(ctx, &kms.EnableKeyInput{KeyId: key.KeyId}); undo != nil {
				return undo
			}
			return named(key, err, func() *string { return out.KeyId })
		}},
	}
	bare := strings.ReplaceAll(*key.KeyId, "-", "")
	abroad := strings.Replace(*key.Arn, servicetest.Region, servicetest.Abroad, 1)
	foreign := strings.Replace(*key.Arn, servicetest.Account, "999988887777", 1)
	forms := []struct{ id, code, message string }{
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
	for _, o := range operations {
		t.Run(o.name, func(t *testing.T) {
			for _, f := range forms {
				err := o.call(t.Context(), aws.String(f.id))
				switch {
				case f.code == "" || f.code == "alias" && o.aliases:
					if err != nil {
						t.Errorf("%s: %v", f.id, err)
					}
				case f.code == "no alias" && o.aliases:
					refused(t, err, "NotFoundException", f.message)
				case f.code == "alias" || f.code == "no alias":
					refused(t, err, "NotFoundException", "Invalid keyId '"+f.id+"'")
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

func tag(key, value string) types.Tag { return types.Tag{TagKey: &key, TagValue: &value} }

func TestCreateKey_DefaultsAndLimits_IsMadeOrRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	out := must(c.CreateKey(t.Context(), &kms.CreateKeyInput{Description: aws.String("Prüfschlüssel"),
		Tags: []types.Tag{tag("team", "keys"), tag("empty", "")}}))(t).KeyMetadata
	want := types.KeyMetadata{AWSAccountId: aws.String(servicetest.Account), KeyId: out.KeyId,
		Arn:          aws.String(keyARN(*out.KeyId)),
		CreationDate: out.CreationDate, CurrentKeyMaterialId: out.CurrentKeyMaterialId, CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
		Description: aws.String(
			"Prüfschlüssel"), Enabled: true,
		EncryptionAlgorithms: []types.EncryptionAlgorithmSpec{"SYMMETRIC_DEFAULT"},
		KeyManager:           "CUSTOMER", KeySpec: "SYMMETRIC_DEFAULT", KeyState: "Enabled", KeyUsage: "ENCRYPT_DECRYPT", MultiRegion: aws.Bool(false), Origin: "AWS_KMS"}
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
					CustomKeyStoreId: aws.String(
						"cks-1234567890abcdef0")}, "CustomKeyStoreNotFoundException", "*"},
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
				KeySpec:               "SYMMETRIC_DEFAULT",
				CustomerMasterKeySpec: "SYMMETRIC_DEFAULT", KeyUsage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", MultiRegion: aws.Bool(false), Policy: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`)})
		accepted(t, err)
	})
}

func tags(n int) (out []types.Tag) {
	for i := range n {
		out = append(out, tag(fmt.Sprintf("tag%02d", i), fmt.Sprint(i)))
	}
	return out
}

// deref makes metadata printable.
func deref(m *types.KeyMetadata) map[string]any {
	return map[string]any{"account": *m.AWSAccountId, "id": *m.KeyId, "arn": *m.Arn,
		"created": m.CreationDate.UTC(), "material": aws.ToString(m.CurrentKeyMaterialId),
		"spec": m.KeySpec, "old spec": m.CustomerMasterKeySpec, "description": aws.ToString(
			m.Description), "enabled": m.Enabled, "state": m.KeyState,
		"algorithms": fmt.Sprint(m.EncryptionAlgorithms, m.SigningAlgorithms, m.MacAlgorithms,
			m.KeyAgreementAlgorithms), "manager": m.KeyManager,
		"usage": m.KeyUsage, "multi": aws.ToBool(
			m.MultiRegion), "origin": m.Origin, "deletion": m.DeletionDate,
		"others": fmt.Sprint(m.CloudHsmClusterId, m.CustomKeyStoreId,
			m.ExpirationModel, m.MultiRegionConfiguration, m.PendingDeletionWindowInDays, m.ValidTo,
			m.XksKeyConfiguration)}
}

// keys returns the ids of all keys.
func keys(t testing.TB, c *kms.Client) (ids []string) {
	t.Helper()
	for p := kms.NewListKeysPaginator(c, &kms.ListKeysInput{}); p.HasMorePages(); {
		for _, k := range must(p.NextPage(t.Context()))(t).Keys {
			ids = append(ids, *k.KeyId)
		}
	}
	return ids
}

func TestDecrypt_EncryptedPlaintext_ComesBack(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key, other := createKey(t, c), createKey(t, c)
	for _, size := range []int{1, 15, 16, 17, 4095, 4096} {
		plain := bytes.Repeat([]byte{0xA5}, size)
		e := must(c.Encrypt(t.Context(),
			&kms.EncryptInput{KeyId: key.KeyId, Plaintext: plain,
				EncryptionAlgorithm: "SYMMETRIC_DEFAULT"}))(t)
		if *e.KeyId != *key.Arn || e.EncryptionAlgorithm != "SYMMETRIC_DEFAULT" ||
			len(e.CiphertextBlob) > 6144 {
			t.Errorf("%d bytes: Encrypt answered %s, %s and %d bytes", size, *e.KeyId, e.EncryptionAlgorithm,
				len(e.CiphertextBlob))
		}
		for _, id := range []*string{nil, key.KeyId, key.Arn} {
			d := must(c.Decrypt(t.Context(),
				&kms.DecryptInput{KeyId: id, CiphertextBlob: e.CiphertextBlob}))(t)
			if !bytes.Equal(d.Plaintext, plain) || *d.KeyId != *key.Arn ||
				d.EncryptionAlgorithm != "SYMMETRIC_DEFAULT" || *d.KeyMaterialId != *key.CurrentKeyMaterialId {
				t.Errorf("%d bytes, KeyId %s: Decrypt answered another plaintext, key or material", size,
					aws.ToString(id))
			}
		}
	}
	blob := encrypt(t, c, key.KeyId, "hello", nil)
	if bytes.Equal(blob, encrypt(t, c, key.KeyId, "hello", nil)) {
		t.Error("the same plaintext has the same ciphertext twice")
	}
	for _, x := range []struct {
		name          string
		in            kms.DecryptInput
		code, message string
	}{
		{"another key", kms.DecryptInput{CiphertextBlob: blob, KeyId: other.KeyId},
			"IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform " +
				"this operation."},
		{"an algorithm that does not fit",
			kms.DecryptInput{CiphertextBlob: blob, KeyId: key.KeyId,
				EncryptionAlgorithm: "RSAES_OAEP_SHA_256"}, "InvalidKeyUsageException", "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT."},
		{"a context that was not there",
			kms.DecryptInput{CiphertextBlob: blob,
				EncryptionContext: map[string]string{"a": "b"}}, "InvalidCiphertextException", ""},
		{"no ciphertext", kms.DecryptInput{}, "ValidationException",
			"1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: " +
				"Member must not be null"},
		{"modifiers without a dry run",
			kms.DecryptInput{CiphertextBlob: blob,
				DryRunModifiers: []types.DryRunModifierType{"IGNORE_CIPHERTEXT"}}, "ValidationException", "*"},
		{"an enclave", kms.DecryptInput{CiphertextBlob: blob,
			Recipient: &types.RecipientInfo{AttestationDocument: []byte(
				"x")}}, "UnsupportedOperationException", "*"},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, err := c.Decrypt(t.Context(), &x.in)
			refused(t, err, x.code, x.message)
		})
	}
	t.Run("a ciphertext of another Region", func(t *testing.T) {
		_, err := s.KMS(servicetest.WithRegion(servicetest.Abroad)).Decrypt(t.Context(),
			&kms.DecryptInput{CiphertextBlob: blob})
		refused(t, err, "AccessDeniedException",
			"The ciphertext refers to a customer master key that does not exist, does not exist in this "+
				"region, or you are not allowed to access.")
	})
	t.Run("too long", func(t *testing.T) {
		_, err := c.Encrypt(t.Context(),
			&kms.EncryptInput{KeyId: key.KeyId, Plaintext: make([]byte, 4097)})
		refused(t, err, "ValidationException",
			"1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must "+
				"have length less than or equal to 4096")
	})
	t.Run("empty", func(t *testing.T) {
		_, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte{}})
		refused(t, err, "ValidationException",
			"1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must "+
				"have length greater than or equal to 1")
	})
}

// TestEncryptionContext_OtherPairs_OpenNothing: a ciphertext opens with exactly the pairs it was made with, in any order.
func TestEncryptionContext_OtherPairs_OpenNothing(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	made := map[string]string{"purpose": "test", "Größe": "ø", "empty": "", "a": "b"}
	blob := encrypt(t, c, key.KeyId, "x", made)
	with := func(change func(map[string]string)) map[string]string {
		m := maps.Clone(made)
		change(m)
		return m
	}
	for name, context := range map[string]map[string]string{
		"none":              nil,
		"a pair too few":    with(func(m map[string]string) { delete(m, "a") }),
		"the empty one off": with(func(m map[string]string) { delete(m, "empty") }),
		"a pair too many":   with(func(m map[string]string) { m["c"] = "d" }),
		"another value":     with(func(m map[string]string) { m["a"] = "B" }),
		"another case":      with(func(m map[string]string) { delete(m, "a"); m["A"] = "b" }),
		"moved over":        with(func(m map[string]string) { delete(m, "a"); m["ab"] = "" }),
		"swapped":           with(func(m map[string]string) { delete(m, "a"); m["b"] = "a" }),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Decrypt(t.Context(),
				&kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: context})
			refused(t, err, "InvalidCiphertextException", "")
			_, err = c.ReEncrypt(t.Context(),
				&kms.ReEncryptInput{CiphertextBlob: blob, SourceEncryptionContext: context,
					DestinationKeyId: key.KeyId})
			refused(t, err, "InvalidCiphertextException", "")
		})
	}
	for range 8 { // a map is written in another order each time
		must(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: made}))(t)
	}
	empty := encrypt(t, c, key.KeyId, "x", map[string]string{})
	must(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: empty}))(t)

	long := map[string]string{"k": strings.Repeat("v", 8191)}
	encrypt(t, c, key.KeyId, "x", long)
	long["k"] += "v"
	_, err := c.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"), EncryptionContext: long})
	refused(t, err, "ValidationException", "*")

	for _, r := range s.Trail(t, 0) {
		if r.EventName == "Encrypt" && strings.Contains(string(r.RequestParameters), "Größe") {
			return
		}
	}
	t.Error("the encryption context is not in the trail")
}

func TestReEncrypt_ToAnotherKey_CarriesThePlaintext(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	from, to := createKey(t, c), createKey(t, c)
	old, next := map[string]string{"v": "1"}, map[string]string{"v": "2"}
	blob := encrypt(t, c, from.KeyId, "carried over", old)
	out := must(c.ReEncrypt(t.Context(),
		&kms.ReEncryptInput{CiphertextBlob: blob, SourceEncryptionContext: old,
			DestinationKeyId: to.KeyId, DestinationEncryptionContext: next}))(t)
	if *out.KeyId != *to.Arn || *out.SourceKeyId != *from.Arn ||
		out.SourceEncryptionAlgorithm != "SYMMETRIC_DEFAULT" ||
		out.DestinationEncryptionAlgorithm != "SYMMETRIC_DEFAULT" ||
		*out.SourceKeyMaterialId != *from.CurrentKeyMaterialId ||
		*out.DestinationKeyMaterialId != *to.CurrentKeyMaterialId {
		t.Errorf("ReEncrypt answered %+v", out)
	}
	d := must(c.Decrypt(t.Context(),
		&kms.DecryptInput{CiphertextBlob: out.CiphertextBlob, EncryptionContext: next}))(t)
	if string(d.Plaintext) != "carried over" || *d.KeyId != *to.Arn {
		t.Errorf("the new ciphertext holds %q under %s", d.Plaintext, *d.KeyId)
	}
	_, err := c.ReEncrypt(t.Context(),
		&kms.ReEncryptInput{CiphertextBlob: blob, SourceEncryptionContext: old, SourceKeyId: to.KeyId,
			DestinationKeyId: to.KeyId})
	refused(t, err, "IncorrectKeyException", "*")
	_, err = c.ReEncrypt(t.Context(), &kms.ReEncryptInput{DestinationKeyId: to.KeyId})
	refused(t, err, "ValidationException",
		"1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: "+
			"Member must not be null")
	must(c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: to.KeyId}))(t)
	_, err = c.ReEncrypt(t.Context(),
		&kms.ReEncryptInput{CiphertextBlob: blob, SourceEncryptionContext: old,
			DestinationKeyId: to.KeyId})
	refused(t, err, "DisabledException", *to.Arn+" is disabled.")
}

func TestGenerateDataKey_EachSize_ComesBackByDecrypt(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	context := map[string]string{"for": "disk"}
	for _, x := range []struct {
		spec  types.DataKeySpec
		bytes *int32
		size  int
	}{{"AES_256", nil, 32}, {"AES_128", nil, 16}, {"", aws.Int32(1), 1}, {"", aws.Int32(1024), 1024}} {
		g := must(c.GenerateDataKey(t.Context(),
			&kms.GenerateDataKeyInput{KeyId: key.KeyId, KeySpec: x.spec, NumberOfBytes: x.bytes,
				EncryptionContext: context}))(t)
		d := must(c.Decrypt(t.Context(),
			&kms.DecryptInput{CiphertextBlob: g.CiphertextBlob, EncryptionContext: context}))(t)
		if len(g.Plaintext) != x.size || !bytes.Equal(g.Plaintext, d.Plaintext) || *g.KeyId != *key.Arn ||
			*g.KeyMaterialId != *key.CurrentKeyMaterialId || g.CiphertextForRecipient != nil {
			t.Errorf("GenerateDataKey %s%d answered %d bytes under %s", x.spec, aws.ToInt32(x.bytes),
				len(g.Plaintext), *g.KeyId)
		}
		w := must(c.GenerateDataKeyWithoutPlaintext(t.Context(),
			&kms.GenerateDataKeyWithoutPlaintextInput{KeyId: key.KeyId, KeySpec: x.spec,
				NumberOfBytes: x.bytes}))(t)
		d = must(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: w.CiphertextBlob}))(t)
		if len(d.Plaintext) != x.size || *w.KeyId != *key.Arn ||
			*w.KeyMaterialId != *key.CurrentKeyMaterialId {
			t.Errorf("GenerateDataKeyWithoutPlaintext %s%d holds %d bytes under %s", x.spec,
				aws.ToInt32(x.bytes), len(d.Plaintext), *w.KeyId)
		}
		if x.bytes != nil {
			r := must(c.GenerateRandom(t.Context(), &kms.GenerateRandomInput{NumberOfBytes: x.bytes}))(t)
			if len(r.Plaintext) != x.size {
				t.Errorf("GenerateRandom %d answered %d bytes", x.size, len(r.Plaintext))
			}
		}
	}
	for name, in := range map[string]*kms.GenerateDataKeyInput{
		"both":     {KeyId: key.KeyId, KeySpec: "AES_256", NumberOfBytes: aws.Int32(32)},
		"neither":  {KeyId: key.KeyId},
		"none":     {KeyId: key.KeyId, NumberOfBytes: aws.Int32(0)},
		"too many": {KeyId: key.KeyId, NumberOfBytes: aws.Int32(1025)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.GenerateDataKey(t.Context(), in)
			refused(t, err, "ValidationException", "*")
			_, err = c.GenerateDataKeyWithoutPlaintext(t.Context(),
				&kms.GenerateDataKeyWithoutPlaintextInput{KeyId: in.KeyId, KeySpec: in.KeySpec,
					NumberOfBytes: in.NumberOfBytes})
			refused(t, err, "ValidationException", "*")
		})
	}
	_, err := c.GenerateRandom(t.Context(), &kms.GenerateRandomInput{})
	refused(t, err, "ValidationException", "NumberOfBytes is required.")
	_, err = c.GenerateRandom(t.Context(),
		&kms.GenerateRandomInput{NumberOfBytes: aws.Int32(8),
			CustomKeyStoreId: aws.String("cks-1234567890abcdef0")})
	refused(t, err, "CustomKeyStoreNotFoundException", "*")
}
