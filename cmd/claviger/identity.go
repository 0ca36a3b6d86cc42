package main

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"claviger/hsm"
)

// lookAgain is how often the certificate's file is looked at for a change.
const lookAgain = 10 * time.Second

// tlsIdentity is the server's certificate and key. It reads both again when the certificate's file
// has changed, and keeps what it has if the new ones don't fit.
type tlsIdentity struct {
	certFile, keyFile string
	onToken           crypto.Signer // instead of keyFile
	closer            io.Closer
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	written time.Time
	looked  time.Time
}

// identity opens the TLS identity of the configuration; nil if there is none.
func (c *config) identity(log *slog.Logger) (*tlsIdentity, error) {
	if c.TLS.Certificate == "" {
		return nil, nil
	}
	id := &tlsIdentity{certFile: c.TLS.Certificate, keyFile: c.TLS.Key, log: log}
	if c.TLS.KeyLabel != "" {
		var err error
		if id.onToken, id.closer, err = hsm.Signer(c.device(), c.TLS.KeyLabel); err != nil {
			return nil, err
		}
	}
	if err := id.load(); err != nil {
		return nil, errors.Join(err, id.Close())
	}
	return id, nil
}

// Close lets go of the key on the token.
func (id *tlsIdentity) Close() error {
	if id.closer != nil {
		return id.closer.Close()
	}
	return nil
}

func (id *tlsIdentity) load() error {
	info, err := os.Stat(id.certFile)
	if err != nil {
		return configError("the TLS certificate can't be read: %w", err)
	}
	cert, err := id.read()
	if err != nil {
		return err
	}
	id.current, id.written = cert, info.ModTime()
	return nil
}

func (id *tlsIdentity) read() (*tls.Certificate, error) {
	if id.onToken != nil {
		return id.readChain()
	}
	if err := private(id.keyFile, ownerOnly); err != nil {
		return nil, err
	}
	cert, err := tls.LoadX509KeyPair(id.certFile, id.keyFile)
	if err != nil {
		return nil, configError("the TLS certificate and key don't fit: %w", err)
	}
	return &cert, nil
}

// readChain puts the certificates of the file before the key on the token.
func (id *tlsIdentity) readChain() (*tls.Certificate, error) {
	b, err := os.ReadFile(id.certFile)
	if err != nil {
		return nil, err
	}
	cert := &tls.Certificate{PrivateKey: id.onToken}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			cert.Certificate = append(cert.Certificate, block.Bytes)
		}
	}
	if len(cert.Certificate) == 0 {
		return nil, configError("%s holds no certificate", id.certFile)
	}
	if cert.Leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
		return nil, configError("%s: %w", id.certFile, err)
	}
	public, ok := id.onToken.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(cert.Leaf.PublicKey) {
		return nil, configError("the certificate in %s is not for the key on the token", id.certFile)
	}
	return cert, nil
}

// reload reads certificate and key now, from the given files, and keeps what it has if they don't
// fit.
func (id *tlsIdentity) reload(certFile, keyFile string) error {
	id.mu.Lock()
	defer id.mu.Unlock()
	oldCert, oldKey := id.certFile, id.keyFile
	id.certFile, id.keyFile = certFile, keyFile
	if err := id.load(); err != nil {
		id.certFile, id.keyFile = oldCert, oldKey
		return err
	}
	id.looked = time.Now()
	return nil
}

// certificate answers a handshake.
func (id *tlsIdentity) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	id.mu.Lock()
	defer id.mu.Unlock()
	if now := time.Now(); now.Sub(id.looked) >= lookAgain {
		id.looked = now
		id.renew()
	}
	return id.current, nil
}

func (id *tlsIdentity) renew() {
	info, err := os.Stat(id.certFile)
	if err == nil && info.ModTime().Equal(id.written) {
		return
	}
	if err := id.load(); err != nil {
		id.log.Error("the TLS certificate can't be read again; the one in use stays", "error", err)
		return
	}
	id.log.Info("read a new TLS certificate", "until", expiry(id.current))
}

func expiry(c *tls.Certificate) time.Time {
	if c.Leaf == nil {
		return time.Time{}
	}
	return c.Leaf.NotAfter
}
