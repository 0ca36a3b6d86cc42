package config

import (
	"crypto/x509"
	"fmt"
	"strings"

	"claviger/cmd/claviger/exit"
	"claviger/iam/webidentity"
)

// checkIssuers checks the issuers of web identities that have authorities of their own.
func (c *Config) checkIssuers() error {
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

// Authorities returns the authorities of issuers by their URL. They are read once.
func (c *Config) Authorities() (map[string]*x509.CertPool, error) {
	all := map[string]*x509.CertPool{}
	for _, i := range c.OIDC.Issuers {
		if err := steady(i.CAFile, byNobodyElse); err != nil {
			return nil, err
		}
		pool, err := webidentity.Authorities(i.CAFile)
		if err != nil {
			return nil, exit.Mark(fmt.Errorf("issuer %s: ca_file: %w", i.URL, err), exit.ErrConfig)
		}
		all[i.URL] = pool
	}
	return all, nil
}
