package hsm_test

import (
	"errors"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
)

// TestCustody_AttackerWithPINAndDatabase_LearnsNothing is the promise of key custody: somebody who
// has the PIN, the module and every stored material can use keys and can't learn one.
func TestCustody_AttackerWithPINAndDatabase_LearnsNothing(t *testing.T) {
	for _, kind := range []custody.Kind{custody.AES256, custody.HMAC256, custody.HMAC512,
		custody.RSA2048Sign, custody.RSA2048Decrypt,
		custody.RSA2048Unwrap, custody.P256Sign, custody.P256Derive, custody.P256K1Sign} {
		t.Run(string(kind), func(t *testing.T) {
			c := hsmtest.SoftHSM(t)
			tok := hsmtest.Open(t, c)
			m := hsmtest.Make(t, tok, "stolen", kind)
			hsmtest.AttackInUse(t, c, kind)
			hsmtest.Attack(t, c, m)
			if err := perform(tok, m); err != nil {
				t.Errorf("its owner can't use it any more: %v", err)
			}
		})
	}
}

// perform uses a material as it is meant to be used.
func perform(tok *hsm.Token, m custody.Material) (err error) {
	digest := make([]byte, 32)
	switch m.Kind {
	case custody.AES256:
		_, err = tok.Seal(background, m.Rest(), digest, nil)
	case custody.HMAC256, custody.HMAC512:
		_, err = tok.MAC(background, m.Rest(), digest)
	case custody.RSA2048Sign:
		_, err = tok.Sign(background, m.Rest(), "RSASSA_PSS_SHA_256", digest)
	case custody.P256Sign, custody.P256K1Sign:
		_, err = tok.Sign(background, m.Rest(), "ECDSA_SHA_256", digest)
	case custody.RSA2048Unwrap:
		in := custody.Import{
			Pair: m, Algorithm: "RSAES_OAEP_SHA_1", Wrapped: make([]byte, 256),
			Kind: custody.AES256,
		}
		if _, err = tok.Import(background, in); errors.Is(err, custody.ErrForged) {
			err = nil
		}
	case custody.P256Derive:
		_, err = tok.Derive(background, m.Rest(), m.Public)
	case custody.RSA2048Decrypt:
		if _, err = tok.Decrypt(background, m.Rest(), "RSAES_OAEP_SHA_256",
			digest); errors.Is(err, custody.ErrForged) {
			err = nil
		}
	}
	return err
}
