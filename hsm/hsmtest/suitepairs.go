package hsmtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	koblitz "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"claviger/hsm"
	"claviger/internal/custody"
	"claviger/internal/lattice"
)

// algorithms are those of each kind, as AWS has them.
var algorithms = map[custody.Kind][]custody.Algorithm{
	custody.RSA2048Sign: rsaSigning, custody.RSA3072Sign: rsaSigning,
	custody.RSA4096Sign: rsaSigning,
	custody.P256Sign:    {"ECDSA_SHA_256"}, custody.P384Sign: {"ECDSA_SHA_384"},
	custody.P521Sign:    {"ECDSA_SHA_512"},
	custody.P256K1Sign:  {"ECDSA_SHA_256"},
	custody.Ed25519Sign: {"ED25519_SHA_512", "ED25519_PH_SHA_512"},
	custody.MLDSA44Sign: mlDSA, custody.MLDSA65Sign: mlDSA, custody.MLDSA87Sign: mlDSA,
	custody.RSA2048Decrypt: rsaEncryption, custody.RSA3072Decrypt: rsaEncryption,
	custody.RSA4096Decrypt: rsaEncryption,
}

var (
	rsaSigning = []custody.Algorithm{"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384",
		"RSASSA_PSS_SHA_512",
		"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512"}
	rsaEncryption = []custody.Algorithm{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"}
	mlDSA         = []custody.Algorithm{"ML_DSA_SHAKE_256", custody.ExternalMu}
)

// HashOf returns the hash at the end of an algorithm's name.
func HashOf(alg custody.Algorithm) crypto.Hash {
	switch {
	case strings.HasSuffix(string(alg), "SHA_384"):
		return crypto.SHA384
	// any 64 bytes do for a representative
	case strings.HasSuffix(string(alg), "SHA_512"), alg == custody.ExternalMu:
		return crypto.SHA512
	}
	return crypto.SHA256
}

// whole reports whether an algorithm is given the message itself.
func whole(alg custody.Algorithm) bool {
	return alg == "ED25519_SHA_512" || alg == "ML_DSA_SHAKE_256"
}

// Digest returns what is given to Sign for a message: its digest, or for Ed25519 and ML-DSA the
// message.
func Digest(alg custody.Algorithm, message []byte) []byte {
	if whole(alg) {
		return message
	}
	h := HashOf(alg).New()
	h.Write(message)
	return h.Sum(nil)
}

// Verified reports whether a signature is one of digest by the private half of a DER
// SubjectPublicKeyInfo, as the standard library has it, or package lattice.
func Verified(spki []byte, alg custody.Algorithm, digest, signature []byte) error {
	public, err := parse(spki)
	if err != nil {
		return err
	}
	h := HashOf(alg)
	ok := false
	switch k := public.(type) {
	case *rsa.PublicKey:
		if strings.Contains(string(alg), "PSS") {
			return rsa.VerifyPSS(k, h, digest, signature, &rsa.PSSOptions{SaltLength: h.Size()})
		}
		return rsa.VerifyPKCS1v15(k, h, digest, signature)
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(k, digest, signature)
	case *secp256k1.PublicKey:
		sig, err := koblitz.ParseDERSignature(signature)
		ok = err == nil && sig.Verify(digest, k)
	case *lattice.VerificationKey:
		ok = alg == custody.ExternalMu && k.VerifyMu(digest, signature) ||
			whole(alg) && k.Verify(digest, signature)
	case ed25519.PublicKey:
		options := &ed25519.Options{}
		if strings.Contains(string(alg), "PH") {
			options.Hash = crypto.SHA512
		}
		return ed25519.VerifyWithOptions(k, digest, signature, options)
	}
	if !ok {
		return fmt.Errorf("a signature of %d bytes is not one of %T", len(signature), public)
	}
	return nil
}

// koblitzPrefix is the DER before the point in a SubjectPublicKeyInfo of secp256k1, as OpenSSL
// writes it.
var koblitzPrefix = []byte{0x30, 0x56, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02,
	0x01,
	0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A, 0x03, 0x42, 0x00}

func parse(spki []byte) (crypto.PublicKey, error) {
	if point, is := bytes.CutPrefix(spki, koblitzPrefix); is {
		return secp256k1.ParsePubKey(point)
	}
	for _, spec := range []string{"ML_DSA_44", "ML_DSA_65", "ML_DSA_87"} {
		if key, err := lattice.ParsePublic(spec, spki); err == nil {
			return key, nil
		}
	}
	return x509.ParsePKIXPublicKey(spki)
}

// makeSupported generates a material of a kind, or checks that the token refuses one that it says
// it doesn't support.
func makeSupported(t *testing.T, tok *hsm.Token, k custody.Kind) (custody.Material, bool) {
	t.Helper()
	if tok.Supports(k) {
		m := Make(t, tok, string(k), k)
		tok.Forget(m.ID) // what follows uses what rests
		return m, true
	}
	if _, err := tok.Generate(background, "x", k); !errors.Is(err, custody.ErrUnsupported) {
		t.Errorf("%s is not supported, and the answer is %v", k, err)
	}
	return custody.Material{}, false
}

// each calls f in a subtest for each supported kind that has algorithms and whose name ends so.
func each(t *testing.T, tok *hsm.Token, usage string,
	f func(t *testing.T, m custody.Material, algs []custody.Algorithm)) {
	for k, algs := range algorithms {
		if !strings.HasSuffix(string(k), usage) {
			continue
		}
		t.Run(string(k), func(t *testing.T) {
			if m, ok := makeSupported(t, tok, k); ok {
				f(t, m, algs)
			}
		})
	}
}

func signs(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	mu := slices.Contains(tok.Facts().Mechanisms, "CKM_ML_DSA_EXTERNAL_MU")
	each(t, tok, "SIGN_VERIFY", func(t *testing.T, m custody.Material, algs []custody.Algorithm) {
		for _, alg := range algs {
			digest := Digest(alg, []byte("attack at dawn"))
			if alg == custody.ExternalMu && !mu {
				if _, err := tok.Sign(background, m.Rest(), alg,
					digest); !errors.Is(err, custody.ErrUnsupported) {
					t.Errorf("%s: %v", alg, err)
				}
				continue
			}
			for range 3 {
				signature, err := tok.Sign(background, m.Rest(), alg, digest)
				if err == nil {
					err = Verified(m.Public, alg, digest, signature)
				}
				if err != nil {
					t.Errorf("%s: %v", alg, err)
				}
			}
			if whole(alg) {
				continue
			}
			for _, bad := range [][]byte{nil, digest[1:], append(digest, 0)} {
				if _, err := tok.Sign(background, m.Rest(), alg, bad); err == nil {
					t.Errorf("%s: %d bytes were signed as a digest", alg, len(bad))
				}
			}
		}
	})
}

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
				ciphertext, err := rsa.EncryptOAEP(oaepHash(alg), rand.Reader, public, plaintext,
					nil)
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
	labelled, err := rsa.EncryptOAEP(oaepHash(alg), rand.Reader, public, []byte("x"),
		[]byte("label"))
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
			t.Errorf("%s: %d bytes that are the secret: %v, %v", k, len(got),
				bytes.Equal(got, secret), err)
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

// authenticatesAll compares with what is known of each kind: its length, and that it is one
// function of key and data.
func authenticatesAll(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	for k, size := range map[custody.Kind]int{
		custody.HMAC224: 28, custody.HMAC256: 32, custody.HMAC384: 48, custody.HMAC512: 64,
	} {
		m, ok := makeSupported(t, tok, k)
		if !ok {
			continue
		}
		first, err := tok.MAC(background, m.Rest(), []byte("row"))
		if err != nil || len(first) != size {
			t.Fatalf("%s: %d bytes, %v", k, len(first), err)
		}
		tok.Forget(m.ID)
		again, err := tok.MAC(background, m.Rest(), []byte("row"))
		if err != nil || !hmac.Equal(first, again) {
			t.Errorf("%s: the code changed with the handle: %v", k, err)
		}
		other, err := tok.MAC(background, m.Rest(), []byte("Row"))
		if err != nil || hmac.Equal(first, other) {
			t.Errorf("%s: other data have the same code: %v", k, err)
		}
	}
}

// pairKinds has wrong usages refused, whoever asks for them.
func pairKinds(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	all := map[custody.Kind]custody.Material{}
	for _, k := range []custody.Kind{
		custody.RSA2048Sign, custody.RSA2048Decrypt, custody.P256Sign, custody.P256Derive,
		custody.P384Sign, custody.HMAC256, custody.AES256,
	} {
		all[k] = Make(t, tok, string(k), k)
	}
	for _, k := range []custody.Kind{custody.MLDSA44Sign, custody.MLKEM512} {
		if tok.Supports(k) {
			all[k] = Make(t, tok, string(k), k)
		}
	}
	peer := all[custody.P256Sign].Public
	digest := make([]byte, 32)
	for k, m := range all {
		for use, f := range map[string]func() error{
			"RSASSA_PSS_SHA_256": func() error {
				return discard(tok.Sign(background, m.Rest(), "RSASSA_PSS_SHA_256", digest))
			},
			"RSASSA_PKCS1_V1_5_SHA_256": func() error {
				return discard(tok.Sign(background, m.Rest(), "RSASSA_PKCS1_V1_5_SHA_256", digest))
			},
			"ECDSA_SHA_256": func() error {
				return discard(tok.Sign(background, m.Rest(), "ECDSA_SHA_256", digest))
			},
			"ECDSA_SHA_384": func() error {
				return discard(tok.Sign(background, m.Rest(), "ECDSA_SHA_384", make([]byte, 48)))
			},
			"ED25519_SHA_512": func() error {
				return discard(tok.Sign(background, m.Rest(), "ED25519_SHA_512", digest))
			},
			"ML_DSA_SHAKE_256": func() error {
				return discard(tok.Sign(background, m.Rest(), "ML_DSA_SHAKE_256", digest))
			},
			"Decapsulate": func() error {
				return discard(tok.Decapsulate(background, m.Rest(), make([]byte, 768)))
			},
			"no algorithm": func() error {
				return discard(tok.Sign(background, m.Rest(), "ROT13", digest))
			},
			"OAEP 1": func() error {
				return discard(
					tok.Decrypt(background, m.Rest(), "RSAES_OAEP_SHA_1",
						oaepFor(t, m, sha1.New())))
			},
			"OAEP 256": func() error {
				return discard(
					tok.Decrypt(background, m.Rest(), "RSAES_OAEP_SHA_256",
						oaepFor(t, m, sha256.New())))
			},
			"no padding": func() error {
				return discard(tok.Decrypt(background, m.Rest(), "RSAES_NONE", make([]byte, 256)))
			},
			"Derive": func() error { return discard(tok.Derive(background, m.Rest(), peer)) },
			"MAC":    func() error { return discard(tok.MAC(background, m.Rest(), digest)) },
			"Seal": func() error {
				return discard(tok.Seal(background, m.Rest(), digest, nil))
			},
		} {
			if err := f(); (err == nil) != allowed[k][use] {
				t.Errorf("%s by a key of kind %s: %v", use, k, err)
			}
		}
	}
	if err := tok.Ready(); err != nil {
		t.Errorf("wrong usages took the token down: %v", err)
	}
}

// allowed are the only uses of each kind.
var allowed = map[custody.Kind]map[string]bool{
	custody.RSA2048Sign:    {"RSASSA_PSS_SHA_256": true, "RSASSA_PKCS1_V1_5_SHA_256": true},
	custody.RSA2048Decrypt: {"OAEP 1": true, "OAEP 256": true},
	custody.P256Sign:       {"ECDSA_SHA_256": true}, custody.P384Sign: {"ECDSA_SHA_384": true},
	custody.MLDSA44Sign: {"ML_DSA_SHAKE_256": true}, custody.MLKEM512: {"Decapsulate": true},
	custody.P256Derive: {"Derive": true}, custody.HMAC256: {"MAC": true},
	custody.AES256: {"Seal": true},
}

func discard(_ []byte, err error) error { return err }

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

// pairChecks swaps each part of a material for that of another of the same kind: none is put to
// use.
func pairChecks(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	peer := Make(t, tok, "peer", custody.P256Sign).Public
	for k, use := range map[custody.Kind]func(custody.Material) error{
		custody.RSA2048Sign: func(m custody.Material) error {
			return discard(tok.Sign(background, m.Rest(), "RSASSA_PSS_SHA_256", make([]byte, 32)))
		},
		custody.RSA2048Decrypt: func(m custody.Material) error {
			return discard(tok.Decrypt(background, m.Rest(), "RSAES_OAEP_SHA_256",
				oaepFor(t, m, sha256.New())))
		},
		custody.P256Sign: func(m custody.Material) error {
			return discard(tok.Sign(background, m.Rest(), "ECDSA_SHA_256", make([]byte, 32)))
		},
		custody.P256K1Sign: func(m custody.Material) error {
			return discard(tok.Sign(background, m.Rest(), "ECDSA_SHA_256", make([]byte, 32)))
		},
		custody.P256Derive: func(m custody.Material) error {
			return discard(tok.Derive(background, m.Rest(), peer))
		},
		custody.HMAC512: func(m custody.Material) error {
			return discard(tok.MAC(background, m.Rest(), nil))
		},
		custody.MLDSA65Sign: func(m custody.Material) error {
			return discard(tok.Sign(background, m.Rest(), "ML_DSA_SHAKE_256", []byte("x")))
		},
		custody.MLKEM768: func(m custody.Material) error {
			return discard(tok.Decapsulate(background, m.Rest(), make([]byte, 1088)))
		},
	} {
		m, ok := makeSupported(t, tok, k)
		if !ok {
			continue
		}
		other := Make(t, tok, "other", k)
		for what, change := range map[string]func(*custody.Material){
			"another key":   func(m *custody.Material) { m.Wrapped = other.Wrapped },
			"another check": func(m *custody.Material) { m.Check = other.Check },
			"no check":      func(m *custody.Material) { m.Check = nil },
			"a damaged key": func(m *custody.Material) {
				m.Wrapped = bytes.Clone(m.Wrapped)
				m.Wrapped[20] ^= 1
			},
			"no key": func(m *custody.Material) { m.Wrapped = nil },
			"half a key": func(m *custody.Material) {
				m.Wrapped = m.Wrapped[:len(m.Wrapped)/16*8]
			},
			"a padded key": func(m *custody.Material) {
				m.Wrapped = append(bytes.Clone(m.Wrapped), make([]byte, 8)...)
			},
			"too long a key":   func(m *custody.Material) { m.Wrapped = make([]byte, 1<<20) },
			"a secret key":     func(m *custody.Material) { m.Kind = custody.AES256 },
			"another public":   func(m *custody.Material) { m.Public = other.Public },
			"no public":        func(m *custody.Material) { m.Public = nil },
			"a public of none": func(m *custody.Material) { m.Public = []byte("x") },
		} {
			if len(m.Public) == 0 && strings.Contains(what, "public") ||
				k == custody.P256Derive && what == "another public" {
				// of the two halves of a key for agreement only the private one is used here
				continue
			}
			bad := m
			change(&bad)
			tok.Forget(m.ID)
			err := use(bad)
			if err == nil || errors.Is(err, custody.ErrForged) ||
				errors.Is(err, custody.ErrUnavailable) {
				t.Errorf("%s, %s: %v", k, what, err)
			}
		}
		tok.Forget(m.ID)
		if err := use(m); err != nil {
			t.Errorf("%s as it was made: %v", k, err)
		}
	}
}

// pairsAfterRestart uses what one Token made with another.
func pairsAfterRestart(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	var all []custody.Material
	for _, k := range []custody.Kind{
		custody.RSA2048Sign, custody.P384Sign, custody.HMAC384, custody.MLDSA87Sign,
	} {
		if !tok.Supports(k) {
			continue
		}
		all = append(all, Make(t, tok, string(k), k))
	}
	if err := tok.Close(); err != nil {
		t.Fatal(err)
	}
	tok = Open(t, c)
	for _, m := range all {
		var err error
		if algs := algorithms[m.Kind]; len(algs) > 0 {
			digest := Digest(algs[0], []byte("x"))
			var signature []byte
			if signature, err = tok.Sign(background, m.Rest(), algs[0], digest); err == nil {
				err = Verified(m.Public, algs[0], digest, signature)
			}
		} else {
			_, err = tok.MAC(background, m.Rest(), []byte("x"))
		}
		if err != nil {
			t.Errorf("%s: %v", m.Kind, err)
		}
	}
}

// generatesUnderCancel gives up the making of a key pair: the token is none the worse.
func generatesUnderCancel(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	ctx, cancel := context.WithCancel(background)
	cancel()
	if _, err := tok.Generate(ctx, "k",
		custody.RSA2048Sign); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("a caller who is gone: %v", err)
	}
	m := Make(t, tok, "k", custody.RSA2048Sign)
	if err := discard(tok.Sign(background, m.Rest(), "RSASSA_PSS_SHA_256",
		make([]byte, 32))); err != nil {
		t.Error(err)
	}
}
