package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"

	"claviger/iam/webidentity"
)

// checkIssuers checks the issuers of web identities that have authorities of their own.
func (c *config) checkIssuers() error {
	seen := map[string]bool{}
	for _, i := range c.OIDC.Issuers {
		if _, err := webidentity.Name(i.URL); err != nil {
			return fmt.Errorf("oidc.issuers.url is the URL of an issuer, and %q can't be one: %w", i.URL,
				err)
		}
		switch {
		case !strings.HasPrefix(i.URL, "https://"):
			return fmt.Errorf("issuer %s: without TLS there is no authority to trust", i.URL)
		case i.CAFile == "":
			return fmt.Errorf("issuer %s: ca_file is missing: the PEM file of its authorities", i.URL)
		case seen[i.URL]:
			return fmt.Errorf("there are two issuers with the url %s", i.URL)
		}
		seen[i.URL] = true
	}
	return nil
}

// issuers returns the authorities of issuers by their URL. They are read once.
func (c *config) issuers() (map[string]*x509.CertPool, error) {
	all := map[string]*x509.CertPool{}
	for _, i := range c.OIDC.Issuers {
		if err := steady(i.CAFile, byNobodyElse); err != nil {
			return nil, err
		}
		pool, err := readAuthorities(i.CAFile)
		if err != nil {
			return nil, marked{fmt.Errorf("issuer %s: ca_file: %w", i.URL, err), errConfig}
		}
		all[i.URL] = pool
	}
	return all, nil
}

// readAuthorities reads certificates in PEM, all or none: one that is left out would show when a
// token is refused.
func readAuthorities(path string) (*x509.CertPool, error) {
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
