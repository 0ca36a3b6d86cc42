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
	out := must(k.CreateKey(t.Context(), &kms.CreateKeyInput{Origin: types.OriginTypeExternal,
		KeySpec: spec, KeyUsage: usage}))(t).KeyMetadata
	if out.KeyState != types.KeyStatePendingImport || out.Enabled ||
		out.Origin != types.OriginTypeExternal {
		t.Errorf("%+v", out)
	}
	return out.KeyId
}

// parameters asks for a pair for a key.
func parameters(t testing.TB, k *kms.Client, id *string, alg types.AlgorithmSpec,
	spec types.WrappingKeySpec) *kms.GetParametersForImportOutput {
	t.Helper()
	return must(k.GetParametersForImport(t.Context(), &kms.GetParametersForImportInput{KeyId: id,
		WrappingAlgorithm: alg, WrappingKeySpec: spec}))(t)
}

// parcel asks for a pair for a key and wraps material for it, to last for ever.
func parcel(t testing.TB, k *kms.Client, id *string, alg types.AlgorithmSpec,
	key []byte) *kms.ImportKeyMaterialInput {
	t.Helper()
	p := parameters(t, k, id, alg, types.WrappingKeySpecRsa2048)
	_, err := x509.ParsePKIXPublicKey(p.PublicKey)
	if err != nil || len(p.ImportToken) > 6144 || p.ParametersValidTo == nil ||
		!strings.HasSuffix(*p.KeyId, *id) {
		t.Errorf("%+v, %v", p, err)
	}
	return &kms.ImportKeyMaterialInput{KeyId: id, ImportToken: p.ImportToken,
		ExpirationModel:      types.ExpirationModelTypeKeyMaterialDoesNotExpire,
		EncryptedKeyMaterial: hsmtest.Envelop(t, p.PublicKey, custody.Algorithm(alg), key)}
}

// newMaterial is [parcel] for material that a key is to have besides what it has.
func newMaterial(t testing.TB, k *kms.Client, id *string, alg types.AlgorithmSpec,
	key []byte) *kms.ImportKeyMaterialInput {
	t.Helper()
	in := parcel(t, k, id, alg, key)
	in.ImportType = types.ImportTypeNewKeyMaterial
	return in
}

// decrypts checks what a ciphertext opens to, and returns the id of the material that opened it.
func decrypts(t testing.TB, k *kms.Client, blob []byte, want string) string {
	t.Helper()
	got := must(k.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob}))(t)
	if string(got.Plaintext) != want {
		t.Errorf("%q, want %q", got.Plaintext, want)
	}
	return *got.KeyMaterialId
}

// It follows a key from its import to its expiry and back, as the SDK sees it.
func TestImportedMaterial_BySDK_ExpiresAndComesBack(t *testing.T) {
	s := servicetest.Start(t)
	k := s.KMS()
	id := external(t, k, types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	key, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
	in := newMaterial(t, k, id, types.AlgorithmSpecRsaAesKeyWrapSha256, key)
	until := s.Clock.Now().Add(time.Hour).Truncate(time.Second)
	in.ExpirationModel, in.ValidTo = types.ExpirationModelTypeKeyMaterialExpires, &until
	in.KeyMaterialDescription = aws.String("from the old HSM")
	first := must(k.ImportKeyMaterial(t.Context(), in))(t)
	m := describe(t, k, id)
	if m.KeyState != types.KeyStateEnabled || !m.ValidTo.Equal(until) ||
		m.ExpirationModel != types.ExpirationModelTypeKeyMaterialExpires ||
		*m.CurrentKeyMaterialId != *first.KeyMaterialId || *first.KeyId != *m.Arn {
		t.Errorf("%+v, %+v", first, m)
	}
	listed := must(k.ListKeyRotations(t.Context(), &kms.ListKeyRotationsInput{KeyId: id,
		IncludeKeyMaterial: types.IncludeKeyMaterialAllKeyMaterial}))(t).Rotations
	if len(listed) != 1 || *listed[0].KeyMaterialDescription != "from the old HSM" ||
		listed[0].ImportState != types.ImportStateImported {
		t.Errorf("%+v", listed)
	}
	blob := encrypt(t, k, id, "x", nil)

	s.Clock.Advance(2 * time.Hour)
	s.RunDueJobs(t)
	m = describe(t, k, id)
	if m.KeyState != types.KeyStatePendingImport || m.ValidTo != nil || m.ExpirationModel != "" {
		t.Errorf("%+v", m)
	}
	_, err := k.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
	refused(t, err, "KMSInvalidStateException", "*")

	in.ImportType, in.KeyMaterialId = types.ImportTypeExistingKeyMaterial, first.KeyMaterialId
	in.ExpirationModel = types.ExpirationModelTypeKeyMaterialDoesNotExpire
	in.ValidTo = nil
	again := must(k.ImportKeyMaterial(t.Context(), in))(t)
	if *again.KeyMaterialId != *first.KeyMaterialId {
		t.Errorf("%+v", again)
	}
	decrypts(t, k, blob, "x")
	gone := must(k.DeleteImportedKeyMaterial(t.Context(), &kms.DeleteImportedKeyMaterialInput{
		KeyId: id, KeyMaterialId: first.KeyMaterialId}))(t)
	if *gone.KeyMaterialId != *first.KeyMaterialId || *gone.KeyId != *first.KeyId {
		t.Errorf("%+v", gone)
	}
	s.Clock.Advance(24 * time.Hour)
	_, err = k.ImportKeyMaterial(t.Context(), in)
	refused(t, err, "ExpiredImportTokenException", "*")
}

// What was imported as new becomes current by RotateKeyOnDemand, and both decrypt.
func TestImportedMaterial_NewOne_RotatesOnDemand(t *testing.T) {
	s := servicetest.Start(t)
	k := s.KMS()
	id := external(t, k, types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	var blobs [][]byte
	for n := range 3 {
		key, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
		in := newMaterial(t, k, id, types.AlgorithmSpecRsaesOaepSha1, key)
		out := must(k.ImportKeyMaterial(t.Context(), in))(t)
		if n > 0 {
			must(k.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: id}))(t)
		}
		if m := describe(t, k, id); *m.CurrentKeyMaterialId != *out.KeyMaterialId {
			t.Errorf("round %d: %+v", n, m)
		}
		blobs = append(blobs, encrypt(t, k, id, "x", nil))
	}
	for _, blob := range blobs {
		decrypts(t, k, blob, "x")
	}
}

// Each of the related keys has its own bytes, which have to be the same, and new ones come to the
// primary first.
func TestImportedMaterial_MultiRegionKey_IsImportedInEveryRegion(t *testing.T) {
	s := servicetest.Start(t)
	k, far := s.KMS(), s.KMS(servicetest.WithRegion(servicetest.Abroad))
	id := must(k.CreateKey(t.Context(), &kms.CreateKeyInput{Origin: types.OriginTypeExternal,
		MultiRegion: aws.Bool(true)}))(t).KeyMetadata.KeyId
	one, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
	two, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
	alg := types.AlgorithmSpecRsaesOaepSha256
	first := must(k.ImportKeyMaterial(t.Context(), parcel(t, k, id, alg, one)))(t)
	must(k.ReplicateKey(t.Context(), &kms.ReplicateKeyInput{KeyId: id,
		ReplicaRegion: aws.String(servicetest.Abroad)}))(t)
	blob := encrypt(t, k, id, "x", nil)
	_, err := far.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
	refused(t, err, "KMSInvalidStateException", "*")
	_, err = far.ImportKeyMaterial(t.Context(), parcel(t, far, id, alg, two))
	refused(t, err, "IncorrectKeyMaterialException", "*")
	_, err = far.ImportKeyMaterial(t.Context(), newMaterial(t, far, id, alg, two))
	refused(t, err, "ValidationException", "*")
	same := must(far.ImportKeyMaterial(t.Context(), parcel(t, far, id, alg, one)))(t)
	if *same.KeyMaterialId != *first.KeyMaterialId {
		t.Errorf("%+v", same)
	}
	decrypts(t, far, blob, "x")

	second := must(k.ImportKeyMaterial(t.Context(), newMaterial(t, k, id, alg, two)))(t)
	_, err = k.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: id})
	refused(t, err, "KMSInvalidStateException", "*") // until every Region has it
	existing := parcel(t, far, id, alg, two)
	existing.KeyMaterialId = second.KeyMaterialId
	must(far.ImportKeyMaterial(t.Context(), existing))(t)
	must(k.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: id}))(t)
	blob = encrypt(t, far, id, "y", nil)
	if material := decrypts(t, k, blob, "y"); material != *second.KeyMaterialId {
		t.Errorf("opened by %s", material)
	}
}

// openSSL runs OpenSSL in a directory of its own.
type openSSL struct {
	t   testing.TB
	dir string
}

func (o openSSL) run(args ...string) {
	o.t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = o.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		o.t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
}

func (o openSSL) write(name string, content []byte) {
	o.t.Helper()
	accepted(o.t, os.WriteFile(filepath.Join(o.dir, name), content, 0o600))
}

func (o openSSL) read(name string) []byte {
	o.t.Helper()
	return must(os.ReadFile(filepath.Join(o.dir, name)))(o.t)
}

// wrap wraps a file under the public key in the file named pair. The AES key of RSA_AES_KEY_WRAP_*
// is in the file named aes.
func (o openSSL) wrap(file, hash string, aes []byte, alg types.AlgorithmSpec) []byte {
	o.t.Helper()
	between := strings.HasPrefix(string(alg), "RSA_AES")
	inner := file
	if between {
		inner = "aes"
	}
	o.run("pkeyutl", "-encrypt", "-in", inner, "-out", "outer", "-inkey", "pair", "-keyform", "DER",
		"-pubin", "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:"+hash,
		"-pkeyopt", "rsa_mgf1_md:"+hash)
	if !between {
		return o.read("outer")
	}
	o.run("enc", "-id-aes256-wrap-pad", "-K", hex.EncodeToString(aes), "-iv", "A65959A6",
		"-in", file, "-out", "inner")
	return append(o.read("outer"), o.read("inner")...)
}

// verify checks a signature over the SHA-256 digest of a message by the key in a file.
func (o openSSL) verify(file string, alg types.SigningAlgorithmSpec, message, signature []byte) {
	o.t.Helper()
	digest := sha256.Sum256(message)
	o.write("digest", digest[:])
	o.write("signature", signature)
	args := []string{"pkeyutl", "-verify", "-in", "digest", "-sigfile", "signature",
		"-inkey", file, "-keyform", "DER"}
	switch alg {
	case "RSASSA_PSS_SHA_256":
		args = append(args, "-pkeyopt", "digest:sha256", "-pkeyopt", "rsa_padding_mode:pss",
			"-pkeyopt", "rsa_pss_saltlen:digest")
	case "RSASSA_PKCS1_V1_5_SHA_256":
		args = append(args, "-pkeyopt", "digest:sha256")
	}
	o.run(args...)
}

// The steps are those of AWS's guide "Encrypt key material with OpenSSL": what
// people do by hand has to work.
func TestImportKeyMaterial_WrappedByOpenSSL_IsTaken(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	s := servicetest.Start(t)
	k := s.KMS()
	o := openSSL{t, t.TempDir()}
	aes, message := bytes.Repeat([]byte{9}, 32), []byte("attack at dawn")
	o.write("key", bytes.Repeat([]byte{7}, 32))
	o.write("aes", aes)
	o.run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1",
		"-outform", "DER", "-out", "k1")
	o.run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072",
		"-outform", "DER", "-out", "rsa.any")
	for in, out := range map[string]string{"rsa.any": "rsa", "k1": "curve"} {
		o.run("pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-in", in,
			"-outform", "DER", "-out", out)
	}
	for _, x := range []struct {
		file, hash string
		alg        types.AlgorithmSpec
		spec       types.KeySpec
		usage      types.KeyUsageType
		sign       types.SigningAlgorithmSpec
	}{
		{"key", "sha1", types.AlgorithmSpecRsaesOaepSha1,
			types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt, ""},
		{"key", "sha256", types.AlgorithmSpecRsaesOaepSha256,
			types.KeySpecHmac256, types.KeyUsageTypeGenerateVerifyMac, ""},
		{"curve", "sha256", types.AlgorithmSpecRsaesOaepSha256,
			types.KeySpecEccSecgP256k1, types.KeyUsageTypeSignVerify, "ECDSA_SHA_256"},
		{"curve", "sha1", types.AlgorithmSpecRsaAesKeyWrapSha1,
			types.KeySpecEccSecgP256k1, types.KeyUsageTypeSignVerify, "ECDSA_SHA_256"},
		{"rsa", "sha256", types.AlgorithmSpecRsaAesKeyWrapSha256,
			types.KeySpecRsa3072, types.KeyUsageTypeSignVerify, "RSASSA_PSS_SHA_256"},
		{"rsa", "sha1", types.AlgorithmSpecRsaAesKeyWrapSha1,
			types.KeySpecRsa3072, types.KeyUsageTypeSignVerify, "RSASSA_PKCS1_V1_5_SHA_256"},
	} {
		id := external(t, k, x.spec, x.usage)
		p := parameters(t, k, id, x.alg, types.WrappingKeySpecRsa3072)
		o.write("pair", p.PublicKey)
		must(k.ImportKeyMaterial(t.Context(), &kms.ImportKeyMaterialInput{KeyId: id,
			ImportToken: p.ImportToken, EncryptedKeyMaterial: o.wrap(x.file, x.hash, aes, x.alg),
			ExpirationModel: types.ExpirationModelTypeKeyMaterialDoesNotExpire}))(t)
		if x.sign == "" {
			continue
		}
		signed := must(k.Sign(t.Context(), &kms.SignInput{KeyId: id, Message: message,
			SigningAlgorithm: x.sign}))(t)
		o.verify(x.file, x.sign, message, signed.Signature)
	}
}
