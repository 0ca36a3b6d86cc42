package config

import (
	"crypto/x509"
	"fmt"
	"strings"

	"claviger/cmd/claviger/exit"
	"claviger/internal/outbound"
)

// Outbound is what the service may call: receivers of events and messages, and collectors of logs.
type Outbound struct {
	Allow []Allowed `toml:"allow"`
}

// Allowed is what may be called: a URL with what follows it, or a host and port.
type Allowed struct {
	URL     string `toml:"url"`     // that others begin with: https://hooks.example.com/claviger/
	Address string `toml:"address"` // host:port of what speaks no HTTP; this or url
	CAFile  string `toml:"ca_file"` // PEM file that the certificate is by; the system's if left out
	Private bool   `toml:"private"` // the host may be on loopback or in a private network
}

func (a *Allowed) String() string { return a.URL + a.Address }

// checkOutbound checks what can be known of the list before any file is read.
func (c *Config) checkOutbound() error {
	_, err := outbound.New(c.allowed(func(*Allowed) *x509.CertPool { return nil }))
	if err != nil {
		return fmt.Errorf("outbound.allow: %w", err)
	}
	for _, a := range c.Outbound.Allow {
		if a.CAFile != "" && strings.HasPrefix(strings.ToLower(a.URL), "http:") {
			return fmt.Errorf("outbound.allow: %s: there are no certificates without https", a.URL)
		}
	}
	return nil
}

func (c *Config) allowed(roots func(*Allowed) *x509.CertPool) (all []outbound.Allowed) {
	for i := range c.Outbound.Allow {
		a := &c.Outbound.Allow[i]
		all = append(all, outbound.Allowed{URL: a.URL, Address: a.Address, Roots: roots(a),
			Private: a.Private})
	}
	return all
}

// Door returns what the service calls others through. Authorities are read once.
func (c *Config) Door() (*outbound.Door, error) {
	pools := map[*Allowed]*x509.CertPool{}
	for i := range c.Outbound.Allow {
		a := &c.Outbound.Allow[i]
		if a.CAFile == "" {
			continue
		}
		pool, err := authorities(a.CAFile)
		if err != nil {
			return nil, exit.Mark(fmt.Errorf("outbound.allow: %s: ca_file: %w", a, err),
				exit.ErrConfig)
		}
		pools[a] = pool
	}
	return outbound.New(c.allowed(func(a *Allowed) *x509.CertPool { return pools[a] }))
}
