package hsmtest

import (
	"crypto/hmac"
	"errors"
	"slices"
	"testing"

	"claviger/hsm"
	"claviger/internal/custody"
)

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
