package apitest_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"hash"
	"slices"
	"strings"
	"testing"

	"claviger/api/apitest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	k1ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

func createSpecial(t testing.TB, c *kms.Client, spec types.KeySpec, usage types.KeyUsageType) *types.KeyMetadata {
	t.Helper()
	return must(c.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage}))(t).KeyMetadata
}

// made is one row of AWS's table of key specs: what a key of it, made for one usage, can do.
type made struct {
	spec       types.KeySpec
	usage      types.KeyUsageType
	algorithms []string
	longest    map[string]int // bytes of plaintext, by algorithm
}

var (
	oaepAlgorithms = []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"}
	rsaAlgorithms  = []string{"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"}
)

// makes is that table, as "Key spec reference" of the KMS developer guide has it, without what no token here can make.
var makes = []made{
	{"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", []string{"SYMMETRIC_DEFAULT"}, map[string]int{"SYMMETRIC_DEFAULT": 4096}},
	{"HMAC_224", "GENERATE_VERIFY_MAC", []string{"HMAC_SHA_224"}, nil},
	{"HMAC_256", "GENERATE_VERIFY_MAC", []string{"HMAC_SHA_256"}, nil},
	{"HMAC_384", "GENERATE_VERIFY_MAC", []string{"HMAC_SHA_384"}, nil},
	{"HMAC_512", "GENERATE_VERIFY_MAC", []string{"HMAC_SHA_512"}, nil},
	{"RSA_2048", "ENCRYPT_DECRYPT", oaepAlgorithms, map[string]int{"RSAES_OAEP_SHA_1": 214, "RSAES_OAEP_SHA_256": 190}},
	{"RSA_3072", "ENCRYPT_DECRYPT", oaepAlgorithms, map[string]int{"RSAES_OAEP_SHA_1": 342, "RSAES_OAEP_SHA_256": 318}},
	{"RSA_4096", "ENCRYPT_DECRYPT", oaepAlgorithms, map[string]int{"RSAES_OAEP_SHA_1": 470, "RSAES_OAEP_SHA_256": 446}},
	{"RSA_2048", "SIGN_VERIFY", rsaAlgorithms, nil},
	{"RSA_3072", "SIGN_VERIFY", rsaAlgorithms, nil},
	{"RSA_4096", "SIGN_VERIFY", rsaAlgorithms, nil},
	{"ECC_NIST_P256", "SIGN_VERIFY", []string{"ECDSA_SHA_256"}, nil},
	{"ECC_NIST_P384", "SIGN_VERIFY", []string{"ECDSA_SHA_384"}, nil},
	{"ECC_NIST_P521", "SIGN_VERIFY", []string{"ECDSA_SHA_512"}, nil},
	{"ECC_SECG_P256K1", "SIGN_VERIFY", []string{"ECDSA_SHA_256"}, nil},
	{"ECC_NIST_P256", "KEY_AGREEMENT", []string{"ECDH"}, nil},
	{"ECC_NIST_P384", "KEY_AGREEMENT", []string{"ECDH"}, nil},
	{"ECC_NIST_P521", "KEY_AGREEMENT", []string{"ECDH"}, nil},
}

// elsewhere are the specs that AWS has and this service, on SoftHSM2, has not; with the usages that fit them.
var elsewhere = map[types.KeySpec][]types.KeyUsageType{
	"ECC_NIST_EDWARDS25519": {"SIGN_VERIFY"}, "SM2": {"ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"},
	"ML_DSA_44": {"SIGN_VERIFY"}, "ML_DSA_65": {"SIGN_VERIFY"}, "ML_DSA_87": {"SIGN_VERIFY"},
	"ML_KEM_512": {"ENCAPSULATE_DECAPSULATE"}, "ML_KEM_768": {"ENCAPSULATE_DECAPSULATE"}, "ML_KEM_1024": {"ENCAPSULATE_DECAPSULATE"},
}

// TestEverySpecWithEveryUsage: a key can be made for exactly the usages of its spec, and describes itself by them.
func TestEverySpecWithEveryUsage(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	for _, spec := range types.KeySpec("").Values() {
		if spec != "SYMMETRIC_DEFAULT" {
			_, err := c.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec})
			refused(t, err, "ValidationException", "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
		}
		for _, usage := range types.KeyUsageType("").Values() {
			t.Run(string(spec)+" "+string(usage), func(t *testing.T) {
				row := slices.IndexFunc(makes, func(m made) bool { return m.spec == spec && m.usage == usage })
				if row >= 0 {
					describesItself(t, c, makes[row])
					return
				}
				before := len(keys(t, c))
				_, err := c.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage})
				if slices.Contains(elsewhere[spec], usage) {
					refused(t, err, "UnsupportedOperationException", "*")
				} else {
					refused(t, err, "ValidationException", fmt.Sprintf("KeyUsage %s is not compatible with KeySpec %s", usage, spec))
				}
				if len(keys(t, c)) != before {
					t.Error("a key was made all the same")
				}
			})
		}
	}
}

// describesItself: metadata has the one list of algorithms that the usage is about.
func describesItself(t *testing.T, c *kms.Client, m made) {
	key := createSpecial(t, c, m.spec, m.usage)
	lists := map[types.KeyUsageType]string{"ENCRYPT_DECRYPT": fmt.Sprint(key.EncryptionAlgorithms), "SIGN_VERIFY": fmt.Sprint(key.SigningAlgorithms),
		"GENERATE_VERIFY_MAC": fmt.Sprint(key.MacAlgorithms), "KEY_AGREEMENT": fmt.Sprint(key.KeyAgreementAlgorithms)}
	for usage, got := range lists {
		want := "[]"
		if usage == m.usage {
			want = fmt.Sprint(m.algorithms)
		}
		if got != want {
			t.Errorf("the algorithms of %s are %s, want %s", usage, got, want)
		}
	}
	if key.KeySpec != m.spec || key.CustomerMasterKeySpec != types.CustomerMasterKeySpec(m.spec) || key.KeyUsage != m.usage || !key.Enabled || key.Origin != "AWS_KMS" {
		t.Errorf("the key is %+v", key)
	}
	if (key.CurrentKeyMaterialId != nil) != (m.spec == "SYMMETRIC_DEFAULT") {
		t.Errorf("CurrentKeyMaterialId is %s", aws.ToString(key.CurrentKeyMaterialId))
	}
	if got, want := fmt.Sprint(deref(describe(t, c, key.KeyId))), fmt.Sprint(deref(key)); got != want {
		t.Errorf("DescribeKey answers\n%s\nand CreateKey did\n%s", got, want)
	}
	p, err := c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: key.KeyId})
	if m.spec == "SYMMETRIC_DEFAULT" || m.usage == "GENERATE_VERIFY_MAC" {
		refused(t, err, "UnsupportedOperationException", "*")
		return
	}
	accepted(t, err)
	got := fmt.Sprint(p.EncryptionAlgorithms, p.SigningAlgorithms, p.KeyAgreementAlgorithms)
	if want := fmt.Sprint(key.EncryptionAlgorithms, key.SigningAlgorithms, key.KeyAgreementAlgorithms); got != want ||
		*p.KeyId != *key.Arn || p.KeySpec != m.spec || p.CustomerMasterKeySpec != key.CustomerMasterKeySpec || p.KeyUsage != m.usage {
		t.Errorf("GetPublicKey answered %+v", p)
	}
}

// works calls every operation that takes an algorithm, with one that is told. What isn't told is as it should be.
var works = map[string]struct {
	usage      types.KeyUsageType
	algorithms []string
	call       func(ctx context.Context, c *kms.Client, id *string, algorithm string) error
}{
	"Encrypt": {"ENCRYPT_DECRYPT", words(types.EncryptionAlgorithmSpec("").Values()), func(ctx context.Context, c *kms.Client, id *string, a string) error {
		_, err := c.Encrypt(ctx, &kms.EncryptInput{KeyId: id, Plaintext: []byte("x"), EncryptionAlgorithm: types.EncryptionAlgorithmSpec(a)})
		return err
	}},
	"ReEncrypt": {"ENCRYPT_DECRYPT", words(types.EncryptionAlgorithmSpec("").Values()), func(ctx context.Context, c *kms.Client, id *string, a string) error {
		blob, err := c.Encrypt(ctx, &kms.EncryptInput{KeyId: aws.String("alias/symmetric"), Plaintext: []byte("x")})
		if err == nil {
			_, err = c.ReEncrypt(ctx, &kms.ReEncryptInput{CiphertextBlob: blob.CiphertextBlob, DestinationKeyId: id, DestinationEncryptionAlgorithm: types.EncryptionAlgorithmSpec(a)})
		}
		return err
	}},
	"GenerateDataKey": {"ENCRYPT_DECRYPT", []string{"SYMMETRIC_DEFAULT"}, func(ctx context.Context, c *kms.Client, id *string, _ string) error {
		_, err := c.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: id, KeySpec: "AES_256"})
		return err
	}},
	"GenerateDataKeyWithoutPlaintext": {"ENCRYPT_DECRYPT", []string{"SYMMETRIC_DEFAULT"}, func(ctx context.Context, c *kms.Client, id *string, _ string) error {
		_, err := c.GenerateDataKeyWithoutPlaintext(ctx, &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: id, KeySpec: "AES_256"})
		return err
	}},
	"GenerateDataKeyPair": {"ENCRYPT_DECRYPT", []string{"SYMMETRIC_DEFAULT"}, func(ctx context.Context, c *kms.Client, id *string, _ string) error {
		_, err := c.GenerateDataKeyPair(ctx, &kms.GenerateDataKeyPairInput{KeyId: id, KeyPairSpec: "ECC_NIST_P256"})
		return err
	}},
	"GenerateDataKeyPairWithoutPlaintext": {"ENCRYPT_DECRYPT", []string{"SYMMETRIC_DEFAULT"}, func(ctx context.Context, c *kms.Client, id *string, _ string) error {
		_, err := c.GenerateDataKeyPairWithoutPlaintext(ctx, &kms.GenerateDataKeyPairWithoutPlaintextInput{KeyId: id, KeyPairSpec: "ECC_NIST_P256"})
		return err
	}},
	"Sign": {"SIGN_VERIFY", words(types.SigningAlgorithmSpec("").Values()), func(ctx context.Context, c *kms.Client, id *string, a string) error {
		_, err := c.Sign(ctx, &kms.SignInput{KeyId: id, Message: []byte("x"), SigningAlgorithm: types.SigningAlgorithmSpec(a)})
		return err
	}},
	"Verify": {"SIGN_VERIFY", words(types.SigningAlgorithmSpec("").Values()), func(ctx context.Context, c *kms.Client, id *string, a string) error {
		out, err := c.Sign(ctx, &kms.SignInput{KeyId: id, Message: []byte("x"), SigningAlgorithm: types.SigningAlgorithmSpec(a)})
		signature := []byte("none")
		if err == nil {
			signature = out.Signature
		}
		_, err = c.Verify(ctx, &kms.VerifyInput{KeyId: id, Message: []byte("x"), Signature: signature, SigningAlgorithm: types.SigningAlgorithmSpec(a)})
		return err
	}},
	"GenerateMac": {"GENERATE_VERIFY_MAC", words(types.MacAlgorithmSpec("").Values()), func(ctx context.Context, c *kms.Client, id *string, a string) error {
		_, err := c.GenerateMac(ctx, &kms.GenerateMacInput{KeyId: id, Message: []byte("x"), MacAlgorithm: types.MacAlgorithmSpec(a)})
		return err
	}},
	"VerifyMac": {"GENERATE_VERIFY_MAC", words(types.MacAlgorithmSpec("").Values()), func(ctx context.Context, c *kms.Client, id *string, a string) error {
		out, err := c.GenerateMac(ctx, &kms.GenerateMacInput{KeyId: id, Message: []byte("x"), MacAlgorithm: types.MacAlgorithmSpec(a)})
		mac := []byte("none")
		if err == nil {
			mac = out.Mac
		}
		_, err = c.VerifyMac(ctx, &kms.VerifyMacInput{KeyId: id, Message: []byte("x"), Mac: mac, MacAlgorithm: types.MacAlgorithmSpec(a)})
		return err
	}},
	"DeriveSharedSecret": {"KEY_AGREEMENT", words(types.KeyAgreementAlgorithmSpec("").Values()), func(ctx context.Context, c *kms.Client, id *string, a string) error {
		peer := []byte("none")
		if own, err := c.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: id}); err == nil {
			peer = own.PublicKey
		}
		_, err := c.DeriveSharedSecret(ctx, &kms.DeriveSharedSecretInput{KeyId: id, PublicKey: peer, KeyAgreementAlgorithm: types.KeyAgreementAlgorithmSpec(a)})
		return err
	}},
}

func words[S ~string](values []S) (out []string) {
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

// TestEveryOperationWithEveryKey: every operation with a key of every spec and usage and every algorithm that AWS has for it. What
// does not fit is refused by name and by text.
func TestEveryOperationWithEveryKey(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	createAlias(t, c, "alias/symmetric", createKey(t, c).KeyId)
	for _, m := range makes {
		key := createSpecial(t, c, m.spec, m.usage)
		for name, w := range works {
			for _, algorithm := range w.algorithms {
				t.Run(fmt.Sprint(m.spec, " ", m.usage, "/", name, "/", algorithm), func(t *testing.T) {
					err := w.call(t.Context(), c, key.KeyId, algorithm)
					switch {
					case w.usage != m.usage:
						refused(t, err, "InvalidKeyUsageException", fmt.Sprintf("%s key usage is %s which is not valid for %s.", *key.Arn, m.usage, name))
					case !slices.Contains(m.algorithms, algorithm):
						refused(t, err, "InvalidKeyUsageException", fmt.Sprintf("Algorithm %s is incompatible with key spec %s.", algorithm, m.spec))
					default:
						accepted(t, err)
					}
				})
			}
		}
		if m.usage != "ENCRYPT_DECRYPT" { // Decrypt speaks of the key, and not of its usage
			_, err := c.Decrypt(t.Context(), &kms.DecryptInput{KeyId: key.KeyId, CiphertextBlob: []byte("x"), EncryptionAlgorithm: "RSAES_OAEP_SHA_256"})
			refused(t, err, "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
			_, err = c.ReEncrypt(t.Context(), &kms.ReEncryptInput{SourceKeyId: key.KeyId, CiphertextBlob: []byte("x"), SourceEncryptionAlgorithm: "RSAES_OAEP_SHA_256", DestinationKeyId: aws.String("alias/symmetric")})
			refused(t, err, "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
		}
	}
}

var hashes = map[string]func() hash.Hash{"224": sha256.New224, "256": sha256.New, "384": sha512.New384, "512": sha512.New}

// hashOf is the hash that an algorithm's name ends with.
func hashOf(algorithm string) (func() hash.Hash, crypto.Hash) {
	n := algorithm[strings.LastIndex(algorithm, "_")+1:]
	return hashes[n], map[string]crypto.Hash{"224": crypto.SHA224, "256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[n]
}

// publicKey reads a SubjectPublicKeyInfo with the standard library, and with OpenSSL's layout of secp256k1 where it can't.
func publicKey(t testing.TB, c *kms.Client, id *string) any {
	t.Helper()
	out := must(c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: id}))(t)
	if out.KeySpec != "ECC_SECG_P256K1" {
		return must(x509.ParsePKIXPublicKey(out.PublicKey))(t)
	}
	var info struct {
		Algorithm struct{ Algorithm, Curve asn1.ObjectIdentifier }
		Point     asn1.BitString
	}
	rest, err := asn1.Unmarshal(out.PublicKey, &info)
	if err != nil || len(rest) != 0 || !info.Algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}) || !info.Algorithm.Curve.Equal(asn1.ObjectIdentifier{1, 3, 132, 0, 10}) {
		t.Fatalf("no SubjectPublicKeyInfo of secp256k1: %v", err)
	}
	return must(secp256k1.ParsePubKey(info.Point.Bytes))(t)
}

// verifiesElsewhere is the standard library's opinion of a signature.
func verifiesElsewhere(key any, algorithm string, digest, signature []byte) bool {
	_, h := hashOf(algorithm)
	switch key := key.(type) {
	case *rsa.PublicKey:
		if strings.Contains(algorithm, "PSS") {
			return rsa.VerifyPSS(key, h, digest, signature, &rsa.PSSOptions{SaltLength: h.Size()}) == nil
		}
		return rsa.VerifyPKCS1v15(key, h, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, signature)
	case *secp256k1.PublicKey:
		s, err := k1ecdsa.ParseDERSignature(signature)
		return err == nil && s.Verify(digest, key)
	}
	return false
}

// TestSignatures: what is signed here verifies elsewhere and here, of a message and of its digest alike, and nothing else does.
func TestSignatures(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	for _, m := range makes {
		if m.usage != "SIGN_VERIFY" {
			continue
		}
		key := createSpecial(t, c, m.spec, m.usage)
		public := publicKey(t, c, key.KeyId)
		for _, algorithm := range m.algorithms {
			t.Run(fmt.Sprint(m.spec, "/", algorithm), func(t *testing.T) { signatures(t, c, key, public, algorithm) })
		}
	}
}

func signatures(t *testing.T, c *kms.Client, key *types.KeyMetadata, public any, algorithm string) {
	a := types.SigningAlgorithmSpec(algorithm)
	verify := func(message []byte, kind types.MessageType, signature []byte) error {
		out, err := c.Verify(t.Context(), &kms.VerifyInput{KeyId: key.KeyId, Message: message, MessageType: kind, Signature: signature, SigningAlgorithm: a})
		if err == nil && (!out.SignatureValid || *out.KeyId != *key.Arn || out.SigningAlgorithm != a) {
			t.Errorf("Verify answered %+v", out)
		}
		return err
	}
	for _, message := range [][]byte{[]byte("x"), bytes.Repeat([]byte{0xA5}, 4096)} {
		newHash, h := hashOf(algorithm)
		sum := newHash()
		sum.Write(message)
		digest := sum.Sum(nil)
		for _, kind := range []types.MessageType{"", "RAW", "DIGEST"} {
			given := message
			if kind == "DIGEST" {
				given = digest
			}
			out := must(c.Sign(t.Context(), &kms.SignInput{KeyId: key.KeyId, Message: given, MessageType: kind, SigningAlgorithm: a}))(t)
			if *out.KeyId != *key.Arn || out.SigningAlgorithm != a {
				t.Errorf("Sign answered %s, %s", *out.KeyId, out.SigningAlgorithm)
			}
			if !verifiesElsewhere(public, algorithm, digest, out.Signature) {
				t.Errorf("a signature of %d bytes %s does not verify elsewhere", len(given), kind)
			}
			accepted(t, verify(message, "RAW", out.Signature))
			accepted(t, verify(digest, "DIGEST", out.Signature))
			for what, err := range map[string]error{
				"another message":   verify(append([]byte("y"), message[1:]...), "RAW", out.Signature),
				"the digest as RAW": verify(digest, "RAW", out.Signature),
				"cut short":         verify(message, "RAW", out.Signature[:len(out.Signature)-1]),
				"with a tail":       verify(message, "RAW", append(bytes.Clone(out.Signature), 0)),
				"a bit turned":      verify(message, "RAW", append([]byte{out.Signature[0] ^ 0x40}, out.Signature[1:]...)),
				"a last bit turned": verify(message, "RAW", append(bytes.Clone(out.Signature[:len(out.Signature)-1]), out.Signature[len(out.Signature)-1]^1)),
				"no signature":      verify(message, "RAW", []byte{0}),
			} {
				t.Run(what, func(t *testing.T) { refused(t, err, "KMSInvalidSignatureException", "") })
			}
		}
		for _, n := range []int{1, h.Size() - 1, h.Size() + 1, 64 - h.Size()/2} {
			_, err := c.Sign(t.Context(), &kms.SignInput{KeyId: key.KeyId, Message: make([]byte, n), MessageType: "DIGEST", SigningAlgorithm: a})
			refused(t, err, "ValidationException", "Digest is invalid length for algorithm "+algorithm+".")
			refused(t, verify(make([]byte, n), "DIGEST", []byte("x")), "ValidationException", "Digest is invalid length for algorithm "+algorithm+".")
		}
	}
	_, err := c.Sign(t.Context(), &kms.SignInput{KeyId: key.KeyId, Message: make([]byte, 64), MessageType: "EXTERNAL_MU", SigningAlgorithm: a})
	refused(t, err, "ValidationException", "Message type EXTERNAL_MU is incompatible with algorithm "+algorithm+".")
	refused(t, verify(make([]byte, 64), "EXTERNAL_MU", []byte("x")), "ValidationException", "Message type EXTERNAL_MU is incompatible with algorithm "+algorithm+".")
	_, err = c.Sign(t.Context(), &kms.SignInput{KeyId: key.KeyId, Message: make([]byte, 4097), SigningAlgorithm: a})
	refused(t, err, "ValidationException", "*")
}

// TestMacs: HMACs are those of the standard library by no key that anybody knows, so they are compared with one another.
func TestMacs(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	for spec, size := range map[string]int{"224": 28, "256": 32, "384": 48, "512": 64} {
		t.Run(spec, func(t *testing.T) {
			a := types.MacAlgorithmSpec("HMAC_SHA_" + spec)
			key, other := createSpecial(t, c, types.KeySpec("HMAC_"+spec), "GENERATE_VERIFY_MAC"), createSpecial(t, c, types.KeySpec("HMAC_"+spec), "GENERATE_VERIFY_MAC")
			generate := func(id *string, message []byte) []byte {
				out := must(c.GenerateMac(t.Context(), &kms.GenerateMacInput{KeyId: id, Message: message, MacAlgorithm: a}))(t)
				if out.MacAlgorithm != a || len(out.Mac) != size || id == key.KeyId && *out.KeyId != *key.Arn {
					t.Errorf("GenerateMac answered %d bytes, %s, %s", len(out.Mac), out.MacAlgorithm, *out.KeyId)
				}
				return out.Mac
			}
			verify := func(message, mac []byte) error {
				out, err := c.VerifyMac(t.Context(), &kms.VerifyMacInput{KeyId: key.KeyId, Message: message, Mac: mac, MacAlgorithm: a})
				if err == nil && (!out.MacValid || *out.KeyId != *key.Arn || out.MacAlgorithm != a) {
					t.Errorf("VerifyMac answered %+v", out)
				}
				return err
			}
			for _, message := range [][]byte{[]byte("x"), bytes.Repeat([]byte{0x5A}, 4096)} {
				mac := generate(key.KeyId, message)
				if !bytes.Equal(mac, generate(key.KeyId, message)) || bytes.Equal(mac, generate(other.KeyId, message)) {
					t.Error("a MAC is not of its key and message alone")
				}
				accepted(t, verify(message, mac))
				for what, err := range map[string]error{
					"another message":   verify(append([]byte("y"), message[1:]...), mac),
					"another key's":     verify(message, generate(other.KeyId, message)),
					"cut short":         verify(message, mac[:size-1]),
					"with a tail":       verify(message, append(bytes.Clone(mac), 0)),
					"a bit turned":      verify(message, append([]byte{mac[0] ^ 1}, mac[1:]...)),
					"by an empty key":   verify(message, macBy(spec, nil, message)),
					"one byte":          verify(message, []byte{0}),
					"as long as Mac is": verify(message, make([]byte, 6144)),
				} {
					t.Run(what, func(t *testing.T) { refused(t, err, "KMSInvalidMacException", "") })
				}
			}
		})
	}
}

func macBy(spec string, key, message []byte) []byte {
	h := hmac.New(hashes[spec], key)
	h.Write(message)
	return h.Sum(nil)
}

// TestAsymmetricEncryption: what is encrypted with the public key, here or elsewhere, is decrypted here, to the last byte of
// what the modulus leaves, and whatever is wrong with a ciphertext is one and the same error.
func TestAsymmetricEncryption(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	for _, m := range makes {
		if m.usage != "ENCRYPT_DECRYPT" || m.spec == "SYMMETRIC_DEFAULT" {
			continue
		}
		key := createSpecial(t, c, m.spec, m.usage)
		public := publicKey(t, c, key.KeyId).(*rsa.PublicKey)
		for _, algorithm := range m.algorithms {
			t.Run(fmt.Sprint(m.spec, "/", algorithm), func(t *testing.T) { asymmetric(t, c, key, public, algorithm, m.longest[algorithm]) })
		}
	}
}

func asymmetric(t *testing.T, c *kms.Client, key *types.KeyMetadata, public *rsa.PublicKey, algorithm string, longest int) {
	a := types.EncryptionAlgorithmSpec(algorithm)
	newHash := sha256.New
	if algorithm == "RSAES_OAEP_SHA_1" {
		newHash = sha1.New
	}
	decrypt := func(ciphertext []byte) ([]byte, error) {
		out, err := c.Decrypt(t.Context(), &kms.DecryptInput{KeyId: key.KeyId, CiphertextBlob: ciphertext, EncryptionAlgorithm: a})
		if err != nil {
			return nil, err
		}
		if *out.KeyId != *key.Arn || out.EncryptionAlgorithm != a || out.KeyMaterialId != nil {
			t.Errorf("Decrypt answered %s, %s, %s", *out.KeyId, out.EncryptionAlgorithm, aws.ToString(out.KeyMaterialId))
		}
		return out.Plaintext, nil
	}
	for _, n := range []int{1, longest - 1, longest} {
		plain := bytes.Repeat([]byte{0xC3}, n)
		out := must(c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.KeyId, Plaintext: plain, EncryptionAlgorithm: a}))(t)
		if len(out.CiphertextBlob) != public.Size() || *out.KeyId != *key.Arn || out.EncryptionAlgorithm != a {
			t.Errorf("Encrypt answered %d bytes, %s, %s", len(out.CiphertextBlob), *out.KeyId, out.EncryptionAlgorithm)
		}
		for where, ciphertext := range map[string][]byte{"here": out.CiphertextBlob, "elsewhere": must(rsa.EncryptOAEP(newHash(), rand.Reader, public, plain, nil))(t)} {
			if got, err := decrypt(ciphertext); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes encrypted %s: %v", n, where, err)
			}
		}
	}
	_, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.KeyId, Plaintext: make([]byte, longest+1), EncryptionAlgorithm: a})
	text := fmt.Sprintf("Algorithm %s and key spec %s cannot encrypt data larger than %d bytes.", algorithm, key.KeySpec, longest)
	refused(t, err, "ValidationException", text)
	blob := must(c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: createKey(t, c).KeyId, Plaintext: make([]byte, longest+1)}))(t).CiphertextBlob
	_, err = c.ReEncrypt(t.Context(), &kms.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: key.KeyId, DestinationEncryptionAlgorithm: a})
	refused(t, err, "ValidationException", text)

	good := must(rsa.EncryptOAEP(newHash(), rand.Reader, public, []byte("x"), nil))(t)
	labelled := must(rsa.EncryptOAEP(newHash(), rand.Reader, public, []byte("x"), []byte("label")))(t)
	other := map[string]func() hash.Hash{"RSAES_OAEP_SHA_1": sha256.New, "RSAES_OAEP_SHA_256": sha1.New}[algorithm]
	for what, ciphertext := range map[string][]byte{
		"a bit turned":        append([]byte{good[0], good[1] ^ 1}, good[2:]...),
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
		"by PKCS#1 v1.5":      must(rsa.EncryptPKCS1v15(rand.Reader, public, []byte("x")))(t),
		"of a symmetric key":  blob,
	} {
		t.Run(what, func(t *testing.T) {
			_, err := decrypt(ciphertext)
			refused(t, err, "InvalidCiphertextException", "")
		})
	}
}

// TestAsymmetricCiphertextsNeedTheirKeyNamed: nothing in such a ciphertext says whose it is, and there is nothing to bind a
// context by.
func TestAsymmetricCiphertextsNeedTheirKeyNamed(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	key, plain := createSpecial(t, c, "RSA_2048", "ENCRYPT_DECRYPT"), createKey(t, c)
	const by = "RSAES_OAEP_SHA_256"
	context := map[string]string{"a": "b"}
	blob := must(c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"), EncryptionAlgorithm: by}))(t).CiphertextBlob
	symmetric := encrypt(t, c, plain.KeyId, "x", nil)
	for _, x := range []struct {
		name, code string
		err        error
	}{
		{"Decrypt without KeyId", "ValidationException", second(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob, EncryptionAlgorithm: by}))},
		{"ReEncrypt without SourceKeyId", "ValidationException", second(c.ReEncrypt(t.Context(), &kms.ReEncryptInput{CiphertextBlob: blob, SourceEncryptionAlgorithm: by, DestinationKeyId: plain.KeyId}))},
		{"Decrypt without an algorithm", "InvalidKeyUsageException", second(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob, KeyId: key.KeyId}))},
		{"Decrypt of another key's", "IncorrectKeyException", second(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: symmetric, KeyId: key.KeyId}))},
		{"Decrypt with a symmetric key", "InvalidKeyUsageException", second(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob, KeyId: plain.KeyId, EncryptionAlgorithm: by}))},
		{"Encrypt without an algorithm", "InvalidKeyUsageException", second(c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x")}))},
		{"Encrypt with a context", "ValidationException", second(c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"), EncryptionAlgorithm: by, EncryptionContext: context}))},
		{"Decrypt with a context", "ValidationException", second(c.Decrypt(t.Context(), &kms.DecryptInput{KeyId: key.KeyId, CiphertextBlob: blob, EncryptionAlgorithm: by, EncryptionContext: context}))},
		{"ReEncrypt from with a context", "ValidationException", second(c.ReEncrypt(t.Context(), &kms.ReEncryptInput{CiphertextBlob: blob, SourceKeyId: key.KeyId, SourceEncryptionAlgorithm: by, SourceEncryptionContext: context, DestinationKeyId: plain.KeyId}))},
		{"ReEncrypt to with a context", "ValidationException", second(c.ReEncrypt(t.Context(), &kms.ReEncryptInput{CiphertextBlob: symmetric, DestinationKeyId: key.KeyId, DestinationEncryptionAlgorithm: by, DestinationEncryptionContext: context}))},
	} {
		t.Run(x.name, func(t *testing.T) { refused(t, x.err, x.code, "*") })
	}
	for _, direction := range []kms.ReEncryptInput{
		{CiphertextBlob: symmetric, DestinationKeyId: key.KeyId, DestinationEncryptionAlgorithm: by},
		{CiphertextBlob: blob, SourceKeyId: key.KeyId, SourceEncryptionAlgorithm: by, DestinationKeyId: plain.KeyId, DestinationEncryptionContext: context},
		{CiphertextBlob: blob, SourceKeyId: key.KeyId, SourceEncryptionAlgorithm: by, DestinationKeyId: key.KeyId, DestinationEncryptionAlgorithm: "RSAES_OAEP_SHA_1"},
	} {
		out := must(c.ReEncrypt(t.Context(), &direction))(t)
		in := &kms.DecryptInput{KeyId: out.KeyId, CiphertextBlob: out.CiphertextBlob, EncryptionAlgorithm: out.DestinationEncryptionAlgorithm, EncryptionContext: direction.DestinationEncryptionContext}
		if d := must(c.Decrypt(t.Context(), in))(t); string(d.Plaintext) != "x" {
			t.Errorf("%+v carried over %q", direction, d.Plaintext)
		}
		if (out.SourceKeyMaterialId != nil) != (out.SourceEncryptionAlgorithm == "SYMMETRIC_DEFAULT") || (out.DestinationKeyMaterialId != nil) != (out.DestinationEncryptionAlgorithm == "SYMMETRIC_DEFAULT") {
			t.Errorf("ReEncrypt answered %+v", out)
		}
	}
}

// TestSharedSecrets: both sides agree, two keys of the service with one another and with the standard library, on as many bytes as
// a coordinate has; and a key that is not exactly one of the curve is refused.
func TestSharedSecrets(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	curves := map[types.KeySpec]ecdh.Curve{"ECC_NIST_P256": ecdh.P256(), "ECC_NIST_P384": ecdh.P384(), "ECC_NIST_P521": ecdh.P521()}
	derive := func(key *types.KeyMetadata, peer []byte) ([]byte, error) {
		out, err := c.DeriveSharedSecret(t.Context(), &kms.DeriveSharedSecretInput{KeyId: key.KeyId, PublicKey: peer, KeyAgreementAlgorithm: "ECDH"})
		if err != nil {
			return nil, err
		}
		if *out.KeyId != *key.Arn || out.KeyAgreementAlgorithm != "ECDH" || out.KeyOrigin != "AWS_KMS" {
			t.Errorf("DeriveSharedSecret answered %+v", out)
		}
		return out.SharedSecret, nil
	}
	spki := func(key any) []byte { return must(x509.MarshalPKIXPublicKey(key))(t) }
	for spec, curve := range curves {
		t.Run(string(spec), func(t *testing.T) {
			one, two := createSpecial(t, c, spec, "KEY_AGREEMENT"), createSpecial(t, c, spec, "KEY_AGREEMENT")
			first, other := publicKey(t, c, one.KeyId).(*ecdsa.PublicKey), publicKey(t, c, two.KeyId).(*ecdsa.PublicKey)
			a, b := must(derive(one, spki(other)))(t), must(derive(two, spki(first)))(t)
			if !bytes.Equal(a, b) {
				t.Error("two keys of the service do not agree")
			}
			for range 8 {
				mine := must(curve.GenerateKey(rand.Reader))(t)
				want := must(mine.ECDH(must(first.ECDH())(t)))(t)
				if got := must(derive(one, spki(mine.PublicKey())))(t); !bytes.Equal(got, want) {
					t.Errorf("here %x, elsewhere %x", got, want)
				}
			}
			for what, peer := range badPeers(t, spki(other), first.Curve) {
				// Without a message: that is what the SDK makes of none.
				t.Run(what, func(t *testing.T) { refused(t, second(derive(one, peer)), "ValidationException", "UnknownError") })
			}
		})
	}
	_, err := c.DeriveSharedSecret(t.Context(), &kms.DeriveSharedSecretInput{KeyId: createSpecial(t, c, "ECC_NIST_P256", "KEY_AGREEMENT").KeyId,
		PublicKey: []byte("x"), KeyAgreementAlgorithm: "ECDH", Recipient: &types.RecipientInfo{AttestationDocument: []byte("x")}})
	refused(t, err, "UnsupportedOperationException", "*")
}

// badPeers are encodings that are near a good public key and none.
func badPeers(t testing.TB, good []byte, curve elliptic.Curve) map[string][]byte {
	t.Helper()
	size := (curve.Params().BitSize + 7) / 8
	head, point := good[:len(good)-2*size-1], good[len(good)-2*size-1:]
	with := func(point []byte) []byte { return resized(t, head, point) }
	compressed := append([]byte{2 | point[2*size]&1}, point[1:1+size]...)
	hybrid := append([]byte{6 | point[2*size]&1}, point[1:]...)
	off := bytes.Clone(point)
	off[2*size] ^= 1
	beyond := append([]byte{4}, bytes.Repeat([]byte{0xFF}, 2*size)...)
	others := map[elliptic.Curve]elliptic.Curve{elliptic.P256(): elliptic.P384(), elliptic.P384(): elliptic.P521(), elliptic.P521(): elliptic.P256()}
	elsewhere := must(ecdsa.GenerateKey(others[curve], rand.Reader))(t)
	modulus := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader))(t)
	return map[string][]byte{
		"of another curve":   must(x509.MarshalPKIXPublicKey(&elsewhere.PublicKey))(t),
		"RSA":                must(x509.MarshalPKIXPublicKey(&modulus.PublicKey))(t),
		"X25519":             must(x509.MarshalPKIXPublicKey(x25519.PublicKey()))(t),
		"not on the curve":   with(off),
		"beyond the field":   with(beyond),
		"zero":               with(append([]byte{4}, make([]byte, 2*size)...)),
		"infinity":           with([]byte{0}),
		"compressed":         with(compressed),
		"hybrid":             with(hybrid),
		"no point":           with(nil),
		"cut short":          good[:len(good)-1],
		"with a tail":        append(bytes.Clone(good), 0),
		"the point alone":    point,
		"a length too long":  longForm(good),
		"no key at all":      []byte("hello"),
		"an empty structure": {0x30, 0},
	}
}

// resized puts another point behind the head of a SubjectPublicKeyInfo, with lengths that are right.
func resized(t testing.TB, head, point []byte) []byte {
	t.Helper()
	var info struct {
		Algorithm asn1.RawValue
		Point     asn1.BitString
	}
	if _, err := asn1.Unmarshal(append(bytes.Clone(head), make([]byte, 200)...)[:len(head)+int(headLength(head))], &info); err != nil {
		t.Fatal(err)
	}
	info.Point = asn1.BitString{Bytes: point, BitLength: 8 * len(point)}
	return must(asn1.Marshal(info))(t)
}

// headLength is how many bytes of point a head speaks of: its BIT STRING's length without the byte of unused bits.
func headLength(head []byte) byte { return head[len(head)-2] - 1 }

// longForm writes the outer length of a DER structure with a byte more than it needs.
func longForm(der []byte) []byte {
	if der[1] < 0x80 {
		return append([]byte{der[0], 0x81}, der[1:]...)
	}
	return append([]byte{der[0], 0x82, 0}, der[2:]...)
}

// TestDataKeyPairs: a pair is one that the standard library can use, its private key comes back by Decrypt, and each is new.
func TestDataKeyPairs(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	context := map[string]string{"for": "laptop"}
	for _, spec := range types.DataKeyPairSpec("").Values() {
		t.Run(string(spec), func(t *testing.T) {
			in := &kms.GenerateDataKeyPairInput{KeyId: key.KeyId, KeyPairSpec: spec, EncryptionContext: context}
			bare := &kms.GenerateDataKeyPairWithoutPlaintextInput{KeyId: key.KeyId, KeyPairSpec: spec, EncryptionContext: context}
			if spec == "SM2" || strings.HasPrefix(string(spec), "ML_KEM") {
				refused(t, second(c.GenerateDataKeyPair(t.Context(), in)), "UnsupportedOperationException", "*")
				refused(t, second(c.GenerateDataKeyPairWithoutPlaintext(t.Context(), bare)), "UnsupportedOperationException", "*")
				return
			}
			g := must(c.GenerateDataKeyPair(t.Context(), in))(t)
			d := must(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: g.PrivateKeyCiphertextBlob, EncryptionContext: context}))(t)
			if !bytes.Equal(d.Plaintext, g.PrivateKeyPlaintext) || *g.KeyId != *key.Arn || g.KeyPairSpec != spec || *g.KeyMaterialId != *key.CurrentKeyMaterialId {
				t.Errorf("GenerateDataKeyPair answered %s, %s, %s", *g.KeyId, g.KeyPairSpec, *g.KeyMaterialId)
			}
			matches(t, spec, g.PrivateKeyPlaintext, g.PublicKey)
			w := must(c.GenerateDataKeyPairWithoutPlaintext(t.Context(), bare))(t)
			d = must(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: w.PrivateKeyCiphertextBlob, EncryptionContext: context}))(t)
			matches(t, spec, d.Plaintext, w.PublicKey)
			if *w.KeyId != *key.Arn || w.KeyPairSpec != spec || *w.KeyMaterialId != *key.CurrentKeyMaterialId || bytes.Equal(w.PublicKey, g.PublicKey) {
				t.Errorf("GenerateDataKeyPairWithoutPlaintext answered %s, %s, %s", *w.KeyId, w.KeyPairSpec, *w.KeyMaterialId)
			}
			_, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: g.PrivateKeyCiphertextBlob})
			refused(t, err, "InvalidCiphertextException", "")
		})
	}
	_, err := c.GenerateDataKeyPair(t.Context(), &kms.GenerateDataKeyPairInput{KeyId: key.KeyId, KeyPairSpec: "RSA_2048", Recipient: &types.RecipientInfo{AttestationDocument: []byte("x")}})
	refused(t, err, "UnsupportedOperationException", "*")
}

// matches: the private key is PKCS#8 of the spec, and the public one is its own.
func matches(t *testing.T, spec types.DataKeyPairSpec, private, public []byte) {
	t.Helper()
	if spec == "ECC_SECG_P256K1" {
		var pkcs8 struct {
			Version   int
			Algorithm struct{ Algorithm, Curve asn1.ObjectIdentifier }
			Key       []byte
		}
		var key struct {
			Version int
			D       []byte
			Point   asn1.BitString `asn1:"explicit,tag:1"`
		}
		if rest, err := asn1.Unmarshal(private, &pkcs8); err != nil || len(rest) > 0 {
			t.Fatalf("no PKCS#8: %v", err)
		}
		if rest, err := asn1.Unmarshal(pkcs8.Key, &key); err != nil || len(rest) > 0 || key.Version != 1 || len(key.D) != 32 {
			t.Fatalf("no ECPrivateKey: %v", err)
		}
		point := secp256k1.PrivKeyFromBytes(key.D).PubKey().SerializeUncompressed()
		if !pkcs8.Algorithm.Curve.Equal(asn1.ObjectIdentifier{1, 3, 132, 0, 10}) || !bytes.Equal(point, key.Point.Bytes) || !bytes.HasSuffix(public, point) {
			t.Error("the two keys are no pair")
		}
		return
	}
	signer, ok := must(x509.ParsePKCS8PrivateKey(private))(t).(crypto.Signer)
	if !ok || !bytes.Equal(must(x509.MarshalPKIXPublicKey(signer.Public()))(t), public) {
		t.Fatal("the two keys are no pair")
	}
	got := fmt.Sprintf("%T", signer)
	switch key := signer.(type) {
	case *rsa.PrivateKey:
		got = fmt.Sprint("RSA_", key.N.BitLen())
	case *ecdsa.PrivateKey:
		got = "ECC_NIST_" + strings.ReplaceAll(key.Params().Name, "-", "")
	}
	if want := strings.Replace(string(spec), "ECC_NIST_EDWARDS25519", "ed25519.PrivateKey", 1); got != want {
		t.Errorf("it is a pair of %s", got)
	}
}

// specialOperations are the operations on keys of one usage, by the rows of the key-state matrix.
func specialOperations(c *kms.Client, key *types.KeyMetadata, product []byte, dry *bool) map[string]func(context.Context) error {
	id, message := key.KeyId, []byte("x")
	get := map[string]func(context.Context) error{"GetPublicKey": func(ctx context.Context) error {
		return second(c.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: id, GrantTokens: []string{"token"}}))
	}}
	tokens := []string{"token"}
	switch key.KeyUsage {
	case "SIGN_VERIFY":
		get["Sign"] = func(ctx context.Context) error {
			return second(c.Sign(ctx, &kms.SignInput{KeyId: id, Message: message, SigningAlgorithm: "ECDSA_SHA_256", DryRun: dry, GrantTokens: tokens}))
		}
		get["Verify"] = func(ctx context.Context) error {
			return second(c.Verify(ctx, &kms.VerifyInput{KeyId: id, Message: message, Signature: product, SigningAlgorithm: "ECDSA_SHA_256", DryRun: dry, GrantTokens: tokens}))
		}
	case "KEY_AGREEMENT":
		get["DeriveSharedSecret"] = func(ctx context.Context) error {
			return second(c.DeriveSharedSecret(ctx, &kms.DeriveSharedSecretInput{KeyId: id, PublicKey: product, KeyAgreementAlgorithm: "ECDH", DryRun: dry, GrantTokens: tokens}))
		}
	case "GENERATE_VERIFY_MAC":
		return map[string]func(context.Context) error{
			"GenerateMac": func(ctx context.Context) error {
				return second(c.GenerateMac(ctx, &kms.GenerateMacInput{KeyId: id, Message: message, MacAlgorithm: "HMAC_SHA_256", DryRun: dry, GrantTokens: tokens}))
			},
			"VerifyMac": func(ctx context.Context) error {
				return second(c.VerifyMac(ctx, &kms.VerifyMacInput{KeyId: id, Message: message, Mac: product, MacAlgorithm: "HMAC_SHA_256", DryRun: dry, GrantTokens: tokens}))
			},
		}
	case "ENCRYPT_DECRYPT":
		if key.KeySpec == "SYMMETRIC_DEFAULT" {
			return map[string]func(context.Context) error{
				"GenerateDataKeyPair": func(ctx context.Context) error {
					return second(c.GenerateDataKeyPair(ctx, &kms.GenerateDataKeyPairInput{KeyId: id, KeyPairSpec: "ECC_NIST_P256", DryRun: dry, GrantTokens: tokens}))
				},
				"GenerateDataKeyPairWithoutPlaintext": func(ctx context.Context) error {
					return second(c.GenerateDataKeyPairWithoutPlaintext(ctx, &kms.GenerateDataKeyPairWithoutPlaintextInput{KeyId: id, KeyPairSpec: "ECC_NIST_P256", DryRun: dry, GrantTokens: tokens}))
				},
			}
		}
		const by = "RSAES_OAEP_SHA_256"
		get["Encrypt"] = func(ctx context.Context) error {
			return second(c.Encrypt(ctx, &kms.EncryptInput{KeyId: id, Plaintext: message, EncryptionAlgorithm: by, DryRun: dry, GrantTokens: tokens}))
		}
		get["Decrypt"] = func(ctx context.Context) error {
			return second(c.Decrypt(ctx, &kms.DecryptInput{KeyId: id, CiphertextBlob: product, EncryptionAlgorithm: by, DryRun: dry, GrantTokens: tokens}))
		}
		get["ReEncrypt"] = func(ctx context.Context) error {
			return second(c.ReEncrypt(ctx, &kms.ReEncryptInput{SourceKeyId: id, CiphertextBlob: product, SourceEncryptionAlgorithm: by, DestinationKeyId: id,
				DestinationEncryptionAlgorithm: by, DryRun: dry, GrantTokens: tokens}))
		}
	}
	return get
}

// special are one key for each usage, with what it made before anything happened to it.
func special(t testing.TB, c *kms.Client) map[*types.KeyMetadata][]byte {
	t.Helper()
	keys := map[*types.KeyMetadata][]byte{createKey(t, c): nil}
	key := createSpecial(t, c, "ECC_NIST_P256", "SIGN_VERIFY")
	keys[key] = must(c.Sign(t.Context(), &kms.SignInput{KeyId: key.KeyId, Message: []byte("x"), SigningAlgorithm: "ECDSA_SHA_256"}))(t).Signature
	key = createSpecial(t, c, "ECC_NIST_P256", "KEY_AGREEMENT")
	keys[key] = must(c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: key.KeyId}))(t).PublicKey
	key = createSpecial(t, c, "HMAC_256", "GENERATE_VERIFY_MAC")
	keys[key] = must(c.GenerateMac(t.Context(), &kms.GenerateMacInput{KeyId: key.KeyId, Message: []byte("x"), MacAlgorithm: "HMAC_SHA_256"}))(t).Mac
	key = createSpecial(t, c, "RSA_2048", "ENCRYPT_DECRYPT")
	keys[key] = must(c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"), EncryptionAlgorithm: "RSAES_OAEP_SHA_256"}))(t).CiphertextBlob
	return keys
}

// TestStatesOfSpecialKeys walks the rows of the key-state matrix that are about them: in each state, and back in use after it.
func TestStatesOfSpecialKeys(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	for key, product := range special(t, c) {
		walk := func(state, code, text string) {
			for name, call := range specialOperations(c, key, product, nil) {
				t.Run(fmt.Sprint(key.KeySpec, " ", key.KeyUsage, "/", state, "/", name), func(t *testing.T) {
					if err := call(t.Context()); code == "" {
						accepted(t, err)
					} else {
						refused(t, err, code, *key.Arn+text)
					}
				})
			}
		}
		walk("Enabled", "", "")
		must(c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
		walk("Disabled", "DisabledException", " is disabled.")
		must(c.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyId}))(t)
		walk("Enabled again", "", "")
		must(c.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId}))(t)
		walk("PendingDeletion", "KMSInvalidStateException", " is pending deletion.")
		must(c.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: key.KeyId}))(t)
		walk("taken back", "DisabledException", " is disabled.")
		must(c.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyId}))(t)
		s.Restart(t, nil)
		walk("after a restart", "", "")
	}
}

// TestDryRunsOfSpecialKeys: DryRun answers what would have happened, and whose permission is missing.
func TestDryRunsOfSpecialKeys(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	dry := aws.Bool(true)
	for key, product := range special(t, c) {
		for name, call := range specialOperations(c, key, product, dry) {
			if name != "GetPublicKey" { // AWS has no dry run of it
				t.Run(name, func(t *testing.T) {
					refused(t, call(t.Context()), "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
				})
			}
		}
		for name, call := range specialOperations(s.KMS(s.AsNobody()), key, product, dry) {
			t.Run(name+" by nobody", func(t *testing.T) { refused(t, call(t.Context()), "AccessDeniedException", "*") })
		}
	}
	key := createSpecial(t, c, "ECC_NIST_P256", "SIGN_VERIFY")
	_, err := c.Sign(t.Context(), &kms.SignInput{KeyId: key.KeyId, Message: []byte("x"), MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256", DryRun: dry})
	refused(t, err, "ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256.")
}

// TestSpecialKeysByAlias: the new operations take all four forms of KeyId.
func TestSpecialKeysByAlias(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	for key, product := range special(t, c) {
		createAlias(t, c, "alias/special", key.KeyId)
		for _, id := range []string{*key.KeyId, *key.Arn, "alias/special", aliasARN("alias/special")} {
			called := *key
			called.KeyId = &id
			for name, call := range specialOperations(c, &called, product, nil) {
				if err := call(t.Context()); err != nil {
					t.Errorf("%s of %s: %v", name, id, err)
				}
			}
		}
		must(c.DeleteAlias(t.Context(), &kms.DeleteAliasInput{AliasName: aws.String("alias/special")}))(t)
	}
}

// TestAliasesStayWithTheirKind: who uses an alias must find a key there that can do the same.
func TestAliasesStayWithTheirKind(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	classes := [][]*types.KeyMetadata{
		{createKey(t, c), createKey(t, c)},
		{createSpecial(t, c, "RSA_2048", "SIGN_VERIFY"), createSpecial(t, c, "ECC_NIST_P256", "SIGN_VERIFY")},
		{createSpecial(t, c, "RSA_2048", "ENCRYPT_DECRYPT"), createSpecial(t, c, "RSA_3072", "ENCRYPT_DECRYPT")},
		{createSpecial(t, c, "HMAC_256", "GENERATE_VERIFY_MAC"), createSpecial(t, c, "HMAC_512", "GENERATE_VERIFY_MAC")},
		{createSpecial(t, c, "ECC_NIST_P256", "KEY_AGREEMENT"), createSpecial(t, c, "ECC_NIST_P521", "KEY_AGREEMENT")},
	}
	for i, from := range classes {
		name := aws.String(fmt.Sprint("alias/class/", i))
		createAlias(t, c, *name, from[0].KeyId)
		for j, to := range classes {
			_, err := c.UpdateAlias(t.Context(), &kms.UpdateAliasInput{AliasName: name, TargetKeyId: to[1].KeyId})
			if i == j {
				accepted(t, err)
			} else {
				refused(t, err, "ValidationException", "*")
			}
		}
	}
}

// TestPublicKeysAreUnderTheRowsMAC: a public key that was exchanged in the database is not believed.
func TestPublicKeysAreUnderTheRowsMAC(t *testing.T) {
	s := apitest.Start(t)
	c := s.KMS()
	one, two := createSpecial(t, c, "ECC_NIST_P256", "SIGN_VERIFY"), createSpecial(t, c, "ECC_NIST_P256", "SIGN_VERIFY")
	other := must(c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: two.KeyId}))(t).PublicKey
	s.Restart(t, func() {
		n := must(database(t, s.Database).Exec(`UPDATE kms_materials SET public = ? WHERE key_id = ?`, other, *one.KeyId))(t)
		if rows := must(n.RowsAffected())(t); rows != 1 {
			t.Fatalf("%d rows were changed", rows)
		}
	})
	_, err := c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: one.KeyId})
	refused(t, err, "KMSInternalException", "*")
	must(c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: two.KeyId}))(t)
}

// TestSecretsNeedASymmetricKey: no other key can protect a secret.
func TestSecretsNeedASymmetricKey(t *testing.T) {
	s := apitest.Start(t)
	for key := range special(t, s.KMS()) {
		_, err := s.SecretsManager().CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
			Name: aws.String("under-" + *key.KeyId), SecretString: aws.String("x"), KmsKeyId: key.KeyId})
		if key.KeySpec == "SYMMETRIC_DEFAULT" {
			accepted(t, err)
		} else {
			refused(t, err, "EncryptionFailure", "*")
		}
	}
}
