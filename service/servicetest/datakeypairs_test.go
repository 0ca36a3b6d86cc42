package servicetest_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"strings"
	"testing"

	"claviger/internal/lattice"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// TestGenerateDataKeyPair_EverySpec_ComesBackByDecrypt: a pair is one that the standard library can
// use, its private key comes back by Decrypt, and each is new.
func TestGenerateDataKeyPair_EverySpec_ComesBackByDecrypt(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	context := map[string]string{"for": "laptop"}
	for _, spec := range types.DataKeyPairSpec("").Values() {
		t.Run(string(spec), func(t *testing.T) {
			in := &kms.GenerateDataKeyPairInput{KeyId: key.KeyId, KeyPairSpec: spec,
				EncryptionContext: context}
			bare := &kms.GenerateDataKeyPairWithoutPlaintextInput{KeyId: key.KeyId, KeyPairSpec: spec,
				EncryptionContext: context}
			if spec == "SM2" {
				refused(t, second(c.GenerateDataKeyPair(t.Context(), in)), "UnsupportedOperationException", "*")
				refused(t, second(c.GenerateDataKeyPairWithoutPlaintext(t.Context(), bare)),
					"UnsupportedOperationException", "*")
				return
			}
			g := must(c.GenerateDataKeyPair(t.Context(), in))(t)
			d := must(c.Decrypt(t.Context(),
				&kms.DecryptInput{CiphertextBlob: g.PrivateKeyCiphertextBlob, EncryptionContext: context}))(t)
			if !bytes.Equal(d.Plaintext, g.PrivateKeyPlaintext) || *g.KeyId != *key.Arn ||
				g.KeyPairSpec != spec || *g.KeyMaterialId != *key.CurrentKeyMaterialId {
				t.Errorf("GenerateDataKeyPair answered %s, %s, %s", *g.KeyId, g.KeyPairSpec, *g.KeyMaterialId)
			}
			matches(t, spec, g.PrivateKeyPlaintext, g.PublicKey)
			w := must(c.GenerateDataKeyPairWithoutPlaintext(t.Context(), bare))(t)
			d = must(c.Decrypt(t.Context(),
				&kms.DecryptInput{CiphertextBlob: w.PrivateKeyCiphertextBlob, EncryptionContext: context}))(t)
			matches(t, spec, d.Plaintext, w.PublicKey)
			if *w.KeyId != *key.Arn || w.KeyPairSpec != spec ||
				*w.KeyMaterialId != *key.CurrentKeyMaterialId || bytes.Equal(w.PublicKey, g.PublicKey) {
				t.Errorf("GenerateDataKeyPairWithoutPlaintext answered %s, %s, %s", *w.KeyId, w.KeyPairSpec,
					*w.KeyMaterialId)
			}
			_, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: g.PrivateKeyCiphertextBlob})
			refused(t, err, "InvalidCiphertextException", "")
		})
	}
	_, err := c.GenerateDataKeyPair(t.Context(),
		&kms.GenerateDataKeyPairInput{KeyId: key.KeyId, KeyPairSpec: "RSA_2048",
			Recipient: &types.RecipientInfo{AttestationDocument: []byte("x")}})
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
		if rest, err := asn1.Unmarshal(pkcs8.Key, &key); err != nil || len(rest) > 0 ||
			key.Version != 1 || len(key.D) != 32 {
			t.Fatalf("no ECPrivateKey: %v", err)
		}
		point := secp256k1.PrivKeyFromBytes(key.D).PubKey().SerializeUncompressed()
		if !pkcs8.Algorithm.Curve.Equal(asn1.ObjectIdentifier{1, 3, 132, 0, 10}) ||
			!bytes.Equal(point, key.Point.Bytes) || !bytes.HasSuffix(public, point) {
			t.Error("the two keys are no pair")
		}
		return
	}
	if strings.HasPrefix(string(spec), "ML_KEM") {
		// RFC 9935 section 6, the seed alone: [0] of 64 bytes.
		seed := private[len(private)-lattice.SeedSize:]
		key := must(lattice.NewDecapsulation(string(spec), seed))(t)
		if len(private) != 86 || !bytes.Equal(key.PKCS8(), private) ||
			!bytes.Equal(key.Public.SPKI(), public) {
			t.Errorf("the two keys are no pair of %s", spec)
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
	want := strings.Replace(string(spec), "ECC_NIST_EDWARDS25519", "ed25519.PrivateKey", 1)
	if got != want {
		t.Errorf("it is a pair of %s", got)
	}
}
