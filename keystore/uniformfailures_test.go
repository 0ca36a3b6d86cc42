package keystore

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"hash"
	"math/big"
	"slices"
	"testing"

	"claviger/keystore/ciphertext"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
)

// failAlike sends requests that must fail, and holds them to one answer and to one number of calls
// of the token: who sees how long an answer took learns no more than who reads it.
func (s *rig) failAlike(t *testing.T, operation, code string, calls int64,
	requests map[string]doc) {
	t.Helper()
	for what, in := range requests {
		before := s.TokenCalls.Load()
		_, err := send[any](t.Context(), s, operation, in)
		if n := s.TokenCalls.Load() - before; n != calls {
			t.Errorf("%s, %s: the token was called %d times, want %d", operation, what, n, calls)
		}
		refused(t, err, code, "")
	}
}

// TestDecrypt_AlteredSymmetricCiphertext_FailsAlike: what only the key can tell costs one call
// each, as a success does. What the header tells to everybody costs none.
func TestDecrypt_AlteredSymmetricCiphertext_FailsAlike(t *testing.T) {
	s := startOn(t, nil)
	id := s.key(key.SymmetricDefault, key.EncryptDecrypt)
	context := doc{"a": "b"}
	good := done[cryptoops.EncryptOutput](s, "Encrypt",
		doc{"KeyId": id, "Plaintext": []byte("some plaintext"),
			"EncryptionContext": context}).CiphertextBlob
	before := s.TokenCalls.Load()
	done[cryptoops.DecryptOutput](s, "Decrypt",
		doc{"KeyId": id, "CiphertextBlob": good, "EncryptionContext": context})
	if n := s.TokenCalls.Load() - before; n != 1 {
		t.Fatalf("a success costs %d calls", n)
	}
	of := func(blob []byte, context doc) doc {
		return doc{"KeyId": id, "CiphertextBlob": blob, "EncryptionContext": context}
	}
	flipped := func(at int) []byte {
		b := slices.Clone(good)
		b[at] ^= 0x80
		return b
	}
	s.failAlike(t, "Decrypt", "InvalidCiphertextException", 1, map[string]doc{
		"another IV":    of(flipped(ciphertext.HeaderSize), context),
		"other text":    of(flipped(ciphertext.HeaderSize+12), context),
		"another tag":   of(flipped(len(good)-1), context),
		"no context":    of(good, nil),
		"another value": of(good, doc{"a": "c"}),
		"another key":   of(good, doc{"b": "b"}),
		"one pair more": of(good, doc{"a": "b", "c": "d"}),
		"cut short":     of(good[:len(good)-1], context),
		"longer":        of(append(slices.Clone(good), 0), context),
	})
	s.failAlike(t, "Decrypt", "InvalidCiphertextException", 0, map[string]doc{
		"another version":      of(flipped(0), context),
		"another material":     of(flipped(17), context),
		"nothing but a header": of(good[:ciphertext.HeaderSize+ciphertext.Overhead], context),
	})
}

// TestDecrypt_AlteredOAEPCiphertext_FailsAlike: a padding that is wrong in one way or another
// (Manger, CRYPTO 2001) is one answer at one cost.
func TestDecrypt_AlteredOAEPCiphertext_FailsAlike(t *testing.T) {
	s := startOn(t, nil)
	id := s.key("RSA_2048", key.EncryptDecrypt)
	parsed, err := x509.ParsePKIXPublicKey(done[cryptoops.GetPublicKeyOutput](s, "GetPublicKey",
		doc{"KeyId": id}).PublicKey)
	noError(t, err)
	public := parsed.(*rsa.PublicKey)
	raw := func(padded []byte) []byte {
		m := new(big.Int).SetBytes(padded)
		return m.Exp(m, big.NewInt(int64(public.E)), public.N).FillBytes(make([]byte, public.Size()))
	}
	hashes := map[string]func() hash.Hash{publickey.OAEPSHA1: sha1.New,
		publickey.OAEPSHA256: sha256.New}
	for algorithm, of := range hashes {
		other := map[string]func() hash.Hash{publickey.OAEPSHA1: sha256.New,
			publickey.OAEPSHA256: sha1.New}[algorithm]
		by := func(h func() hash.Hash, label string) doc {
			ciphertext, err := rsa.EncryptOAEP(h(), rand.Reader, public, []byte("x"), []byte(label))
			noError(t, err)
			return doc{"KeyId": id, "EncryptionAlgorithm": algorithm, "CiphertextBlob": ciphertext}
		}
		done[cryptoops.DecryptOutput](s, "Decrypt", by(of, ""))
		with := func(first byte) doc {
			padded := append([]byte{first}, bytes.Repeat([]byte{0x55}, public.Size()-1)...)
			return doc{"KeyId": id, "EncryptionAlgorithm": algorithm, "CiphertextBlob": raw(padded)}
		}
		s.failAlike(t, "Decrypt", "InvalidCiphertextException", 1, map[string]doc{
			"a first byte that is no zero": with(1),
			"a first byte that is":         with(0),
			"a label":                      by(of, "label"),
			"the other hash":               by(other, ""),
		})
	}
}

// TestVerifyMac_WrongMac_FailsAlike: the token is asked once, whatever is wrong with what is
// compared.
func TestVerifyMac_WrongMac_FailsAlike(t *testing.T) {
	s := startOn(t, nil)
	in := doc{"KeyId": s.key("HMAC_256", key.GenerateVerifyMac), "Message": []byte("m"),
		"MacAlgorithm": "HMAC_SHA_256"}
	mac := done[cryptoops.GenerateMacOutput](s, "GenerateMac", in).Mac
	of := func(mac []byte) doc {
		return doc{"KeyId": in["KeyId"], "Message": in["Message"], "MacAlgorithm": in["MacAlgorithm"],
			"Mac": mac}
	}
	s.failAlike(t, "VerifyMac", "KMSInvalidMacException", 1, map[string]doc{
		"another first byte": of(append([]byte{mac[0] ^ 1}, mac[1:]...)),
		"another last byte":  of(append(slices.Clone(mac[:31]), mac[31]^1)),
		"cut short":          of(mac[:31]),
		"longer":             of(append(slices.Clone(mac), 0)),
		"one byte":           of([]byte{0}),
	})
}
