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
	"hash"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
)

// takesImports are the specs and usages whose keys take material from elsewhere.
var takesImports = [][2]string{
	{key.SymmetricDefault, key.EncryptDecrypt},
	{"HMAC_224", key.GenerateVerifyMac}, {"HMAC_256", key.GenerateVerifyMac},
	{"HMAC_384", key.GenerateVerifyMac}, {"HMAC_512", key.GenerateVerifyMac},
	{"RSA_2048", key.EncryptDecrypt}, {"RSA_3072", key.EncryptDecrypt},
	{"RSA_4096", key.EncryptDecrypt},
	{"RSA_2048", key.SignVerify}, {"RSA_3072", key.SignVerify}, {"RSA_4096", key.SignVerify},
	{"ECC_NIST_P256", key.SignVerify}, {"ECC_NIST_P384", key.SignVerify},
	{"ECC_NIST_P521", key.SignVerify}, {publickey.SpecSecp256k1, key.SignVerify},
	{"ECC_NIST_P256", key.KeyAgreement}, {"ECC_NIST_P384", key.KeyAgreement},
	{"ECC_NIST_P521", key.KeyAgreement},
}

// A key of every spec and usage is imported, by one algorithm after the other, and Go's standard
// library makes or opens what the service opens or makes. Every algorithm with every kind is in the
// device's suite.
func TestImportKeyMaterial_EverySpecAndUsage_IsTheOwnersKey(t *testing.T) {
	s := start(t)
	for i, x := range takesImports {
		alg := string(hsmtest.Wrappings[i%4])
		if strings.HasPrefix(x[0], "RSA") || x[0] == "ECC_NIST_P521" {
			alg = string(hsmtest.Wrappings[2+i%2])
		}
		id := s.external(x[0], x[1])
		p := s.parameters(id, alg, "RSA_2048")
		end := s.time().Add(24 * time.Hour)
		if !p.ParametersValidTo.Equal(end) || len(p.ImportToken) > 6144 ||
			!strings.HasSuffix(p.KeyId, id) {
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

// isOutside compares a key with the one that it was imported from.
func (s *service) isOutside(id, spec, usage string, material []byte,
	private crypto.PrivateKey) error {
	message := []byte("attack at dawn")
	switch usage {
	case key.GenerateVerifyMac:
		return s.authenticatesAs(id, spec, material, message)
	case key.SignVerify:
		return s.signsAs(id, spec, private, message)
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

func (s *service) authenticatesAs(id, spec string, material, message []byte) error {
	h := map[string]func() hash.Hash{"HMAC_224": sha256.New224, "HMAC_256": sha256.New,
		"HMAC_384": sha512.New384, "HMAC_512": sha512.New}[spec]
	mac := hmac.New(h, material)
	mac.Write(message)
	got := must[cryptoops.GenerateMacOutput](s, "GenerateMac", M{"KeyId": id, "Message": message,
		"MacAlgorithm": strings.Replace(spec, "HMAC_", "HMAC_SHA_", 1)})
	if !hmac.Equal(got.Mac, mac.Sum(nil)) {
		return errors.New("another code")
	}
	return nil
}

func (s *service) signsAs(id, spec string, private crypto.PrivateKey, message []byte) error {
	spki := must[cryptoops.GetPublicKeyOutput](s, "GetPublicKey", M{"KeyId": id}).PublicKey
	for _, name := range key.Specs[spec][key.SignVerify].Algorithms {
		got := must[cryptoops.SignOutput](s, "Sign",
			M{"KeyId": id, "Message": message, "SigningAlgorithm": name})
		alg := custody.Algorithm(name)
		err := hsmtest.Verified(spki, alg, hsmtest.Digest(alg, message), got.Signature)
		if err != nil {
			return err
		}
	}
	p, is := private.(interface{ Public() crypto.PublicKey })
	if !is {
		return nil
	}
	if own, err := x509.MarshalPKIXPublicKey(p.Public()); err != nil || !bytes.Equal(own, spki) {
		return errors.New("another public key")
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
	if err != nil {
		return err
	}
	got := must[cryptoops.DeriveSharedSecretOutput](s, "DeriveSharedSecret",
		M{"KeyId": id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": spki})
	if !bytes.Equal(got.SharedSecret, want) {
		return errors.New("another secret")
	}
	return nil
}

// decryptsFor encrypts outside for RSA keys. Symmetric ciphertexts have a format of the service's
// own, so only the way there and back is shown here. That the bytes are the same is the device's
// suite's to show.
func (s *service) decryptsFor(id string, private crypto.PrivateKey, message []byte) error {
	material, is := private.(*rsa.PrivateKey)
	if !is {
		c := must[cryptoops.EncryptOutput](s, "Encrypt", M{"KeyId": id, "Plaintext": message})
		return s.decryptsTo(M{"CiphertextBlob": c.CiphertextBlob}, message)
	}
	hashes := map[string]hash.Hash{
		publickey.OAEPSHA1: sha1.New(), publickey.OAEPSHA256: sha256.New()}
	for alg, h := range hashes {
		c, err := rsa.EncryptOAEP(h, rand.Reader, &material.PublicKey, message, nil)
		if err != nil {
			return err
		}
		err = s.decryptsTo(M{"KeyId": id, "CiphertextBlob": c, "EncryptionAlgorithm": alg}, message)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *service) decryptsTo(in M, message []byte) error {
	if got := must[cryptoops.DecryptOutput](s, "Decrypt", in); !bytes.Equal(got.Plaintext, message) {
		return errors.New("another plaintext")
	}
	return nil
}
