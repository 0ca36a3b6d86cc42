package keystore

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
	"claviger/store"

	"github.com/google/uuid"
)

// external makes a key of a spec and usage that waits for its material.
func (s *service) external(spec, usage string) string {
	s.t.Helper()
	m := must[CreateKeyOutput](s, "CreateKey", M{"Origin": key.OriginExternal, "KeySpec": spec, "KeyUsage": usage}).KeyMetadata
	if m.KeyState != key.PendingImport || m.Enabled || m.Origin != key.OriginExternal || m.CurrentKeyMaterialId != "" || m.ExpirationModel != "" {
		s.t.Errorf("a key without material: %+v", m)
	}
	return m.KeyId
}

// parameters asks for a pair for a key.
func (s *service) parameters(id, algorithm, spec string) GetParametersForImportOutput {
	s.t.Helper()
	return must[GetParametersForImportOutput](s, "GetParametersForImport", M{"KeyId": id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec})
}

const usual = "RSA_AES_KEY_WRAP_SHA_256"

// document is a request that can be had with more members.
type document map[string]any

// wrap makes the request that imports a key under a pair, to last for ever.
func wrap(t testing.TB, id string, p GetParametersForImportOutput, algorithm string, material []byte) document {
	t.Helper()
	return document{"KeyId": id, "ImportToken": p.ImportToken, "ExpirationModel": key.MaterialDoesNotExpire,
		"EncryptedKeyMaterial": hsmtest.Envelop(t, p.PublicKey, custody.Algorithm(algorithm), material)}
}

func (d document) and(more M) document {
	out := maps.Clone(d)
	maps.Copy(out, more)
	return out
}

// bring imports a key into another, under a pair of its own.
func (s *service) bring(id string, material []byte, more M) ImportKeyMaterialOutput {
	s.t.Helper()
	return must[ImportKeyMaterialOutput](s, "ImportKeyMaterial", wrap(s.t, id, s.parameters(id, usual, "RSA_2048"), usual, material).and(more))
}

func (s *service) metadata(id string) key.KeyMetadata {
	s.t.Helper()
	return must[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": id}).KeyMetadata
}

func (s *service) isIn(id string, state key.State) {
	s.t.Helper()
	if m := s.metadata(id); m.KeyState != state || m.Enabled != (state == key.Enabled) {
		s.t.Errorf("the key is in state %s (enabled: %v), not %s", m.KeyState, m.Enabled, state)
	}
}

// refuses performs an operation that must fail.
func (s *service) refuses(what, name string, in M, want string) {
	s.t.Helper()
	if _, code := ask[any](s, name, in); code != want {
		s.t.Errorf("%s: %q, want %q", what, code, want)
	}
}

// takesImports are the specs and usages whose keys take material from elsewhere.
var takesImports = [][2]string{
	{key.SymmetricDefault, key.EncryptDecrypt}, {"HMAC_224", key.GenerateVerifyMac}, {"HMAC_256", key.GenerateVerifyMac}, {"HMAC_384", key.GenerateVerifyMac}, {"HMAC_512", key.GenerateVerifyMac},
	{"RSA_2048", key.EncryptDecrypt}, {"RSA_3072", key.EncryptDecrypt}, {"RSA_4096", key.EncryptDecrypt}, {"RSA_2048", key.SignVerify}, {"RSA_3072", key.SignVerify}, {"RSA_4096", key.SignVerify},
	{"ECC_NIST_P256", key.SignVerify}, {"ECC_NIST_P384", key.SignVerify}, {"ECC_NIST_P521", key.SignVerify}, {publickey.SpecSecp256k1, key.SignVerify},
	{"ECC_NIST_P256", key.KeyAgreement}, {"ECC_NIST_P384", key.KeyAgreement}, {"ECC_NIST_P521", key.KeyAgreement},
}

// TestImportedKeysAreTheirOwnersKeys imports a key of every spec and usage, by one algorithm after the other, and has Go's standard
// library make or open what the service opens or makes. Every algorithm with every kind is in the device's suite.
func TestImportedKeysAreTheirOwnersKeys(t *testing.T) {
	s := start(t)
	for i, x := range takesImports {
		alg := string(hsmtest.Wrappings[i%4])
		if strings.HasPrefix(x[0], "RSA") || x[0] == "ECC_NIST_P521" {
			alg = string(hsmtest.Wrappings[2+i%2])
		}
		id := s.external(x[0], x[1])
		p := s.parameters(id, alg, "RSA_2048")
		if until := s.time().Add(24 * time.Hour); !p.ParametersValidTo.Equal(until) || len(p.ImportToken) > 6144 || !strings.HasSuffix(p.KeyId, id) {
			t.Errorf("%+v", p)
		}
		material, private := hsmtest.Outside(t, x[0])
		must[ImportKeyMaterialOutput](s, "ImportKeyMaterial", wrap(t, id, p, alg, material))
		s.isIn(id, key.Enabled)
		if err := s.isOutside(id, x[0], x[1], material, private); err != nil {
			t.Errorf("%v by %s: %v", x, alg, err)
		}
	}
}

// TestWhatDoesNotFitUnderAPair is refused before there is one.
func TestWhatDoesNotFitUnderAPair(t *testing.T) {
	s := start(t)
	for _, alg := range []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"} {
		for _, x := range [][3]string{{"RSA_2048", key.SignVerify, "RSA_4096"}, {"RSA_4096", key.EncryptDecrypt, "RSA_4096"},
			{"ECC_NIST_P521", key.SignVerify, "RSA_2048"}, {"ECC_NIST_P521", key.KeyAgreement, "RSA_2048"}} {
			s.refuses(fmt.Sprint(x), "GetParametersForImport",
				M{"KeyId": s.external(x[0], x[1]), "WrappingAlgorithm": alg, "WrappingKeySpec": x[2]}, "UnsupportedOperationException")
		}
	}
	s.parameters(s.external("ECC_NIST_P521", key.SignVerify), "RSAES_OAEP_SHA_256", "RSA_3072")
}

// isOutside compares a key with the one that it was imported from.
func (s *service) isOutside(id, spec, usage string, material []byte, private crypto.PrivateKey) error {
	message := []byte("attack at dawn")
	switch usage {
	case key.GenerateVerifyMac:
		h := map[string]func() hash.Hash{"HMAC_224": sha256.New224, "HMAC_256": sha256.New, "HMAC_384": sha512.New384, "HMAC_512": sha512.New}[spec]
		mac := hmac.New(h, material)
		mac.Write(message)
		got := must[GenerateMacOutput](s, "GenerateMac", M{"KeyId": id, "Message": message, "MacAlgorithm": strings.Replace(spec, "HMAC_", "HMAC_SHA_", 1)})
		if !hmac.Equal(got.Mac, mac.Sum(nil)) {
			return errors.New("another code")
		}
	case key.SignVerify:
		spki := must[GetPublicKeyOutput](s, "GetPublicKey", M{"KeyId": id}).PublicKey
		for _, alg := range key.Specs[spec][usage].Algorithms {
			got := must[SignOutput](s, "Sign", M{"KeyId": id, "Message": message, "SigningAlgorithm": alg})
			if err := hsmtest.Verified(spki, custody.Algorithm(alg), hsmtest.Digest(custody.Algorithm(alg), message), got.Signature); err != nil {
				return err
			}
		}
		if p, is := private.(interface{ Public() crypto.PublicKey }); is {
			if own, err := x509.MarshalPKIXPublicKey(p.Public()); err != nil || !bytes.Equal(own, spki) {
				return errors.New("another public key")
			}
		}
	case key.KeyAgreement:
		own, err := private.(*ecdsa.PrivateKey).ECDH()
		if err != nil {
			return err
		}
		return s.sharesWith(id, own)
	case key.EncryptDecrypt:
		return s.decryptsFor(id, private, message)
	}
	return nil
}

func (s *service) sharesWith(id string, own *ecdh.PrivateKey) error {
	peer, err := own.Curve().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	spki, err := x509.MarshalPKIXPublicKey(peer.PublicKey())
	if err != nil {
		return err
	}
	want, err := own.ECDH(peer.PublicKey())
	got := must[DeriveSharedSecretOutput](s, "DeriveSharedSecret", M{"KeyId": id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": spki})
	if err == nil && !bytes.Equal(got.SharedSecret, want) {
		err = errors.New("another secret")
	}
	return err
}

// decryptsFor encrypts outside for RSA keys. Symmetric ciphertexts have a format of the service's own, so only the way there and back
// is shown here; that the bytes are the same is the device's suite's to show.
func (s *service) decryptsFor(id string, private crypto.PrivateKey, message []byte) error {
	material, is := private.(*rsa.PrivateKey)
	if !is {
		c := must[EncryptOutput](s, "Encrypt", M{"KeyId": id, "Plaintext": message})
		if got := must[DecryptOutput](s, "Decrypt", M{"CiphertextBlob": c.CiphertextBlob}); !bytes.Equal(got.Plaintext, message) {
			return errors.New("another plaintext")
		}
		return nil
	}
	for alg, h := range map[string]hash.Hash{publickey.OAEPSHA1: sha1.New(), publickey.OAEPSHA256: sha256.New()} {
		c, err := rsa.EncryptOAEP(h, rand.Reader, &material.PublicKey, message, nil)
		if err != nil {
			return err
		}
		if got := must[DecryptOutput](s, "Decrypt", M{"KeyId": id, "CiphertextBlob": c, "EncryptionAlgorithm": alg}); !bytes.Equal(got.Plaintext, message) {
			return errors.New("another plaintext")
		}
	}
	return nil
}

// TestWhatAnImportMustBe refuses requests one by one, and nothing changes.
func TestWhatAnImportMustBe(t *testing.T) {
	s := start(t)
	id, sign := s.external(key.SymmetricDefault, key.EncryptDecrypt), s.external("ECC_NIST_P256", key.SignVerify)
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	p := s.parameters(id, usual, "RSA_2048")
	good := wrap(t, id, p, usual, material)
	pair, _ := hsmtest.Outside(t, "ECC_NIST_P256")
	ofSign := s.parameters(sign, usual, "RSA_2048")
	goodPair := wrap(t, sign, ofSign, usual, pair)
	forged := bytes.Clone(p.ImportToken)
	forged[len(forged)-2] ^= 1
	seconds := func(d time.Duration) float64 { return float64(s.time().Add(d).UnixMilli()) / 1000 }
	some := strings.Repeat("0a", 32)
	for what, x := range map[string]struct {
		in   M
		code string
	}{
		"no ValidTo":                       {good.and(M{"ExpirationModel": key.MaterialExpires}), "ValidationException"},
		"ValidTo for ever":                 {good.and(M{"ValidTo": seconds(time.Hour)}), "ValidationException"},
		"ValidTo now":                      {good.and(M{"ExpirationModel": key.MaterialExpires, "ValidTo": seconds(0)}), "ValidationException"},
		"ValidTo past":                     {good.and(M{"ExpirationModel": key.MaterialExpires, "ValidTo": seconds(-time.Hour)}), "ValidationException"},
		"ValidTo too late":                 {good.and(M{"ExpirationModel": key.MaterialExpires, "ValidTo": seconds(365*24*time.Hour + time.Second)}), "ValidationException"},
		"new, and known by id":             {good.and(M{"ImportType": imports.NewMaterial, "KeyMaterialId": some}), "ValidationException"},
		"existing before any":              {good.and(M{"ImportType": imports.ExistingMaterial}), "IncorrectKeyMaterialException"},
		"an id of none":                    {good.and(M{"KeyMaterialId": some}), "IncorrectKeyMaterialException"},
		"a forged token":                   {good.and(M{"ImportToken": forged}), "InvalidImportTokenException"},
		"no token":                         {good.and(M{"ImportToken": []byte("x")}), "InvalidImportTokenException"},
		"another key's token":              {good.and(M{"ImportToken": ofSign.ImportToken}), "InvalidImportTokenException"},
		"material for another pair":        {good.and(M{"EncryptedKeyMaterial": goodPair["EncryptedKeyMaterial"]}), "InvalidCiphertextException"},
		"another algorithm":                {wrap(t, id, p, "RSA_AES_KEY_WRAP_SHA_1", material), "InvalidCiphertextException"},
		"a short key":                      {wrap(t, id, p, usual, material[:16]), "IncorrectKeyMaterialException"},
		"a private key":                    {wrap(t, id, p, usual, pair), "IncorrectKeyMaterialException"},
		"a type of an asymmetric key":      {goodPair.and(M{"ImportType": imports.NewMaterial}), "ValidationException"},
		"an id of an asymmetric key":       {goodPair.and(M{"KeyMaterialId": some}), "ValidationException"},
		"a description of an asymmetric":   {goodPair.and(M{"KeyMaterialDescription": "x"}), "ValidationException"},
		"a symmetric key for a curve":      {wrap(t, sign, ofSign, usual, material), "IncorrectKeyMaterialException"},
		"a key of an origin of our own":    {good.and(M{"KeyId": s.key()}), "UnsupportedOperationException"},
		"a key that there isn't":           {good.and(M{"KeyId": anID}), "NotFoundException"},
		"a description that is none":       {good.and(M{"KeyMaterialDescription": "a\x00b"}), "ValidationException"},
		"more than the longest ciphertext": {good.and(M{"EncryptedKeyMaterial": make([]byte, 6145)}), "ValidationException"},
	} {
		s.refuses(what, "ImportKeyMaterial", x.in, x.code)
	}
	for _, x := range []document{{"WrappingAlgorithm": "RSAES_PKCS1_V1_5", "WrappingKeySpec": "RSA_2048"}, {"WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "SM2"},
		{"WrappingAlgorithm": usual, "WrappingKeySpec": "SM2"}} {
		s.refuses(fmt.Sprint(x), "GetParametersForImport", x.and(M{"KeyId": id}), "UnsupportedOperationException")
	}
	for spec, usage := range map[string]string{publickey.SpecEd25519: key.SignVerify, "ML_DSA_65": key.SignVerify, "ML_KEM_768": key.EncapsulateDecapsulate, "SM2": key.SignVerify} {
		s.refuses(spec, "CreateKey", M{"Origin": key.OriginExternal, "KeySpec": spec, "KeyUsage": usage}, "UnsupportedOperationException")
	}
	for _, name := range []string{"GetParametersForImport", "DeleteImportedKeyMaterial"} {
		s.refuses(name, name, M{"KeyId": s.key(), "WrappingAlgorithm": usual, "WrappingKeySpec": "RSA_2048"}, "UnsupportedOperationException")
	}
	s.isIn(id, key.PendingImport)
	s.isIn(sign, key.PendingImport)
	must[ImportKeyMaterialOutput](s, "ImportKeyMaterial", good)
	must[ImportKeyMaterialOutput](s, "ImportKeyMaterial", goodPair)
	s.refuses("a key's own bytes as new", "ImportKeyMaterial", good.and(M{"ImportType": imports.NewMaterial}), "IncorrectKeyMaterialException")
	other, _ := hsmtest.Outside(t, "ECC_NIST_P256")
	s.refuses("another pair", "ImportKeyMaterial", wrap(t, sign, ofSign, usual, other), "IncorrectKeyMaterialException")
}

// TestDeletedMaterialComesBack: with the same bytes, and under its own name, so that all that was made by it is open again, and
// with no others.
func TestDeletedMaterialComesBack(t *testing.T) {
	s := start(t)
	id := s.external(key.SymmetricDefault, key.EncryptDecrypt)
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	first := s.bring(id, material, nil)
	blob := must[EncryptOutput](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	sealed, err := s.sealAs("secretsmanager", id, nil, "secret")
	if err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		in := M{"KeyId": id}
		if round == 1 {
			in["KeyMaterialId"] = first.KeyMaterialId
		}
		out := must[DeleteImportedKeyMaterialOutput](s, "DeleteImportedKeyMaterial", in)
		if out.KeyMaterialId != first.KeyMaterialId || out.KeyId != first.KeyId {
			t.Errorf("%+v", out)
		}
		s.isIn(id, key.PendingImport)
		if m := s.metadata(id); m.ExpirationModel != "" || m.ValidTo != nil || m.CurrentKeyMaterialId != first.KeyMaterialId {
			t.Errorf("without material: %+v", m)
		}
		s.refuses("Decrypt", "Decrypt", M{"CiphertextBlob": blob}, "KMSInvalidStateException")
		if _, err := s.unsealAs("secretsmanager", sealed, nil); err == nil {
			t.Error("a secret is open without its key's material")
		}
		s.holdsNothing(id)
		must[DeleteImportedKeyMaterialOutput](s, "DeleteImportedKeyMaterial", in) // what is gone is as good
		s.isIn(id, key.PendingImport)
		other, _ := hsmtest.Outside(t, key.SymmetricDefault)
		s.refuses("other bytes", "ImportKeyMaterial", wrap(t, id, s.parameters(id, usual, "RSA_2048"), usual, other), "IncorrectKeyMaterialException")
		if again := s.bring(id, material, nil); again != first {
			t.Errorf("%+v came back as %+v", first, again)
		}
		if got := must[DecryptOutput](s, "Decrypt", M{"CiphertextBlob": blob}); string(got.Plaintext) != "x" || got.KeyMaterialId != first.KeyMaterialId {
			t.Errorf("%+v", got)
		}
		if got, err := s.unsealAs("secretsmanager", sealed, nil); got != "secret" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		s.restart() // and from the rows alone
	}
	s.refuses("an id of none", "DeleteImportedKeyMaterial", M{"KeyId": id, "KeyMaterialId": strings.Repeat("0a", 32)}, "NotFoundException")
	sign := s.external("ECC_NIST_P256", key.SignVerify)
	s.refuses("an id of an asymmetric key", "DeleteImportedKeyMaterial", M{"KeyId": sign, "KeyMaterialId": first.KeyMaterialId}, "ValidationException")
}

var qWrapped = store.SQL(`SELECT wrapped FROM kms_materials WHERE account = $1 AND region = $2 AND key_id = $3`)

// holdsNothing checks that neither row nor token has anything left of a key with one material.
func (s *service) holdsNothing(id string) {
	s.t.Helper()
	var wrapped []byte
	if err := s.db.Row(qWrapped, []any{ourAccount, ourRegion, id}, &wrapped); err != nil || len(wrapped) != 0 {
		s.t.Errorf("%d wrapped bytes are left: %v", len(wrapped), err)
	}
}

// TestPairsComeBackByTheirPublicHalf does the same with keys that have one material for ever.
func TestPairsComeBackByTheirPublicHalf(t *testing.T) {
	s := start(t)
	for _, x := range [][2]string{{"HMAC_384", key.GenerateVerifyMac}, {"RSA_2048", key.SignVerify}, {"ECC_NIST_P384", key.KeyAgreement}, {publickey.SpecSecp256k1, key.SignVerify}} {
		id := s.external(x[0], x[1])
		material, private := hsmtest.Outside(t, x[0])
		if out := s.bring(id, material, nil); out.KeyMaterialId != "" {
			t.Errorf("%v: %+v", x, out)
		}
		must[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id})
		s.isIn(id, key.PendingImport)
		if x[0] != "RSA_2048" { // there is one RSA key of a size for all tests
			other, _ := hsmtest.Outside(t, x[0])
			s.refuses(fmt.Sprint(x), "ImportKeyMaterial", wrap(t, id, s.parameters(id, usual, "RSA_2048"), usual, other), "IncorrectKeyMaterialException")
		}
		s.bring(id, material, nil)
		s.isIn(id, key.Enabled)
		if err := s.isOutside(id, x[0], x[1], material, private); err != nil {
			t.Errorf("%v: %v", x, err)
		}
	}
}

// TestMaterialExpires by the clock, unless it was imported again for longer or for ever, and comes back.
func TestMaterialExpires(t *testing.T) {
	s := start(t)
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	until := func(d time.Duration) M {
		return M{"ExpirationModel": key.MaterialExpires, "ValidTo": float64(s.time().Add(d).UnixMilli()) / 1000}
	}
	soon, later, never, parting := s.external(key.SymmetricDefault, key.EncryptDecrypt), s.external(key.SymmetricDefault, key.EncryptDecrypt),
		s.external(key.SymmetricDefault, key.EncryptDecrypt), s.external(key.SymmetricDefault, key.EncryptDecrypt)
	for _, id := range []string{soon, later, never, parting} {
		s.bring(id, material, until(time.Hour))
		if m := s.metadata(id); m.ExpirationModel != key.MaterialExpires || !m.ValidTo.Equal(s.time().Add(time.Hour)) {
			t.Errorf("%+v", m)
		}
	}
	blob := must[EncryptOutput](s, "Encrypt", M{"KeyId": soon, "Plaintext": "eA=="}).CiphertextBlob
	s.bring(later, material, until(2*time.Hour))
	s.bring(never, material, M{"ExpirationModel": key.MaterialDoesNotExpire})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": parting})
	s.pass(time.Hour - time.Millisecond)
	s.jobRunner.RunDue(t.Context())
	s.isIn(soon, key.Enabled)
	s.pass(time.Millisecond)
	s.jobRunner.RunDue(t.Context())
	s.isIn(soon, key.PendingImport)
	s.holdsNothing(soon)
	s.isIn(later, key.Enabled)
	s.isIn(never, key.Enabled)
	s.isIn(parting, key.PendingDeletion)
	s.refuses("Decrypt", "Decrypt", M{"CiphertextBlob": blob}, "KMSInvalidStateException")
	must[any](s, "CancelKeyDeletion", M{"KeyId": parting})
	s.isIn(parting, key.PendingImport)
	s.refuses("enabling a key without material", "EnableKey", M{"KeyId": parting}, "KMSInvalidStateException")
	s.bring(parting, material, nil)
	s.isIn(parting, key.Enabled)
	s.bring(soon, material, nil)
	if got := must[DecryptOutput](s, "Decrypt", M{"CiphertextBlob": blob}); string(got.Plaintext) != "x" {
		t.Errorf("%+v", got)
	}
	s.pass(time.Hour)
	s.jobRunner.RunDue(t.Context())
	s.isIn(later, key.PendingImport)
	s.isIn(never, key.Enabled)
	s.isIn(soon, key.Enabled)
}

// TestTheFirstMaterialToExpireIsShown, current or not, since the key is closed without it; one that was never current is none.
func TestTheFirstMaterialToExpireIsShown(t *testing.T) {
	s := start(t)
	id := s.external(key.SymmetricDefault, key.EncryptDecrypt)
	one, _ := hsmtest.Outside(t, key.SymmetricDefault)
	two, _ := hsmtest.Outside(t, key.SymmetricDefault)
	until := func(d time.Duration) M {
		return M{"ExpirationModel": key.MaterialExpires, "ValidTo": float64(s.time().Add(d).UnixMilli()) / 1000}
	}
	shows := func(model string, in time.Duration) {
		t.Helper()
		m := s.metadata(id)
		if m.ExpirationModel != model || (m.ValidTo == nil) != (in == 0) || in != 0 && !m.ValidTo.Equal(s.time().Add(in)) {
			t.Errorf("%s until %v, want %s for %s", m.ExpirationModel, m.ValidTo, model, in)
		}
	}
	shows("", 0)
	s.bring(id, one, until(2*time.Hour))
	new := until(time.Hour)
	new["ImportType"] = imports.NewMaterial
	s.bring(id, two, new)
	shows(key.MaterialExpires, 2*time.Hour)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	shows(key.MaterialExpires, time.Hour)
	s.bring(id, two, nil)
	shows(key.MaterialExpires, 2*time.Hour)
	s.bring(id, one, nil)
	shows(key.MaterialDoesNotExpire, 0)
}

// TestAClockThatIsSetBackExpiresNothing: the job stays until the time has come again.
func TestAClockThatIsSetBackExpiresNothing(t *testing.T) {
	s := start(t)
	id := s.external(key.SymmetricDefault, key.EncryptDecrypt)
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	s.bring(id, material, M{"ExpirationModel": key.MaterialExpires, "ValidTo": float64(s.time().Add(time.Hour).UnixMilli()) / 1000})
	m := s.metadata(id)
	c := s.runner.Own(t.Context(), ourAccount, ourRegion, "kms")
	if err := s.keys.Expire(c, imports.Subject(id, m.CurrentKeyMaterialId)); err == nil {
		t.Error("the job ended before its time")
	}
	s.isIn(id, key.Enabled)
	for _, subject := range []string{imports.Subject(id, strings.Repeat("0a", 32)), imports.Subject(anID, m.CurrentKeyMaterialId), imports.Subject(s.key(), m.CurrentKeyMaterialId)} {
		if err := s.keys.Expire(c, subject); err != nil {
			t.Errorf("a job that has nothing to do: %v", err)
		}
	}
}

// TestPairsAreGoneAfterADay from the database and from the token, and no import is taken after that.
func TestPairsAreGoneAfterADay(t *testing.T) {
	s := start(t)
	id := s.external(key.SymmetricDefault, key.EncryptDecrypt)
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	in := wrap(t, id, s.parameters(id, "RSAES_OAEP_SHA_1", "RSA_2048"), "RSAES_OAEP_SHA_1", material)
	for range 2 { // a token serves more than once
		must[any](s, "ImportKeyMaterial", in)
	}
	handles := s.token.Stats().Handles
	s.pass(imports.PairLifetime - time.Millisecond)
	s.jobRunner.RunDue(t.Context())
	must[any](s, "ImportKeyMaterial", in)
	s.pass(time.Millisecond)
	s.refuses("at the end", "ImportKeyMaterial", in, "ExpiredImportTokenException")
	s.jobRunner.RunDue(t.Context())
	s.refuses("after the end", "ImportKeyMaterial", in, "ExpiredImportTokenException")
	if n := s.count(qCountPairs); n != 0 {
		t.Errorf("%d pairs are left", n)
	}
	if now := s.token.Stats().Handles; now != handles-1 {
		t.Errorf("%d handles are left of %d", now, handles)
	}
}

// TestAKeyHasSoManyPairs at once, so that nobody keeps the token busy with making them.
func TestAKeyHasSoManyPairs(t *testing.T) {
	s := start(t)
	id, other := s.external(key.SymmetricDefault, key.EncryptDecrypt), s.external(key.SymmetricDefault, key.EncryptDecrypt)
	in := M{"KeyId": id, "WrappingAlgorithm": usual, "WrappingKeySpec": "RSA_2048"}
	must[GetParametersForImportOutput](s, "GetParametersForImport", in)
	for range imports.MaxPairs - 1 {
		err := s.db.Commit(func(tx *store.Tx) error {
			_, err := tx.Exec(qTwinPair, uuid.NewString())
			return err
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	s.refuses("one more", "GetParametersForImport", in, "LimitExceededException")
	must[GetParametersForImportOutput](s, "GetParametersForImport", M{"KeyId": other, "WrappingAlgorithm": usual, "WrappingKeySpec": "RSA_2048"})
}

// TestADisabledKeyStaysDisabled when material that it has is imported again; what lacked material is enabled by it.
func TestADisabledKeyStaysDisabled(t *testing.T) {
	s := start(t)
	id := s.external(key.SymmetricDefault, key.EncryptDecrypt)
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	s.bring(id, material, nil)
	must[any](s, "DisableKey", M{"KeyId": id})
	s.bring(id, material, nil)
	s.isIn(id, key.Disabled)
	must[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id})
	s.bring(id, material, nil)
	s.isIn(id, key.Enabled)
}

var (
	qTwinPair = store.Wide(`INSERT INTO kms_import_pairs (account, region, key_id, id, algorithm, spec, kind, root, mechanism, wrapped, public, verifier, expires, failures, mac)
		SELECT account, region, key_id, $1, algorithm, spec, kind, root, mechanism, wrapped, public, verifier, expires, failures, mac FROM kms_import_pairs LIMIT 1`,
		"a test copies the one there is")
	qCountPairs = store.Wide(`SELECT count(*) FROM kms_import_pairs`, "a test counts them all")
	qAllWorn    = store.Wide(`SELECT sum(failures) FROM kms_import_pairs`, "a test adds them all up")
	qAlterPair  = store.Wide(`UPDATE kms_import_pairs SET algorithm = $1`, "a test alters them all")
)

func (s *service) count(q *store.Query) (n int) {
	s.t.Helper()
	if err := s.db.Row(q, nil, &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// TestAPairFailsTenTimes whoever asks at once; what is unwrapped and unfit, and what is good, isn't counted.
func TestAPairFailsTenTimes(t *testing.T) {
	s := start(t)
	id := s.external(key.SymmetricDefault, key.EncryptDecrypt)
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	p := s.parameters(id, usual, "RSA_2048")
	good := wrap(t, id, p, usual, material)
	for range 2 * imports.MaxFailures {
		s.refuses("unfit", "ImportKeyMaterial", wrap(t, id, p, usual, material[:24]), "IncorrectKeyMaterialException")
		must[any](s, "ImportKeyMaterial", good)
	}
	if n := s.count(qAllWorn); n != 0 {
		t.Errorf("%d attempts are counted", n)
	}
	bad := good.and(M{"EncryptedKeyMaterial": append(bytes.Clone(good["EncryptedKeyMaterial"].([]byte)), make([]byte, 8)...)})
	var mu sync.Mutex
	answers := map[string]int{}
	var all sync.WaitGroup
	for range 3 * imports.MaxFailures {
		all.Go(func() {
			_, code := ask[any](s, "ImportKeyMaterial", bad)
			mu.Lock()
			defer mu.Unlock()
			answers[code]++
		})
	}
	all.Wait()
	if answers["InvalidCiphertextException"] != imports.MaxFailures || answers["ExpiredImportTokenException"] != 2*imports.MaxFailures {
		t.Errorf("%v", answers)
	}
	s.refuses("good, and too late", "ImportKeyMaterial", good, "ExpiredImportTokenException")
	s.bring(id, material, nil)
}

// TestNewMaterialWaitsForItsRotation: one at a time, and only with symmetric keys.
func TestNewMaterialWaitsForItsRotation(t *testing.T) {
	s := start(t)
	id := s.external(key.SymmetricDefault, key.EncryptDecrypt)
	one, _ := hsmtest.Outside(t, key.SymmetricDefault)
	two, _ := hsmtest.Outside(t, key.SymmetricDefault)
	three, _ := hsmtest.Outside(t, key.SymmetricDefault)
	first := s.bring(id, one, M{"KeyMaterialDescription": "the first"})
	second := s.bring(id, two, M{"ImportType": imports.NewMaterial, "KeyMaterialDescription": "the second"})
	if second.KeyMaterialId == first.KeyMaterialId || s.metadata(id).CurrentKeyMaterialId != first.KeyMaterialId {
		t.Errorf("%+v, %+v", first, second)
	}
	s.isIn(id, key.Enabled)
	p := s.parameters(id, usual, "RSA_2048")
	s.refuses("a third", "ImportKeyMaterial", wrap(t, id, p, usual, three).and(M{"ImportType": imports.NewMaterial}), "KMSInvalidStateException")
	s.refuses("the wrong one", "ImportKeyMaterial", wrap(t, id, p, usual, one).and(M{"KeyMaterialId": second.KeyMaterialId}), "IncorrectKeyMaterialException")
	must[any](s, "ImportKeyMaterial", wrap(t, id, p, usual, two).and(M{"KeyMaterialId": second.KeyMaterialId}))
	if m := s.materialOf(id, second.KeyMaterialId); m.RotationType != key.RotationPending || m.Description != "the second" || !m.IsPresent() {
		t.Errorf("%+v", m)
	}
	must[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id, "KeyMaterialId": second.KeyMaterialId})
	s.isIn(id, key.Enabled) // it was never used
	s.refuses("one that is forgotten", "ImportKeyMaterial", wrap(t, id, p, usual, two), "IncorrectKeyMaterialException")
	third := s.bring(id, three, M{"ImportType": imports.NewMaterial})
	if slices.Contains([]string{first.KeyMaterialId, second.KeyMaterialId}, third.KeyMaterialId) {
		t.Errorf("%+v", third)
	}
	must[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id})
	s.isIn(id, key.PendingImport)
	s.bring(id, three, nil) // it doesn't bring the first back
	s.isIn(id, key.PendingImport)
	s.bring(id, one, nil)
	s.isIn(id, key.Enabled)
}

func (s *service) materialOf(id, material string) key.Material {
	s.t.Helper()
	k, err := s.keys.rows.Load(s.t.Context(), key.Ref{Account: ourAccount, Region: ourRegion, ID: id})
	if err != nil {
		s.t.Fatal(err)
	}
	return k.Materials[material]
}

// TestImportsMeetDeletions imports and deletes at once: each answers as if it had been alone, and the key is in a state that fits
// what it has.
func TestImportsMeetDeletions(t *testing.T) {
	s := start(t)
	id := s.external(key.SymmetricDefault, key.EncryptDecrypt)
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	first := s.bring(id, material, nil)
	blob := must[EncryptOutput](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	in := wrap(t, id, s.parameters(id, usual, "RSA_2048"), usual, material)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 8 {
				if out, code := ask[ImportKeyMaterialOutput](s, "ImportKeyMaterial", in); code == "" && out != first || code != "" && code != "ThrottlingException" {
					t.Errorf("importing: %+v, %s", out, code)
				}
			}
		})
		all.Go(func() {
			for range 8 {
				if _, code := ask[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id}); code != "" && code != "ThrottlingException" {
					t.Errorf("deleting: %s", code)
				}
			}
		})
		all.Go(func() {
			for range 8 {
				got, code := ask[DecryptOutput](s, "Decrypt", M{"CiphertextBlob": blob})
				if code == "" && string(got.Plaintext) != "x" || code != "" && code != "KMSInvalidStateException" {
					t.Errorf("decrypting: %+v, %s", got, code)
				}
			}
		})
	}
	all.Wait()
	there := s.materialOf(id, first.KeyMaterialId).IsPresent()
	s.isIn(id, map[bool]key.State{true: key.Enabled, false: key.PendingImport}[there])
	s.bring(id, material, nil)
	if got := must[DecryptOutput](s, "Decrypt", M{"CiphertextBlob": blob}); string(got.Plaintext) != "x" {
		t.Errorf("%+v", got)
	}
	if n := s.count(qAllWorn); n != 0 {
		t.Errorf("%d attempts are counted", n)
	}
}

// TestAnAlteredPairIsRefused: its row is signed, so that nobody who can write to the database chooses how a key comes in.
func TestAnAlteredPairIsRefused(t *testing.T) {
	s := start(t)
	id := s.external(key.SymmetricDefault, key.EncryptDecrypt)
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	in := wrap(t, id, s.parameters(id, usual, "RSA_2048"), usual, material)
	err := s.db.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(qAlterPair, "RSAES_OAEP_SHA_1")
		return err
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.refuses("an altered row", "ImportKeyMaterial", in, "KMSInternalException")
	s.isIn(id, key.PendingImport)
}

// TestTheTrailSaysHowAKeyCameIn and nothing of the key.
func TestTheTrailSaysHowAKeyCameIn(t *testing.T) {
	s := start(t)
	for alg, path := range map[string]string{"RSAES_OAEP_SHA_1": "token", "RSA_AES_KEY_WRAP_SHA_1": "token",
		"RSAES_OAEP_SHA_256": "key material in the service's memory", "RSA_AES_KEY_WRAP_SHA_256": "wrapping key in the service's memory"} {
		id := s.external(key.SymmetricDefault, key.EncryptDecrypt)
		material, _ := hsmtest.Outside(t, key.SymmetricDefault)
		must[any](s, "ImportKeyMaterial", wrap(t, id, s.parameters(id, alg, "RSA_2048"), alg, material))
		found := 0
		for _, r := range s.records() {
			if strings.Contains(r, `"eventName":"ImportKeyMaterial"`) && strings.Contains(r, id) && strings.Contains(r, `"unwrapPath":"`+path+`"`) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s: %d records say %q", alg, found, path)
		}
	}
}
