package webidentity

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// Authorities reads the certificates of authorities from a file in PEM, all or none: one that is
// left out would show when a token is refused. Text may stand before each.
func Authorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool, n := x509.NewCertPool(), 0
	for len(bytes.TrimSpace(text)) > 0 {
		block, rest := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if !c.IsCA {
			return nil, fmt.Errorf("%s: %s is no authority's certificate", path, c.Subject)
		}
		pool.AddCert(c)
		text, n = rest, n+1
	}
	if n == 0 || len(bytes.TrimSpace(text)) > 0 {
		return nil, fmt.Errorf("%s must hold certificates in PEM, and nothing behind them", path)
	}
	return pool, nil
}
