package hsmtest

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"hash"
	"strings"
	"testing"

	"claviger/hsm"
	"claviger/internal/custody"
	"claviger/internal/lattice"
)

// oaepHash is the hash of an algorithm of RSA encryption.
func oaepHash(alg custody.Algorithm) hash.Hash {
	if alg == "RSAES_OAEP_SHA_1" {
		return sha1.New()
	}
	return sha256.New()
}

func decrypts(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	each(t, tok, "ENCRYPT_DECRYPT", func(t *testing.T, m custody.Material,
		algs []custody.Algorithm) {
		key, err := x509.ParsePKIXPublicKey(m.Public)
		if err != nil {
			t.Fatal(err)
		}
		public := key.(*rsa.PublicKey)
		for _, alg := range algs {
			longest := public.Size() - 2*oaepHash(alg).Size() - 2
			for _, n := range []int{0, 1, 32, longest} {
				plaintext := make([]byte, n)
				rand.Read(plaintext)
				ciphertext, err := rsa.EncryptOAEP(oaepHash(alg), rand.Reader, public, plaintext, nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := tok.Decrypt(background, m.Rest(), alg, ciphertext)
				if err != nil || !bytes.Equal(got, plaintext) {
					t.Errorf("%s: %d bytes came back as %d: %v", alg, n, len(got), err)
				}
			}
			forgedRSA(t, tok, m, public, alg)
		}
	})
}

// forgedRSA has every sort of bad ciphertext refused by one and the same error.
func forgedRSA(t *testing.T, tok *hsm.Token, m custody.Material, public *rsa.PublicKey,
	alg custody.Algorithm) {
	t.Helper()
	good, err := rsa.EncryptOAEP(oaepHash(alg), rand.Reader, public, []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	labelled, err := rsa.EncryptOAEP(oaepHash(alg), rand.Reader, public, []byte("x"), []byte("label"))
	if err != nil {
		t.Fatal(err)
	}
	other := map[custody.Algorithm]hash.Hash{"RSAES_OAEP_SHA_1": sha256.New(),
		"RSAES_OAEP_SHA_256": sha1.New()}[alg]
	otherHash, err := rsa.EncryptOAEP(other, rand.Reader, public, []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	modulus := public.N.FillBytes(make([]byte, public.Size()))
	for what, bad := range map[string][]byte{
		"nothing": nil, "a byte": {1}, "zero": make([]byte, public.Size()),
		"one":           append(make([]byte, public.Size()-1), 1),
		"a bit flipped": flipped, "a label": labelled, "another hash": otherHash,
		"the modulus": modulus,
		"short":       good[1:], "long": append([]byte{0}, good...),
		"all ones": bytes.Repeat([]byte{255}, public.Size()),
	} {
		got, err := tok.Decrypt(background, m.Rest(), alg, bad)
		if !errors.Is(err, custody.ErrForged) || got != nil {
			t.Errorf("%s, %s: %x, %v", alg, what, got, err)
		}
	}
}

// derives agrees on secrets. On P-521 half of them begin with a zero byte; on P-256 such a one is
// looked for.
func derives(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	for k, curve := range map[custody.Kind]ecdh.Curve{
		custody.P256Derive: ecdh.P256(), custody.P384Derive: ecdh.P384(),
		custody.P521Derive: ecdh.P521(),
	} {
		t.Run(string(k), func(t *testing.T) {
			m, ok := makeSupported(t, tok, k)
			if !ok {
				return
			}
			public, err := x509.ParsePKIXPublicKey(m.Public)
			if err != nil {
				t.Fatal(err)
			}
			own, err := public.(*ecdsa.PublicKey).ECDH()
			if err != nil {
				t.Fatal(err)
			}
			for n := range 8 {
				peer, secret := agree(t, curve, own)
				for n == 0 && curve == ecdh.P256() && secret[0] != 0 {
					peer, secret = agree(t, curve, own)
				}
				got, err := tok.Derive(background, m.Rest(), peer)
				if err != nil || !bytes.Equal(got, secret) {
					t.Fatalf("%x is not %x: %v", got, secret, err)
				}
			}
			for _, bad := range [][]byte{
				nil, {0x30}, m.Public[:len(m.Public)-1], otherCurve(t, m.Public),
			} {
				if _, err := tok.Derive(background, m.Rest(), bad); err == nil {
					t.Errorf("a secret was derived with %x", bad)
				}
			}
		})
	}
}

// agree makes a peer for own and returns the peer's public half and what both share.
func agree(t *testing.T, curve ecdh.Curve, own *ecdh.PublicKey) (spki, secret []byte) {
	t.Helper()
	peer, err := curve.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if secret, err = peer.ECDH(own); err != nil {
		t.Fatal(err)
	}
	if spki, err = x509.MarshalPKIXPublicKey(peer.PublicKey()); err != nil {
		t.Fatal(err)
	}
	return spki, secret
}

// otherCurve returns a public key on a curve other than that of spki.
func otherCurve(t *testing.T, spki []byte) []byte {
	t.Helper()
	curve := elliptic.P256()
	if k, err := x509.ParsePKIXPublicKey(spki); err == nil && k.(*ecdsa.PublicKey).Curve == curve {
		curve = elliptic.P384()
	}
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// decapsulates opens what was encapsulated to each key, and what wasn't (FIPS 203, algorithm 18).
func decapsulates(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	for _, k := range []custody.Kind{custody.MLKEM512, custody.MLKEM768, custody.MLKEM1024} {
		m, ok := makeSupported(t, tok, k)
		if !ok {
			continue
		}
		public := encapsulationKey(t, m)
		secret, ciphertext := public.Encapsulate()
		got, err := tok.Decapsulate(background, m.Rest(), ciphertext)
		if err != nil || !bytes.Equal(got, secret) {
			t.Errorf("%s: %d bytes that are the secret: %v, %v", k, len(got), bytes.Equal(got, secret), err)
		}
		changed := bytes.Clone(ciphertext)
		changed[len(changed)/2] ^= 1
		wrong, err := tok.Decapsulate(background, m.Rest(), changed)
		if err != nil || len(wrong) != lattice.SecretSize || bytes.Equal(wrong, secret) {
			t.Errorf("%s: a changed ciphertext gave %x, %v", k, wrong, err)
		}
		for _, bad := range [][]byte{nil, ciphertext[1:], append(ciphertext, 0)} {
			if got, err := tok.Decapsulate(background, m.Rest(),
				bad); !errors.Is(err, custody.ErrForged) || got != nil {
				t.Errorf("%s: a ciphertext of %d bytes: %x, %v", k, len(bad), got, err)
			}
		}
	}
	if err := tok.Ready(); err != nil {
		t.Error(err)
	}
}

// encapsulationKey reads the public half of a material for key encapsulation.
func encapsulationKey(t *testing.T, m custody.Material) *lattice.EncapsulationKey {
	t.Helper()
	spec, _, _ := strings.Cut(string(m.Kind), " ")
	public, err := lattice.ParsePublic(spec, m.Public)
	if err != nil {
		t.Fatal(err)
	}
	return public.(*lattice.EncapsulationKey)
}

// oaepFor encrypts for a material that has an RSA key, and else returns just any bytes.
func oaepFor(t *testing.T, m custody.Material, h hash.Hash) []byte {
	t.Helper()
	key, err := x509.ParsePKIXPublicKey(m.Public)
	public, is := key.(*rsa.PublicKey)
	if err != nil || !is {
		return make([]byte, 256)
	}
	ciphertext, err := rsa.EncryptOAEP(h, rand.Reader, public, []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return ciphertext
}
