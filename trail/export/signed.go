package export

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"claviger/store"
)

const ofTheService = "digests are of the whole trail, whose account and Region it may be"

var (
	qSigned = store.Wide(`SELECT at FROM trail_exports`, ofTheService)
	qSign   = store.Wide(`INSERT INTO trail_exports (one, at) VALUES (1, $1)
		ON CONFLICT (one) DO UPDATE SET at = excluded.at`, ofTheService)
)

// NewestSigned returns when digests were signed last, or the zero time.
func NewestSigned(from store.Reader) (time.Time, error) {
	var micros int64
	err := from.Row(qSigned, nil, &micros)
	if errors.Is(err, store.NoRow) {
		return time.Time{}, nil
	}
	return store.FromMicros(micros), err
}

// RememberSigned is the change by which it is known that digests were signed.
func RememberSigned(at time.Time) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qSign, at.UnixMicro())
		return err
	}
}

// PublicKey returns a key that signs digests as ListPublicKeys has it, RSAPublicKey of PKCS #1 in
// DER, and its fingerprint. The key comes as SubjectPublicKeyInfo in DER. AWS doesn't say what its
// fingerprints are of; these are the first 16 bytes of the SHA-256 of what is returned.
func PublicKey(info []byte) (der []byte, fingerprint string, err error) {
	key, err := x509.ParsePKIXPublicKey(info)
	if err != nil {
		return nil, "", err
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, "", fmt.Errorf("digests are signed by RSA, and this is %T", key)
	}
	der = x509.MarshalPKCS1PublicKey(public)
	sum := sha256.Sum256(der)
	return der, hex.EncodeToString(sum[:16]), nil
}
