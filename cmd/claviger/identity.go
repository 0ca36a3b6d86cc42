package main

import (
	"errors"
	"io"
	"log/slog"
	"time"

	"claviger/cmd/claviger/certificate"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
	"claviger/hsm"
)

// tlsIdentity is the server's certificate and key.
type tlsIdentity struct {
	*certificate.Source
	onToken io.Closer // nil: the key is in a file
}

// openIdentity opens the TLS identity of the configuration; nil if there is none.
func openIdentity(c *config.Config, log *slog.Logger, now func() time.Time) (*tlsIdentity, error) {
	if c.TLS.Certificate == "" {
		return nil, nil
	}
	id := &tlsIdentity{}
	from := certificate.Config{Certificate: c.TLS.Certificate, Key: c.TLS.Key, Log: log, Now: now,
		Private: config.Private}
	var err error
	if c.TLS.KeyLabel != "" {
		if from.OnToken, id.onToken, err = hsm.Signer(c.Device(), c.TLS.KeyLabel); err != nil {
			return nil, err
		}
	}
	if id.Source, err = certificate.Open(from); err == nil {
		return id, nil
	}
	if !errors.Is(err, exit.ErrExposed) {
		err = exit.Mark(err, exit.ErrConfig)
	}
	return nil, errors.Join(err, id.Close())
}

// Close lets go of the key on the token.
func (id *tlsIdentity) Close() error {
	if id.onToken != nil {
		return id.onToken.Close()
	}
	return nil
}
