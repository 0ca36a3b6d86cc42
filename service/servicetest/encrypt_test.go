package servicetest_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

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
				EncryptionAlgorithm: "RSAES_OAEP_SHA_256"}, "InvalidKeyUsageException",
			"Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT."},
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
			Recipient: &types.RecipientInfo{AttestationDocument: []byte("x")}},
			"UnsupportedOperationException", "*"},
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

// TestEncryptionContext_OtherPairs_OpenNothing: a ciphertext opens with exactly the pairs it was
// made with, in any order.
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
