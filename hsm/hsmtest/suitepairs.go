package hsmtest

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"claviger/hsm"
	"claviger/internal/custody"
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

// pairChecks swaps each part of a material for that of another of the same
// kind: none is put to use.
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
	if _, err := tok.Generate(ctx, "k", custody.RSA2048Sign); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("a caller who is gone: %v", err)
	}
	m := Make(t, tok, "k", custody.RSA2048Sign)
	if err := discard(tok.Sign(background, m.Rest(), "RSASSA_PSS_SHA_256",
		make([]byte, 32))); err != nil {
		t.Error(err)
	}
}
