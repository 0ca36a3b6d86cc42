package servicetest_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"math/big"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// TestRSAEncryption_EachAlgorithm_DecryptsOrIsRefusedAlike: what is encrypted with the public key,
// here or elsewhere, is decrypted here, to the last byte of what the modulus leaves, and whatever
// is wrong with a ciphertext is one and the same error.
func TestRSAEncryption_EachAlgorithm_DecryptsOrIsRefusedAlike(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	for _, m := range makes {
		if m.usage != "ENCRYPT_DECRYPT" || m.spec == "SYMMETRIC_DEFAULT" {
			continue
		}
		key := createSpecial(t, c, m.spec, m.usage)
		public := publicKey(t, c, key.KeyId).(*rsa.PublicKey)
		for _, algorithm := range m.algorithms {
			t.Run(fmt.Sprint(m.spec, "/", algorithm),
				func(t *testing.T) { asymmetric(t, c, key, public, algorithm, m.longest[algorithm]) })
		}
	}
}

func asymmetric(t *testing.T, c *kms.Client, key *types.KeyMetadata, public *rsa.PublicKey,
	algorithm string, longest int) {
	a := types.EncryptionAlgorithmSpec(algorithm)
	newHash := sha256.New
	if algorithm == "RSAES_OAEP_SHA_1" {
		newHash = sha1.New
	}
	decrypt := func(ciphertext []byte) ([]byte, error) {
		out, err := c.Decrypt(t.Context(),
			&kms.DecryptInput{KeyId: key.KeyId, CiphertextBlob: ciphertext, EncryptionAlgorithm: a})
		if err != nil {
			return nil, err
		}
		if *out.KeyId != *key.Arn || out.EncryptionAlgorithm != a || out.KeyMaterialId != nil {
			t.Errorf("Decrypt answered %s, %s, %s", *out.KeyId, out.EncryptionAlgorithm,
				aws.ToString(out.KeyMaterialId))
		}
		return out.Plaintext, nil
	}
	for _, n := range []int{1, longest - 1, longest} {
		plain := bytes.Repeat([]byte{0xC3}, n)
		out := must(c.Encrypt(t.Context(),
			&kms.EncryptInput{KeyId: key.KeyId, Plaintext: plain, EncryptionAlgorithm: a}))(t)
		if len(out.CiphertextBlob) != public.Size() || *out.KeyId != *key.Arn ||
			out.EncryptionAlgorithm != a {
			t.Errorf("Encrypt answered %d bytes, %s, %s", len(out.CiphertextBlob), *out.KeyId,
				out.EncryptionAlgorithm)
		}
		for where, ciphertext := range map[string][]byte{"here": out.CiphertextBlob,
			"elsewhere": must(rsa.EncryptOAEP(newHash(), rand.Reader, public, plain, nil))(t)} {
			if got, err := decrypt(ciphertext); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes encrypted %s: %v", n, where, err)
			}
		}
	}
	_, err := c.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: key.KeyId, Plaintext: make([]byte, longest+1), EncryptionAlgorithm: a})
	text := fmt.Sprintf("Algorithm %s and key spec %s cannot encrypt data larger than %d bytes.",
		algorithm, key.KeySpec, longest)
	refused(t, err, "ValidationException", text)
	blob := must(c.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: createKey(t, c).KeyId,
			Plaintext: make([]byte, longest+1)}))(t).CiphertextBlob
	_, err = c.ReEncrypt(t.Context(),
		&kms.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: key.KeyId,
			DestinationEncryptionAlgorithm: a})
	refused(t, err, "ValidationException", text)

	good := must(rsa.EncryptOAEP(newHash(), rand.Reader, public, []byte("x"), nil))(t)
	labelled := must(rsa.EncryptOAEP(newHash(), rand.Reader, public, []byte("x"), []byte("label")))(t)
	other := map[string]func() hash.Hash{"RSAES_OAEP_SHA_1": sha256.New,
		"RSAES_OAEP_SHA_256": sha1.New}[algorithm]
	for what, ciphertext := range map[string][]byte{
		"a bit flipped":       append([]byte{good[0], good[1] ^ 1}, good[2:]...),
		"cut short":           good[:len(good)-1],
		"with a tail":         append(bytes.Clone(good), 0),
		"with a leading zero": append([]byte{0}, good...),
		"one byte":            {1},
		"zero":                make([]byte, len(good)),
		"one":                 append(make([]byte, len(good)-1), 1),
		"the modulus":         public.N.Bytes(),
		"all ones":            bytes.Repeat([]byte{0xFF}, len(good)),
		"with a label":        labelled,
		"by another hash":     must(rsa.EncryptOAEP(other(), rand.Reader, public, []byte("x"), nil))(t),
		"by PKCS#1 v1.5":      raw(public, "\x00\x02"+strings.Repeat("\xA5", public.Size()-4)+"\x00x"),
		"of a symmetric key":  blob,
	} {
		t.Run(what, func(t *testing.T) {
			_, err := decrypt(ciphertext)
			refused(t, err, "InvalidCiphertextException", "")
		})
	}
}

// raw is RSA without a padding of its own.
func raw(public *rsa.PublicKey, padded string) []byte {
	m := new(big.Int).SetBytes([]byte(padded))
	return m.Exp(m, big.NewInt(int64(public.E)), public.N).FillBytes(make([]byte, public.Size()))
}

// TestDecrypt_AsymmetricWithoutKeyID_IsRefused: nothing in such a ciphertext says whose it is, and
// there is nothing to bind a context by.
func TestDecrypt_AsymmetricWithoutKeyID_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key, plain := createSpecial(t, c, "RSA_2048", "ENCRYPT_DECRYPT"), createKey(t, c)
	const by = "RSAES_OAEP_SHA_256"
	context := map[string]string{"a": "b"}
	blob := must(c.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"),
			EncryptionAlgorithm: by}))(t).CiphertextBlob
	symmetric := encrypt(t, c, plain.KeyId, "x", nil)
	for _, x := range []struct {
		name, code string
		err        error
	}{
		{"Decrypt without KeyId", "ValidationException",
			second(c.Decrypt(t.Context(),
				&kms.DecryptInput{CiphertextBlob: blob, EncryptionAlgorithm: by}))},
		{"ReEncrypt without SourceKeyId", "ValidationException",
			second(c.ReEncrypt(t.Context(),
				&kms.ReEncryptInput{CiphertextBlob: blob, SourceEncryptionAlgorithm: by,
					DestinationKeyId: plain.KeyId}))},
		{"Decrypt without an algorithm", "InvalidKeyUsageException",
			second(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob, KeyId: key.KeyId}))},
		{"Decrypt of another key's", "InvalidKeyUsageException",
			second(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: symmetric, KeyId: key.KeyId}))},
		{"Decrypt with a symmetric key", "InvalidKeyUsageException",
			second(c.Decrypt(t.Context(),
				&kms.DecryptInput{CiphertextBlob: blob, KeyId: plain.KeyId, EncryptionAlgorithm: by}))},
		{"Encrypt without an algorithm", "InvalidKeyUsageException",
			second(c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x")}))},
		{"Encrypt with a context", "ValidationException",
			second(c.Encrypt(t.Context(),
				&kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"), EncryptionAlgorithm: by,
					EncryptionContext: context}))},
		{"Decrypt with a context", "ValidationException",
			second(c.Decrypt(t.Context(),
				&kms.DecryptInput{KeyId: key.KeyId, CiphertextBlob: blob, EncryptionAlgorithm: by,
					EncryptionContext: context}))},
		{"ReEncrypt from with a context", "ValidationException",
			second(c.ReEncrypt(t.Context(),
				&kms.ReEncryptInput{CiphertextBlob: blob, SourceKeyId: key.KeyId, SourceEncryptionAlgorithm: by,
					SourceEncryptionContext: context, DestinationKeyId: plain.KeyId}))},
		{"ReEncrypt to with a context", "ValidationException",
			second(c.ReEncrypt(t.Context(),
				&kms.ReEncryptInput{CiphertextBlob: symmetric, DestinationKeyId: key.KeyId,
					DestinationEncryptionAlgorithm: by, DestinationEncryptionContext: context}))},
	} {
		t.Run(x.name, func(t *testing.T) { refused(t, x.err, x.code, "*") })
	}
	for _, direction := range []kms.ReEncryptInput{
		{CiphertextBlob: symmetric, DestinationKeyId: key.KeyId, DestinationEncryptionAlgorithm: by},
		{CiphertextBlob: blob, SourceKeyId: key.KeyId, SourceEncryptionAlgorithm: by,
			DestinationKeyId: plain.KeyId, DestinationEncryptionContext: context},
		{CiphertextBlob: blob, SourceKeyId: key.KeyId, SourceEncryptionAlgorithm: by,
			DestinationKeyId: key.KeyId, DestinationEncryptionAlgorithm: "RSAES_OAEP_SHA_1"},
	} {
		out := must(c.ReEncrypt(t.Context(), &direction))(t)
		in := &kms.DecryptInput{KeyId: out.KeyId, CiphertextBlob: out.CiphertextBlob,
			EncryptionAlgorithm: out.DestinationEncryptionAlgorithm,
			EncryptionContext:   direction.DestinationEncryptionContext}
		if d := must(c.Decrypt(t.Context(), in))(t); string(d.Plaintext) != "x" {
			t.Errorf("%+v carried over %q", direction, d.Plaintext)
		}
		fromSymmetric := out.SourceEncryptionAlgorithm == "SYMMETRIC_DEFAULT"
		toSymmetric := out.DestinationEncryptionAlgorithm == "SYMMETRIC_DEFAULT"
		if (out.SourceKeyMaterialId != nil) != fromSymmetric ||
			(out.DestinationKeyMaterialId != nil) != toSymmetric {
			t.Errorf("ReEncrypt answered %+v", out)
		}
	}
}
