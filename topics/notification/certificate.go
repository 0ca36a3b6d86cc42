package notification

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"time"
)

// Certificate is what signatures are verified by: one PEM certificate, and what it is called.
type Certificate struct {
	Name string // of the file: SimpleNotificationService-, 32 hex digits and .pem
	PEM  []byte
}

// Bounds of the certificate's time. It says whose key it is for as long as that is used: an
// installation has one, and a fixed end would be a day on which all receivers fail (RFC 5280
// section 4.1.2.5).
var (
	notBefore = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	notAfter  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// NewCertificate makes the certificate of a key, signed by itself. It is the same bytes each time,
// as far as the signature is. Its name is that of the key, so that receivers may keep what they
// fetched.
func NewCertificate(key crypto.Signer) (Certificate, error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return Certificate{}, err
	}
	sum := sha256.Sum256(public)
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(sum[:16]),
		Subject:               pkix.Name{CommonName: "sns.amazonaws.com"},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return Certificate{}, err
	}
	return Certificate{
		Name: "SimpleNotificationService-" + hex.EncodeToString(sum[:16]) + ".pem",
		PEM:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}, nil
}
