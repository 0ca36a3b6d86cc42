package servicetest_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// external makes a key that waits for its material.
func external(t testing.TB, k *kms.Client, spec types.KeySpec, usage types.KeyUsageType) *string {
	t.Helper()
	out := must(k.CreateKey(t.Context(), &kms.CreateKeyInput{Origin: types.OriginTypeExternal, KeySpec: spec, KeyUsage: usage}))(t).KeyMetadata
	if out.KeyState != types.KeyStatePendingImport || out.Enabled || out.Origin != types.OriginTypeExternal {
		t.Errorf("%+v", out)
	}
	return out.KeyId
}

// parcel asks for a pair for a key and wraps material for it.
func parcel(t testing.TB, k *kms.Client, id *string, alg types.AlgorithmSpec, key []byte) *kms.ImportKeyMaterialInput {
	t.Helper()
	p := must(k.GetParametersForImport(t.Context(), &kms.GetParametersForImportInput{KeyId: id, WrappingAlgorithm: alg, WrappingKeySpec: types.WrappingKeySpecRsa2048}))(t)
	if _, err := x509.ParsePKIXPublicKey(p.PublicKey); err != nil || len(p.ImportToken) > 6144 || p.ParametersValidTo == nil || !strings.HasSuffix(*p.KeyId, *id) {
		t.Errorf("%+v, %v", p, err)
	}
	return &kms.ImportKeyMaterialInput{KeyId: id, ImportToken: p.ImportToken, ExpirationModel: types.ExpirationModelTypeKeyMaterialDoesNotExpire,
		EncryptedKeyMaterial: hsmtest.Envelop(t, p.PublicKey, custody.Algorithm(alg), key)}
}

// TestImportedMaterial follows a key from its import to its expiry and back, as the SDK sees it.
func TestImportedMaterial(t *testing.T) {
	s := servicetest.Start(t)
	k := s.KMS()
	id := external(t, k, types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	key, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
	in := parcel(t, k, id, types.AlgorithmSpecRsaAesKeyWrapSha256, key)
	until := s.Clock.Now().Add(time.Hour).Truncate(time.Second)
	in.ExpirationModel, in.ValidTo, in.KeyMaterialDescription = types.ExpirationModelTypeKeyMaterialExpires, &until, aws.String("from the old HSM")
	in.ImportType = types.ImportTypeNewKeyMaterial
	first := must(k.ImportKeyMaterial(t.Context(), in))(t)
	m := must(k.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id}))(t).KeyMetadata
	if m.KeyState != types.KeyStateEnabled || m.ExpirationModel != types.ExpirationModelTypeKeyMaterialExpires || !m.ValidTo.Equal(until) ||
		*m.CurrentKeyMaterialId != *first.KeyMaterialId || *first.KeyId != *m.Arn {
		t.Errorf("%+v, %+v", first, m)
	}
	listed := must(k.ListKeyRotations(t.Context(), &kms.ListKeyRotationsInput{KeyId: id, IncludeKeyMaterial: types.IncludeKeyMaterialAllKeyMaterial}))(t).Rotations
	if len(listed) != 1 || *listed[0].KeyMaterialDescription != "from the old HSM" || listed[0].ImportState != types.ImportStateImported {
		t.Errorf("%+v", listed)
	}
	blob := encrypt(t, k, id, "x", nil)

	s.Clock.Advance(2 * time.Hour)
	s.RunDueJobs(t)
	if m := must(k.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id}))(t).KeyMetadata; m.KeyState != types.KeyStatePendingImport || m.ValidTo != nil || m.ExpirationModel != "" {
		t.Errorf("%+v", m)
	}
	_, err := k.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
	refused(t, err, "KMSInvalidStateException", "*")

	in.ImportType, in.KeyMaterialId = types.ImportTypeExistingKeyMaterial, first.KeyMaterialId
	in.ExpirationModel, in.ValidTo = types.ExpirationModelTypeKeyMaterialDoesNotExpire, nil
	if again := must(k.ImportKeyMaterial(t.Context(), in))(t); *again.KeyMaterialId != *first.KeyMaterialId {
		t.Errorf("%+v", again)
	}
	if got := must(k.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob}))(t); string(got.Plaintext) != "x" {
		t.Errorf("%q", got.Plaintext)
	}
	gone := must(k.DeleteImportedKeyMaterial(t.Context(), &kms.DeleteImportedKeyMaterialInput{KeyId: id, KeyMaterialId: first.KeyMaterialId}))(t)
	if *gone.KeyMaterialId != *first.KeyMaterialId || *gone.KeyId != *first.KeyId {
		t.Errorf("%+v", gone)
	}
	s.Clock.Advance(24 * time.Hour)
	_, err = k.ImportKeyMaterial(t.Context(), in)
	refused(t, err, "ExpiredImportTokenException", "*")
}

// TestImportedMaterialRotates: what was imported as new becomes current by RotateKeyOnDemand, and both decrypt.
func TestImportedMaterialRotates(t *testing.T) {
	s := servicetest.Start(t)
	k := s.KMS()
	id := external(t, k, types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	var blobs [][]byte
	for n := range 3 {
		key, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
		in := parcel(t, k, id, types.AlgorithmSpecRsaesOaepSha1, key)
		in.ImportType = types.ImportTypeNewKeyMaterial
		out := must(k.ImportKeyMaterial(t.Context(), in))(t)
		if n > 0 {
			must(k.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: id}))(t)
		}
		if m := must(k.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id}))(t).KeyMetadata; *m.CurrentKeyMaterialId != *out.KeyMaterialId {
			t.Errorf("round %d: %+v", n, m)
		}
		blobs = append(blobs, encrypt(t, k, id, "x", nil))
	}
	for _, blob := range blobs {
		if got := must(k.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob}))(t); string(got.Plaintext) != "x" {
			t.Errorf("%q", got.Plaintext)
		}
	}
}

// TestImportsInEveryRegion: each key of a family has its own bytes, which have to be the same, and new ones come to the primary first.
func TestImportsInEveryRegion(t *testing.T) {
	s := servicetest.Start(t)
	k, far := s.KMS(), s.KMS(servicetest.WithRegion(servicetest.Abroad))
	id := must(k.CreateKey(t.Context(), &kms.CreateKeyInput{Origin: types.OriginTypeExternal, MultiRegion: aws.Bool(true)}))(t).KeyMetadata.KeyId
	one, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
	two, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
	alg := types.AlgorithmSpecRsaesOaepSha256
	first := must(k.ImportKeyMaterial(t.Context(), parcel(t, k, id, alg, one)))(t)
	must(k.ReplicateKey(t.Context(), &kms.ReplicateKeyInput{KeyId: id, ReplicaRegion: aws.String(servicetest.Abroad)}))(t)
	blob := encrypt(t, k, id, "x", nil)
	_, err := far.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
	refused(t, err, "KMSInvalidStateException", "*")
	_, err = far.ImportKeyMaterial(t.Context(), parcel(t, far, id, alg, two))
	refused(t, err, "IncorrectKeyMaterialException", "*")
	fresh := parcel(t, far, id, alg, two)
	fresh.ImportType = types.ImportTypeNewKeyMaterial
	_, err = far.ImportKeyMaterial(t.Context(), fresh)
	refused(t, err, "ValidationException", "*")
	if same := must(far.ImportKeyMaterial(t.Context(), parcel(t, far, id, alg, one)))(t); *same.KeyMaterialId != *first.KeyMaterialId {
		t.Errorf("%+v", same)
	}
	if got := must(far.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob}))(t); string(got.Plaintext) != "x" {
		t.Errorf("%q", got.Plaintext)
	}
	next := parcel(t, k, id, alg, two)
	next.ImportType = types.ImportTypeNewKeyMaterial
	second := must(k.ImportKeyMaterial(t.Context(), next))(t)
	_, err = k.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: id})
	refused(t, err, "KMSInvalidStateException", "*") // until every Region has it
	existing := parcel(t, far, id, alg, two)
	existing.KeyMaterialId = second.KeyMaterialId
	must(far.ImportKeyMaterial(t.Context(), existing))(t)
	must(k.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: id}))(t)
	blob = encrypt(t, far, id, "y", nil)
	if got := must(k.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob}))(t); string(got.Plaintext) != "y" || *got.KeyMaterialId != *second.KeyMaterialId {
		t.Errorf("%+v", got)
	}
}

// TestOpenSSLWrapsForUs follows the steps of AWS's guide "Encrypt key material with OpenSSL": what people do by hand has to work.
func TestOpenSSLWrapsForUs(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	s := servicetest.Start(t)
	k := s.KMS()
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	read := func(name string) []byte { return must(os.ReadFile(filepath.Join(dir, name)))(t) }
	key, aes := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, 32)
	for name, content := range map[string][]byte{"key": key, "aes": aes} {
		accepted(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-outform", "DER", "-out", "k1")
	run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-outform", "DER", "-out", "rsa.any")
	run("pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-in", "rsa.any", "-outform", "DER", "-out", "rsa")
	run("pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-in", "k1", "-outform", "DER", "-out", "curve")
	for _, x := range []struct {
		file, hash string
		alg        types.AlgorithmSpec
		spec       types.KeySpec
		usage      types.KeyUsageType
		sign       types.SigningAlgorithmSpec
	}{
		{"key", "sha1", types.AlgorithmSpecRsaesOaepSha1, types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt, ""},
		{"key", "sha256", types.AlgorithmSpecRsaesOaepSha256, types.KeySpecHmac256, types.KeyUsageTypeGenerateVerifyMac, ""},
		{"curve", "sha256", types.AlgorithmSpecRsaesOaepSha256, types.KeySpecEccSecgP256k1, types.KeyUsageTypeSignVerify, "ECDSA_SHA_256"},
		{"curve", "sha1", types.AlgorithmSpecRsaAesKeyWrapSha1, types.KeySpecEccSecgP256k1, types.KeyUsageTypeSignVerify, "ECDSA_SHA_256"},
		{"rsa", "sha256", types.AlgorithmSpecRsaAesKeyWrapSha256, types.KeySpecRsa3072, types.KeyUsageTypeSignVerify, "RSASSA_PSS_SHA_256"},
		{"rsa", "sha1", types.AlgorithmSpecRsaAesKeyWrapSha1, types.KeySpecRsa3072, types.KeyUsageTypeSignVerify, "RSASSA_PKCS1_V1_5_SHA_256"},
	} {
		id := external(t, k, x.spec, x.usage)
		p := must(k.GetParametersForImport(t.Context(), &kms.GetParametersForImportInput{KeyId: id, WrappingAlgorithm: x.alg, WrappingKeySpec: types.WrappingKeySpecRsa3072}))(t)
		accepted(t, os.WriteFile(filepath.Join(dir, "pair"), p.PublicKey, 0o600))
		between := strings.HasPrefix(string(x.alg), "RSA_AES")
		inner := x.file
		if between {
			inner = "aes"
		}
		run("pkeyutl", "-encrypt", "-in", inner, "-out", "outer", "-inkey", "pair", "-keyform", "DER", "-pubin",
			"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:"+x.hash, "-pkeyopt", "rsa_mgf1_md:"+x.hash)
		material := read("outer")
		if between {
			run("enc", "-id-aes256-wrap-pad", "-K", hex.EncodeToString(aes), "-iv", "A65959A6", "-in", x.file, "-out", "inner")
			material = append(material, read("inner")...)
		}
		must(k.ImportKeyMaterial(t.Context(), &kms.ImportKeyMaterialInput{KeyId: id, ImportToken: p.ImportToken, EncryptedKeyMaterial: material,
			ExpirationModel: types.ExpirationModelTypeKeyMaterialDoesNotExpire}))(t)
		if x.sign == "" {
			continue
		}
		signed := must(k.Sign(t.Context(), &kms.SignInput{KeyId: id, Message: []byte("attack at dawn"), SigningAlgorithm: x.sign}))(t)
		digest := sha256.Sum256([]byte("attack at dawn"))
		accepted(t, os.WriteFile(filepath.Join(dir, "digest"), digest[:], 0o600))
		accepted(t, os.WriteFile(filepath.Join(dir, "signature"), signed.Signature, 0o600))
		verify := []string{"pkeyutl", "-verify", "-in", "digest", "-sigfile", "signature", "-inkey", x.file, "-keyform", "DER"}
		switch x.sign {
		case "RSASSA_PSS_SHA_256":
			verify = append(verify, "-pkeyopt", "digest:sha256", "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest")
		case "RSASSA_PKCS1_V1_5_SHA_256":
			verify = append(verify, "-pkeyopt", "digest:sha256")
		}
		run(verify...)
	}
}
