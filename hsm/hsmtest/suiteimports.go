package hsmtest

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"claviger/hsm"
	"claviger/internal/custody"
)

// Wrappings are the algorithms of imports, and PairSpecs the sizes of the pairs they come under.
var (
	Wrappings = []custody.Algorithm{
		"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1",
		"RSA_AES_KEY_WRAP_SHA_256",
	}
	PairSpecs = []string{"RSA_2048", "RSA_3072", "RSA_4096"}
)

// importable are the kinds that a token takes.
var importable = []custody.Kind{custody.AES256, custody.HMAC224, custody.HMAC256, custody.HMAC384,
	custody.HMAC512,
	custody.RSA2048Sign, custody.RSA3072Sign, custody.RSA4096Sign, custody.RSA2048Decrypt,
	custody.RSA3072Decrypt, custody.RSA4096Decrypt,
	custody.P256Sign, custody.P384Sign, custody.P521Sign, custody.P256K1Sign, custody.P256Derive,
	custody.P384Derive, custody.P521Derive}

// imports brings every kind by every algorithm under a pair of every size, or in the short run
// under the small ones and a few under the others, and has the standard library agree with what the
// token makes of it.
func imports(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	long := os.Getenv("CLAVIGER_LONG") != ""
	for n, spec := range PairSpecs {
		for i, alg := range Wrappings {
			kinds := importable
			if short := n > 0 && !long; short && i%2 != n-1 {
				continue
			} else if short {
				kinds = []custody.Kind{custody.AES256, custody.RSA2048Sign, custody.P521Derive}
			}
			pair := importPair(t, tok, spec, alg)
			for _, k := range kinds {
				if !tok.Supports(k) {
					continue
				}
				key, private := Outside(t, string(k))
				in := custody.Import{
					Pair: pair, Algorithm: alg, Wrapped: Envelop(t, pair.Public, alg, key), Kind: k,
					ID: "new",
				}
				if in.Wrapped == nil {
					continue
				}
				m, err := tok.Import(background, in)
				if err != nil || m.ID != "new" || m.Kind != k || m.Root != tok.Root() {
					t.Fatalf("%s under %s by %s: %+v, %v", k, spec, alg, m, err)
				}
				if err := agrees(t, tok, m, key, private); err != nil {
					t.Errorf("%s under %s by %s: %v", k, spec, alg, err)
				}
				tok.Forget("new")
			}
		}
	}
	for _, x := range []struct {
		spec string
		alg  custody.Algorithm
	}{{"RSA_1024", "RSAES_OAEP_SHA_1"}, {"SM2", "SM2PKE"}, {"RSA_2048", "RSAES_PKCS1_V1_5"},
		{"", ""}} {
		if _, err := tok.ImportPair(background, "x", x.spec,
			x.alg); !errors.Is(err, custody.ErrUnsupported) {
			t.Errorf("a pair %s for %s: %v", x.spec, x.alg, err)
		}
	}
}

var (
	pairsMu sync.Mutex
	pairs   = map[string]custody.Material{}
)

// importPair makes a pair, or takes one of that size that was made under the same root before, for
// the other algorithms.
func importPair(t testing.TB, tok *hsm.Token, spec string, alg custody.Algorithm) custody.Material {
	t.Helper()
	pairsMu.Lock()
	defer pairsMu.Unlock()
	name := tok.Root() + spec + strings.TrimPrefix(string(alg), "RSA_AES_KEY_WRAP_")
	name = strings.TrimSuffix(name, "RSAES_OAEP_")
	m, made := pairs[name]
	if !made {
		var err error
		if m, err = tok.ImportPair(background, "pair "+name, spec, alg); err != nil {
			t.Fatal(err)
		}
		pairs[name] = m
	}
	return m
}

// agrees holds a material on the token to the key it was imported from.
func agrees(t *testing.T, tok *hsm.Token, m custody.Material, key []byte,
	private crypto.PrivateKey) error {
	t.Helper()
	data := []byte("attack at dawn")
	switch {
	case m.Kind == custody.AES256:
		sealed, err := tok.Seal(background, m.Rest(), data, []byte("context"))
		if err != nil {
			return err
		}
		got, err := openGCM(key, sealed, []byte("context"))
		if err == nil && !bytes.Equal(got, data) {
			err = errors.New("it decrypts to something else")
		}
		return err
	case private == nil:
		got, err := tok.MAC(background, m.Rest(), data)
		h := map[custody.Kind]crypto.Hash{
			custody.HMAC224: crypto.SHA224, custody.HMAC256: crypto.SHA256,
			custody.HMAC384: crypto.SHA384, custody.HMAC512: crypto.SHA512,
		}
		if err == nil && !bytes.Equal(got, authenticate(h[m.Kind], key, data)) {
			err = errors.New("it makes another code")
		}
		return err
	}
	return pairAgrees(t, tok, m, private)
}

func pairAgrees(t *testing.T, tok *hsm.Token, m custody.Material, private crypto.PrivateKey) error {
	t.Helper()
	public, err := parse(m.Public)
	if err != nil {
		return err
	}
	if own, is := private.(interface{ Public() crypto.PublicKey }); is &&
		!own.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(public) {
		return errors.New("the public half is another")
	}
	if strings.HasSuffix(string(m.Kind), "KEY_AGREEMENT") {
		own, err := private.(*ecdsa.PrivateKey).ECDH()
		if err != nil {
			return err
		}
		peer, secret := agree(t,
			map[int]ecdh.Curve{65: ecdh.P256(), 97: ecdh.P384(),
				133: ecdh.P521()}[len(own.PublicKey().Bytes())], own.PublicKey())
		got, err := tok.Derive(background, m.Rest(), peer)
		if err == nil && !bytes.Equal(got, secret) {
			err = errors.New("it agrees on another secret")
		}
		return err
	}
	for _, alg := range algorithms[m.Kind] {
		if strings.HasSuffix(string(m.Kind), "ENCRYPT_DECRYPT") {
			ciphertext, err := rsa.EncryptOAEP(oaepHash(alg), rand.Reader, public.(*rsa.PublicKey),
				[]byte("x"), nil)
			if err != nil {
				return err
			}
			if got, err := tok.Decrypt(background, m.Rest(), alg,
				ciphertext); err != nil || string(got) != "x" {
				return fmt.Errorf("%s: %q, %w", alg, got, err)
			}
			continue
		}
		digest := Digest(alg, []byte("attack at dawn"))
		signature, err := tok.Sign(background, m.Rest(), alg, digest)
		if err == nil {
			err = Verified(m.Public, alg, digest, signature)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", alg, err)
		}
	}
	return nil
}

// recognizes imports each key twice and another once: the second is the first, with or without its
// wrapped form, under the first one's name.
func recognizes(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	alg := custody.Algorithm("RSA_AES_KEY_WRAP_SHA_1")
	pair := importPair(t, tok, "RSA_2048", alg)
	for _, k := range []custody.Kind{
		custody.AES256, custody.HMAC224, custody.HMAC512, custody.RSA2048Sign, custody.P256Sign,
		custody.P256K1Sign, custody.P384Derive,
	} {
		if !tok.Supports(k) {
			continue
		}
		key, private := Outside(t, string(k))
		other, _ := Outside(t, string(k))
		in := custody.Import{
			Pair: pair, Algorithm: alg, Wrapped: Envelop(t, pair.Public, alg, key), Kind: k,
			ID: "first",
		}
		first, err := tok.Import(background, in)
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		in.ID, in.Wrapped = "second", Envelop(t, pair.Public, alg, other)
		second, err := tok.Import(background, in)
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		emptied := first
		emptied.Wrapped = nil
		in.ID, in.Known, in.Wrapped = "third", []custody.Material{second, emptied},
			Envelop(t, pair.Public, alg, key)
		again, err := tok.Import(background, in)
		if err != nil || again.ID != "first" || !bytes.Equal(again.Check, first.Check) ||
			!bytes.Equal(again.Public, first.Public) {
			t.Errorf("%s came back as %q: %v", k, again.ID, err)
		}
		if err := agrees(t, tok, again, key, private); err != nil {
			t.Errorf("%s: %v", k, err)
		}
		in.Known = []custody.Material{second}
		if third, err := tok.Import(background,
			in); err != nil || third.ID != "third" && k != custody.RSA2048Sign { // there is only one such
			t.Errorf("%s is taken for another: %q, %v", k, third.ID, err)
		}
		for _, id := range []string{"first", "second", "third"} {
			tok.Forget(id)
		}
	}
}

// refusesImports changes what is sent in every way: what can't be unwrapped is one error, and what
// is no such key another.
func refusesImports(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	for _, alg := range Wrappings {
		pair := importPair(t, tok, "RSA_2048", alg)
		key, _ := Outside(t, "AES_256")
		good := Envelop(t, pair.Public, alg, key)
		in := custody.Import{Pair: pair, Algorithm: alg, Kind: custody.AES256, ID: "new"}
		want := func(what string, wrapped []byte, k custody.Kind, want error) {
			t.Helper()
			if !tok.Supports(k) {
				want = custody.ErrUnsupported
			}
			in.Wrapped, in.Kind = wrapped, k
			if m, err := tok.Import(background, in); !errors.Is(err, want) || m.Wrapped != nil {
				t.Errorf("%s, %s: %v, want %v", alg, what, err, want)
			}
		}
		for n := range good {
			want(fmt.Sprintf("cut to %d bytes", n), good[:n], custody.AES256, custody.ErrForged)
		}
		for i := 0; i < len(good); i += 7 {
			changed := bytes.Clone(good)
			changed[i] ^= 1 << (i % 8)
			want(fmt.Sprintf("byte %d changed", i), changed, custody.AES256, custody.ErrForged)
		}
		want("a byte more", append(bytes.Clone(good), 0), custody.AES256, custody.ErrForged)
		want("eight bytes more", append(bytes.Clone(good), make([]byte, 8)...), custody.AES256,
			custody.ErrForged)
		want("all ones", bytes.Repeat([]byte{255}, len(good)), custody.AES256, custody.ErrForged)
		for _, n := range []int{9, 16, 24, 25, 31, 33, 40, 64} {
			want(fmt.Sprintf("an AES key of %d bytes", n),
				Envelop(t, pair.Public, alg, make([]byte, n)), custody.AES256, custody.ErrUnfit)
		}
		for k, sizes := range map[custody.Kind][]int{
			custody.HMAC224: {9, 16, 24, 33, 64}, custody.HMAC256: {16, 24, 33, 64},
			custody.HMAC384: {32, 40, 49, 64}, custody.HMAC512: {32, 56, 65},
		} {
			for _, n := range sizes {
				want(fmt.Sprintf("a key of %d bytes for %s", n, k),
					Envelop(t, pair.Public, alg, make([]byte, n)), k, custody.ErrUnfit)
			}
		}
		for _, k := range []custody.Kind{
			custody.RSA2048Sign, custody.P256Sign, custody.P256Derive, custody.P256K1Sign,
			custody.P384Sign,
		} {
			want("no PKCS#8 for "+string(k), good, k, custody.ErrUnfit)
		}
		want("a key for a curve it isn't on",
			Envelop(t, pair.Public, alg, first(Outside(t, "ECC_NIST_P384"))), custody.P256Sign,
			custody.ErrUnfit)
		want("a key for another curve of the same size",
			Envelop(t, pair.Public, alg, first(Outside(t, "ECC_NIST_P256"))), custody.P256K1Sign,
			custody.ErrUnfit)
		want("a private key for a secret one",
			Envelop(t, pair.Public, alg, first(Outside(t, "ECC_NIST_P256"))), custody.AES256,
			custody.ErrUnfit)
		if strings.HasPrefix(string(alg), "RSA_AES") {
			refusesRSA(t, pair, alg, want)
		}
	}
	if err := tok.Ready(); err != nil || tok.Stats().Renewals != 0 {
		t.Errorf("bad imports took the token down: %v, %d renewals", err, tok.Stats().Renewals)
	}
}

func first(key []byte, _ crypto.PrivateKey) []byte { return key }

// refusesRSA sends RSA keys that are of another size, of a low exponent, or damaged,
// and short ones between.
func refusesRSA(t *testing.T, pair custody.Material, alg custody.Algorithm,
	want func(string, []byte, custody.Kind, error)) {
	t.Helper()
	key := first(Outside(t, "RSA_2048"))
	want("a larger RSA key", Envelop(t, pair.Public, alg, first(Outside(t, "RSA_3072"))),
		custody.RSA2048Sign, custody.ErrUnfit)
	want("an RSA key on a curve", Envelop(t, pair.Public, alg, key), custody.P256Sign,
		custody.ErrUnfit)
	want("a key on a curve for RSA",
		Envelop(t, pair.Public, alg, first(Outside(t, "ECC_NIST_P256"))), custody.RSA2048Sign,
		custody.ErrUnfit)
	damaged := bytes.Clone(key)
	damaged[60] ^= 1 // of the modulus
	want("an RSA key whose halves don't belong together", Envelop(t, pair.Public, alg, damaged),
		custody.RSA2048Decrypt, custody.ErrUnfit)
	for _, n := range []int{0, 8, 15, 33} {
		wrapped := append(envelop(t, pair.Public, alg, make([]byte, n)), make([]byte, 40)...)
		want(fmt.Sprintf("an AES key of %d bytes between", n), wrapped, custody.AES256, custody.ErrForged)
	}
}
