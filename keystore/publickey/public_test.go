package publickey

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"maps"
	"slices"
	"testing"

	"claviger/internal/lattice"

	"filippo.io/mldsa"
	mldsax509 "filippo.io/mldsa/x509"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// publics are one public key of each asymmetric spec, and a few of none.
func publics(t testing.TB) (of map[string][]byte, none [][]byte) {
	t.Helper()
	of = map[string][]byte{}
	for _, spec := range []string{"RSA_2048", "RSA_3072", "ECC_NIST_P256", "ECC_NIST_P384",
		"ECC_NIST_P521", SpecSecp256k1, SpecEd25519, "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"} {
		_, public, err := Generate(spec)
		noError(t, err)
		of[spec] = public
	}
	for spec, set := range map[string]mldsa.Parameters{"ML_DSA_44": mldsa.MLDSA44(),
		"ML_DSA_65": mldsa.MLDSA65(), "ML_DSA_87": mldsa.MLDSA87()} {
		key, err := mldsa.GenerateKey(set)
		noError(t, err)
		of[spec], err = mldsax509.MarshalPKIXPublicKey(key.PublicKey())
		noError(t, err)
	}
	other := func(key any, err error) {
		noError(t, err)
		der, err := x509.MarshalPKIXPublicKey(key)
		noError(t, err)
		none = append(none, der)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	noError(t, err)
	other(&small.PublicKey, nil)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	noError(t, err)
	other(&p224.PublicKey, nil)
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	noError(t, err)
	other(x25519.PublicKey(), nil)
	return of, append(none, nil, []byte("hello"), []byte{0x30, 0})
}

// Specs whose keys have no public half, or that are known by name only, have no public key at all.
func TestParse_KeyOfAnotherSpec_IsRefused(t *testing.T) {
	of, none := publics(t)
	specs := append(slices.Collect(maps.Keys(of)), "RSA_4096", "SM2", "SYMMETRIC_DEFAULT", "HMAC_256",
		"")
	for _, spec := range specs {
		for name, der := range of {
			key, err := Parse(spec, der)
			if (err == nil) != (name == spec) || (key == nil) != (err != nil) {
				t.Errorf("a key of %s as one of %s: %v, %v", name, spec, key, err)
			}
		}
		for _, der := range none {
			if _, err := Parse(spec, der); err == nil {
				t.Errorf("%x is taken for a key of %s", der, spec)
			}
		}
	}
}

// TestParseSecp256k1_OtherPointForms_AreRefused: of the forms of a point (SEC 1 section 2.3.3) one
// is taken.
func TestParseSecp256k1_OtherPointForms_AreRefused(t *testing.T) {
	key, err := secp256k1.GeneratePrivateKey()
	noError(t, err)
	point := key.PubKey().SerializeUncompressed()
	hybrid := append([]byte{6 | point[64]&1}, point[1:]...)
	off := bytes.Clone(point)
	off[64] ^= 1
	for name, bad := range map[string][]byte{
		"compressed":       key.PubKey().SerializeCompressed(),
		"hybrid":           hybrid,
		"not on the curve": off,
		"infinity":         {0},
		"none":             nil,
		"zero":             append([]byte{4}, make([]byte, 64)...),
		"beyond the field": append([]byte{4}, bytes.Repeat([]byte{0xFF}, 64)...),
	} {
		if _, err := parseSecp256k1(append(bytes.Clone(secp256k1SPKI), bad...)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	got, err := parseSecp256k1(append(bytes.Clone(secp256k1SPKI), point...))
	if err != nil || !got.(*secp256k1.PublicKey).IsEqual(key.PubKey()) {
		t.Errorf("the good one: %v", err)
	}
}

// FuzzParsePublic: whatever bytes are taken for a public key, they are the one encoding of it, and
// it is one of the spec.
func FuzzParsePublic(f *testing.F) {
	of, none := publics(f)
	for spec, der := range of {
		f.Add(spec, der)
		f.Add(spec, append(bytes.Clone(der), 0))
	}
	for _, der := range none {
		f.Add("ECC_NIST_P256", der)
	}
	f.Fuzz(func(t *testing.T, spec string, der []byte) {
		key, err := Parse(spec, der)
		if err != nil {
			return
		}
		var again []byte
		switch key := key.(type) {
		case *secp256k1.PublicKey:
			again = append(bytes.Clone(secp256k1SPKI), key.SerializeUncompressed()...)
			if !key.IsOnCurve() || spec != SpecSecp256k1 {
				t.Errorf("no key of %s", spec)
			}
		case *ecdsa.PublicKey:
			if _, err := key.ECDH(); err != nil || curves[spec] != key.Curve {
				t.Errorf("no key of %s: %v", spec, err)
			}
		case *rsa.PublicKey:
			if key.N.BitLen() != ModulusBits[spec] {
				t.Errorf("%d bits for %s", key.N.BitLen(), spec)
			}
		case ed25519.PublicKey:
			if spec != SpecEd25519 {
				t.Errorf("an Edwards key for %s", spec)
			}
		case lattice.PublicKey:
			if again = key.SPKI(); key.Spec() != spec {
				t.Errorf("a key of %s for %s", key.Spec(), spec)
			}
		}
		if again == nil {
			again, err = x509.MarshalPKIXPublicKey(key)
			noError(t, err)
		}
		if !bytes.Equal(again, der) {
			t.Errorf("%x is taken, and %x is the same key", der, again)
		}
	})
}

// FuzzVerify: no bytes make a verification fall over, and none but the true ones are a signature.
func FuzzVerify(f *testing.F) {
	of, _ := publics(f)
	for algorithm := range Schemes {
		f.Add(algorithm, []byte("x"))
		f.Add(algorithm, bytes.Repeat([]byte{0}, 256))
	}
	f.Add("ECDSA_SHA_256", []byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	f.Add("ECDSA_SHA_256", []byte{0x30, 6, 2, 1, 0, 2, 1, 0})
	f.Fuzz(func(t *testing.T, algorithm string, signature []byte) {
		for spec, der := range of {
			key, err := Parse(spec, der)
			noError(t, err)
			s, ok := Schemes[algorithm]
			if ok && s.verify(key, s.hash, s.Digest(s.types[0], []byte("m")), signature) {
				t.Errorf("%x is a signature by a key that signed nothing", signature)
			}
		}
	})
}
