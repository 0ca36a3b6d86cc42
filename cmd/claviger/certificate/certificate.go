// Package certificate is what the server shows in TLS handshakes: a certificate and its key, read
// again when the certificate's file has changed.
package certificate

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookAgain is how often the certificate's file is looked at for a change.
const lookAgain = 10 * time.Second

// Config says where certificate and key are. Exactly one of Key and OnToken is set.
type Config struct {
	Certificate string                  // PEM file of the chain
	Key         string                  // PEM file
	OnToken     crypto.Signer           // instead of Key
	Private     func(path string) error // refuses a key's file that others can get at
	Log         *slog.Logger
	Now         func() time.Time // nil: time.Now
}

// Source is the server's certificate and key. It reads both again when the certificate's file has
// changed, and keeps what it has if the new ones don't fit.
type Source struct {
	mu      sync.Mutex
	c       Config
	current *tls.Certificate
	written time.Time
	looked  time.Time
}

// Open reads certificate and key. Errors are of the files, and say which.
func Open(c Config) (*Source, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Source{c: c}
	return s, s.load()
}

func (s *Source) load() error {
	info, err := os.Stat(s.c.Certificate)
	if err != nil {
		return fmt.Errorf("the TLS certificate can't be read: %w", err)
	}
	cert, err := s.read()
	if err != nil {
		return err
	}
	s.current, s.written = cert, info.ModTime()
	return nil
}

func (s *Source) read() (*tls.Certificate, error) {
	if s.c.OnToken != nil {
		return s.readChain()
	}
	if err := s.c.Private(s.c.Key); err != nil {
		return nil, err
	}
	cert, err := tls.LoadX509KeyPair(s.c.Certificate, s.c.Key)
	if errors.As(err, new(*fs.PathError)) {
		return nil, fmt.Errorf("the TLS certificate or its key can't be read: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("the TLS certificate and key don't fit: %w", err)
	}
	return &cert, nil
}

// readChain puts the certificates of the file before the key on the token.
func (s *Source) readChain() (*tls.Certificate, error) {
	b, err := os.ReadFile(s.c.Certificate)
	if err != nil {
		return nil, err
	}
	cert := &tls.Certificate{PrivateKey: s.c.OnToken}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			cert.Certificate = append(cert.Certificate, block.Bytes)
		}
	}
	if len(cert.Certificate) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", s.c.Certificate)
	}
	if cert.Leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
		return nil, fmt.Errorf("%s: %w", s.c.Certificate, err)
	}
	public, ok := s.c.OnToken.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(cert.Leaf.PublicKey) {
		return nil, fmt.Errorf("the certificate in %s is not for the key on the token", s.c.Certificate)
	}
	return cert, nil
}

// Reload reads certificate and key now, from the given files, and keeps what it has if they don't
// fit.
func (s *Source) Reload(certificate, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.c
	s.c.Certificate, s.c.Key = certificate, key
	if err := s.load(); err != nil {
		s.c = before
		return err
	}
	s.looked = s.c.Now()
	return nil
}

// Get answers a handshake: [tls.Config.GetCertificate].
func (s *Source) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.c.Now(); now.Sub(s.looked) >= lookAgain {
		s.looked = now
		s.renew()
	}
	return s.current, nil
}

func (s *Source) renew() {
	info, err := os.Stat(s.c.Certificate)
	if err == nil && info.ModTime().Equal(s.written) {
		return
	}
	if err := s.load(); err != nil {
		s.c.Log.Error("the TLS certificate can't be read again; the one in use stays", "error", err)
		return
	}
	s.c.Log.Info("read a new TLS certificate", "until", expiry(s.current))
}

func expiry(c *tls.Certificate) time.Time {
	if c.Leaf == nil {
		return time.Time{}
	}
	return c.Leaf.NotAfter
}
