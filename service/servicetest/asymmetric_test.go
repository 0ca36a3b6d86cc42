//lint:file-ignore SA1019 clients still send and read CustomerMasterKeySpec, so it has to work

package servicetest_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func createSpecial(t testing.TB, c *kms.Client, spec types.KeySpec,
	usage types.KeyUsageType) *types.KeyMetadata {
	t.Helper()
	return must(c.CreateKey(t.Context(),
		&kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage}))(t).KeyMetadata
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
	rsaAlgorithms  = []string{"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384",
		"RSASSA_PKCS1_V1_5_SHA_512",
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"}
)

// makes is that table, as "Key spec reference" of the KMS developer guide has it, without what no
// token here can make.
var makes = []made{
	{"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", []string{"SYMMETRIC_DEFAULT"},
		map[string]int{"SYMMETRIC_DEFAULT": 4096}},
	{"HMAC_224", "GENERATE_VERIFY_MAC", []string{"HMAC_SHA_224"}, nil},
	{"HMAC_256", "GENERATE_VERIFY_MAC", []string{"HMAC_SHA_256"}, nil},
	{"HMAC_384", "GENERATE_VERIFY_MAC", []string{"HMAC_SHA_384"}, nil},
	{"HMAC_512", "GENERATE_VERIFY_MAC", []string{"HMAC_SHA_512"}, nil},
	{"RSA_2048", "ENCRYPT_DECRYPT", oaepAlgorithms,
		map[string]int{"RSAES_OAEP_SHA_1": 214, "RSAES_OAEP_SHA_256": 190}},
	{"RSA_3072", "ENCRYPT_DECRYPT", oaepAlgorithms,
		map[string]int{"RSAES_OAEP_SHA_1": 342, "RSAES_OAEP_SHA_256": 318}},
	{"RSA_4096", "ENCRYPT_DECRYPT", oaepAlgorithms,
		map[string]int{"RSAES_OAEP_SHA_1": 470, "RSAES_OAEP_SHA_256": 446}},
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

// elsewhere are the specs that AWS has and this service, on SoftHSM2, has not;
// with the usages that fit them.
var elsewhere = map[types.KeySpec][]types.KeyUsageType{
	"ECC_NIST_EDWARDS25519": {"SIGN_VERIFY"},
	"SM2":                   {"ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"},
	"ML_DSA_44":             {"SIGN_VERIFY"},
	"ML_DSA_65":             {"SIGN_VERIFY"},
	"ML_DSA_87":             {"SIGN_VERIFY"},
	"ML_KEM_512":            {"ENCAPSULATE_DECAPSULATE"},
	"ML_KEM_768":            {"ENCAPSULATE_DECAPSULATE"},
	"ML_KEM_1024":           {"ENCAPSULATE_DECAPSULATE"},
}

// TestCreateKey_EverySpecAndUsage_IsMadeOrRefused: a key can be made for exactly the usages of its
// spec, and describes itself by them.
func TestCreateKey_EverySpecAndUsage_IsMadeOrRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	for _, spec := range types.KeySpec("").Values() {
		if spec != "SYMMETRIC_DEFAULT" {
			_, err := c.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec})
			refused(t, err, "ValidationException",
				"You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
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
					refused(t, err, "ValidationException",
						fmt.Sprintf("KeyUsage %s is not compatible with KeySpec %s", usage, spec))
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
	lists := map[types.KeyUsageType]string{
		"ENCRYPT_DECRYPT":     fmt.Sprint(key.EncryptionAlgorithms),
		"SIGN_VERIFY":         fmt.Sprint(key.SigningAlgorithms),
		"GENERATE_VERIFY_MAC": fmt.Sprint(key.MacAlgorithms),
		"KEY_AGREEMENT":       fmt.Sprint(key.KeyAgreementAlgorithms),
	}
	for usage, got := range lists {
		want := "[]"
		if usage == m.usage {
			want = fmt.Sprint(m.algorithms)
		}
		if got != want {
			t.Errorf("the algorithms of %s are %s, want %s", usage, got, want)
		}
	}
	if key.KeySpec != m.spec || key.CustomerMasterKeySpec != types.CustomerMasterKeySpec(m.spec) ||
		key.KeyUsage != m.usage || !key.Enabled || key.Origin != "AWS_KMS" {
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
	want := fmt.Sprint(key.EncryptionAlgorithms, key.SigningAlgorithms, key.KeyAgreementAlgorithms)
	if got != want || *p.KeyId != *key.Arn || p.KeySpec != m.spec ||
		p.CustomerMasterKeySpec != key.CustomerMasterKeySpec || p.KeyUsage != m.usage {
		t.Errorf("GetPublicKey answered %+v", p)
	}
}

// works calls every operation that takes an algorithm, with one that is told. What isn't told is as
// it should be.
var works = map[string]struct {
	usage      types.KeyUsageType
	algorithms []string
	call       func(ctx context.Context, c *kms.Client, id *string, algorithm string) error
}{
	"Encrypt": {"ENCRYPT_DECRYPT", words(types.EncryptionAlgorithmSpec("").Values()),
		func(ctx context.Context, c *kms.Client, id *string, a string) error {
			_, err := c.Encrypt(ctx,
				&kms.EncryptInput{KeyId: id, Plaintext: []byte("x"),
					EncryptionAlgorithm: types.EncryptionAlgorithmSpec(a)})
			return err
		}},
	"ReEncrypt": {"ENCRYPT_DECRYPT", words(types.EncryptionAlgorithmSpec("").Values()),
		func(ctx context.Context, c *kms.Client, id *string, a string) error {
			blob, err := c.Encrypt(ctx,
				&kms.EncryptInput{KeyId: aws.String("alias/symmetric"), Plaintext: []byte("x")})
			if err != nil {
				return err
			}
			_, err = c.ReEncrypt(ctx,
				&kms.ReEncryptInput{CiphertextBlob: blob.CiphertextBlob, DestinationKeyId: id,
					DestinationEncryptionAlgorithm: types.EncryptionAlgorithmSpec(a)})
			return err
		}},
	"GenerateDataKey": {"ENCRYPT_DECRYPT", []string{"SYMMETRIC_DEFAULT"},
		func(ctx context.Context, c *kms.Client, id *string, _ string) error {
			_, err := c.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: id, KeySpec: "AES_256"})
			return err
		}},
	"GenerateDataKeyWithoutPlaintext": {"ENCRYPT_DECRYPT", []string{"SYMMETRIC_DEFAULT"},
		func(ctx context.Context, c *kms.Client, id *string, _ string) error {
			_, err := c.GenerateDataKeyWithoutPlaintext(ctx,
				&kms.GenerateDataKeyWithoutPlaintextInput{KeyId: id, KeySpec: "AES_256"})
			return err
		}},
	"GenerateDataKeyPair": {"ENCRYPT_DECRYPT", []string{"SYMMETRIC_DEFAULT"},
		func(ctx context.Context, c *kms.Client, id *string, _ string) error {
			_, err := c.GenerateDataKeyPair(ctx,
				&kms.GenerateDataKeyPairInput{KeyId: id, KeyPairSpec: "ECC_NIST_P256"})
			return err
		}},
	"GenerateDataKeyPairWithoutPlaintext": {"ENCRYPT_DECRYPT", []string{"SYMMETRIC_DEFAULT"},
		func(ctx context.Context, c *kms.Client, id *string, _ string) error {
			_, err := c.GenerateDataKeyPairWithoutPlaintext(ctx,
				&kms.GenerateDataKeyPairWithoutPlaintextInput{KeyId: id, KeyPairSpec: "ECC_NIST_P256"})
			return err
		}},
	"Sign": {"SIGN_VERIFY", words(types.SigningAlgorithmSpec("").Values()),
		func(ctx context.Context, c *kms.Client, id *string, a string) error {
			_, err := c.Sign(ctx, &kms.SignInput{KeyId: id, Message: []byte("x"),
				SigningAlgorithm: types.SigningAlgorithmSpec(a)})
			return err
		}},
	"Verify": {"SIGN_VERIFY", words(types.SigningAlgorithmSpec("").Values()),
		func(ctx context.Context, c *kms.Client, id *string, a string) error {
			out, err := c.Sign(ctx,
				&kms.SignInput{KeyId: id, Message: []byte("x"),
					SigningAlgorithm: types.SigningAlgorithmSpec(a)})
			signature := []byte("none")
			if err == nil {
				signature = out.Signature
			}
			_, err = c.Verify(ctx, &kms.VerifyInput{KeyId: id, Message: []byte("x"), Signature: signature,
				SigningAlgorithm: types.SigningAlgorithmSpec(a)})
			return err
		}},
	"GenerateMac": {"GENERATE_VERIFY_MAC", words(types.MacAlgorithmSpec("").Values()),
		func(ctx context.Context, c *kms.Client, id *string, a string) error {
			_, err := c.GenerateMac(ctx,
				&kms.GenerateMacInput{KeyId: id, Message: []byte("x"), MacAlgorithm: types.MacAlgorithmSpec(a)})
			return err
		}},
	"VerifyMac": {"GENERATE_VERIFY_MAC", words(types.MacAlgorithmSpec("").Values()),
		func(ctx context.Context, c *kms.Client, id *string, a string) error {
			out, err := c.GenerateMac(ctx,
				&kms.GenerateMacInput{KeyId: id, Message: []byte("x"), MacAlgorithm: types.MacAlgorithmSpec(a)})
			mac := []byte("none")
			if err == nil {
				mac = out.Mac
			}
			_, err = c.VerifyMac(ctx,
				&kms.VerifyMacInput{KeyId: id, Message: []byte("x"), Mac: mac,
					MacAlgorithm: types.MacAlgorithmSpec(a)})
			return err
		}},
	"DeriveSharedSecret": {"KEY_AGREEMENT", words(types.KeyAgreementAlgorithmSpec("").Values()),
		func(ctx context.Context, c *kms.Client, id *string, a string) error {
			peer := []byte("none")
			if own, err := c.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: id}); err == nil {
				peer = own.PublicKey
			}
			_, err := c.DeriveSharedSecret(ctx,
				&kms.DeriveSharedSecretInput{KeyId: id, PublicKey: peer,
					KeyAgreementAlgorithm: types.KeyAgreementAlgorithmSpec(a)})
			return err
		}},
}

func words[S ~string](values []S) (out []string) {
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

// TestOperation_EveryKeyAndAlgorithm_FitsOrIsRefused: every operation with a key of every spec and
// usage and every algorithm that AWS has for it. What does not fit is refused by name and by text.
func TestOperation_EveryKeyAndAlgorithm_FitsOrIsRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	createAlias(t, c, "alias/symmetric", createKey(t, c).KeyId)
	for _, m := range makes {
		key := createSpecial(t, c, m.spec, m.usage)
		for name, w := range works {
			for _, algorithm := range w.algorithms {
				t.Run(fmt.Sprint(m.spec, " ", m.usage, "/", name, "/", algorithm), func(t *testing.T) {
					err := w.call(t.Context(), c, key.KeyId, algorithm)
					said := name
					if name == "ReEncrypt" {
						said = "ReEncryptTo" // which is what the key is asked for
					}
					switch {
					case w.usage != m.usage:
						refused(t, err, "InvalidKeyUsageException",
							fmt.Sprintf("%s key usage is %s which is not valid for %s.", *key.Arn, m.usage, said))
					case !slices.Contains(m.algorithms, algorithm):
						refused(t, err, "InvalidKeyUsageException",
							fmt.Sprintf("Algorithm %s is incompatible with key spec %s.", algorithm, m.spec))
					default:
						accepted(t, err)
					}
				})
			}
		}
		if m.usage != "ENCRYPT_DECRYPT" { // Decrypt speaks of the key, and not of its usage
			_, err := c.Decrypt(t.Context(),
				&kms.DecryptInput{KeyId: key.KeyId, CiphertextBlob: []byte("x"),
					EncryptionAlgorithm: "RSAES_OAEP_SHA_256"})
			refused(t, err, "IncorrectKeyException",
				"The key ID in the request does not identify a CMK that can perform this operation.")
			_, err = c.ReEncrypt(t.Context(),
				&kms.ReEncryptInput{SourceKeyId: key.KeyId, CiphertextBlob: []byte("x"),
					SourceEncryptionAlgorithm: "RSAES_OAEP_SHA_256",
					DestinationKeyId:          aws.String("alias/symmetric")})
			refused(t, err, "IncorrectKeyException",
				"The key ID in the request does not identify a CMK that can perform this operation.")
		}
	}
}
