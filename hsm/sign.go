package hsm

import (
	"context"
	"fmt"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/object"
	"claviger/hsm/internal/session"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// Sign signs on the token by an algorithm of AWS's name: RSASSA_PSS_SHA_{256,384,512} with a salt
// as long as the digest, RSASSA_PKCS1_V1_5_SHA_{256,384,512}, for SNS's messages SHA_1, too,
// ECDSA_SHA_{256,384,512} each on its own curve, ED25519_SHA_512, ED25519_PH_SHA_512,
// ML_DSA_SHAKE_256 and [custody.ExternalMu]. Digest is the message's digest by the algorithm's
// hash, or with ExternalMu the message's representative; ED25519_SHA_512 and ML_DSA_SHAKE_256 take
// the message itself.
//
// The signature is as long as the modulus for RSA, DER of r and s (RFC 3279 section 2.2.3) for
// ECDSA, 64 bytes for Ed25519, and 2,420, 3,309 or 4,627 bytes for ML-DSA. The answer to an
// algorithm that isn't known, or not to this device, is [custody.ErrUnsupported]; that it is one of
// the key's, and the digest of its length, the caller has made sure.
func (t *Token) Sign(ctx context.Context, ref custody.Ref, alg custody.Algorithm,
	digest []byte) (signature []byte, err error) {
	defer t.observe("Sign", time.Now(), &err)
	if !t.Signs(alg) {
		return nil, custody.ErrUnsupported
	}
	how := dialect.Signatures[alg]
	if !how.Takes(len(digest)) {
		return nil, fault.Of(fmt.Errorf("hsm: %s signs no digest of %d bytes", alg, len(digest)))
	}
	return t.keeper.Use(ctx, &ref, func(l *session.Login, k *object.Key,
		s cryptoki.Session) ([]byte, error) {
		if !k.Template.Signs(how) {
			return nil, fmt.Errorf("hsm: %s is no algorithm of a key of kind %s", alg, k.Kind)
		}
		if err := l.Trust(s, k); err != nil {
			return nil, err
		}
		return l.Sign(s, k, how, digest)
	})
}

// Signs reports whether the device makes signatures by an algorithm, with keys that can be there.
func (t *Token) Signs(alg custody.Algorithm) bool {
	how, known := dialect.Signatures[alg]
	return known && t.dialect.Signs(how)
}

// MAC returns the HMAC (FIPS 198-1) of data by the hash of the material's kind:
// 28, 32, 48 or 64 bytes.
func (t *Token) MAC(ctx context.Context, ref custody.Ref, data []byte) (mac []byte, err error) {
	defer t.observe("MAC", time.Now(), &err)
	return t.keeper.Use(ctx, &ref, func(l *session.Login, k *object.Key,
		s cryptoki.Session) ([]byte, error) {
		if k.Template.KeyType != pkcs11.CKK_GENERIC_SECRET {
			return nil, fmt.Errorf("hsm: a key of kind %s makes no authentication codes", k.Kind)
		}
		if err := l.Trust(s, k); err != nil {
			return nil, err
		}
		return l.Driver.Sign(s, k.Object, cryptoki.Mechanism{Code: k.Template.Mechanisms[0]}, data)
	})
}
