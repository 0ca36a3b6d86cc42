// Package signer uses a key pair on a token through crypto11.
//
// It shares the module with everybody else in the process, and crypto11 has no recovery of its own:
// its sessions stay dead, and its last Close finalises the library for everybody. So a [Signer] is
// a member of its module, and is started and stopped by that.
package signer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
	"unsafe"

	"github.com/ThalesIgnite/crypto11"
	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/module"
)

// Options say which key pair is used, and how.
type Options struct {
	Module  string // path of the library
	Token   module.Selector
	Label   string // of the key pair
	PIN     func() ([]byte, error)
	Timeout time.Duration // of a signature
}

// Signer is a key pair on a token. It is a [crypto.Signer].
type Signer struct {
	options Options
	module  *module.Module

	mu      sync.RWMutex // for reading inside the module, for writing from Suspend to Resume
	context *crypto11.Context
	key     crypto.Signer
	public  []byte // PKIX, to know the key again
}

// Open finds the key pair. It restarts the module, since crypto11 must be the one to initialise it.
func Open(o Options) (*Signer, error) {
	m, err := module.Acquire(context.Background(), o.Module)
	if err != nil {
		return nil, err
	}
	s := &Signer{options: o, module: m}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, m.Release(context.Background()))
	}
	return s, nil
}

func (s *Signer) open() error {
	if err := s.module.Lock(context.Background()); err != nil {
		return err
	}
	defer s.module.Unlock()
	// crypto11 has one error for whatever is wrong: a token that isn't there is told apart before.
	if _, _, err := s.module.FindPatiently(s.options.Token); err != nil {
		return err
	}
	return s.module.JoinAsInitializer(s)
}

// Public returns the public key. It is kept and not asked for, so that it is there while the device
// isn't.
func (s *Signer) Public() crypto.PublicKey {
	public, err := x509.ParsePKIXPublicKey(s.public)
	if err != nil {
		return nil
	}
	return public
}

// Sign signs a digest on the token. If the device failed and a reload of the module brings the key
// back, it signs then.
func (s *Signer) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	// Read before the attempt: a failure from before somebody else's reload asks for no second one.
	generation := s.module.Generation()
	signature, err := s.sign(random, digest, opts)
	if err == nil || !errors.As(err, new(*cryptoki.Error)) && !errors.Is(err, failure.ErrRenewed) {
		return signature, err
	}
	if recovery := s.recover(generation); recovery != nil {
		return nil, failure.Unavailable(errors.Join(err, recovery))
	}
	return s.sign(random, digest, opts)
}

// sign is one attempt. crypto11 takes no context, so a call that hangs is left behind.
func (s *Signer) sign(random io.Reader, digest []byte,
	opts crypto.SignerOpts) (signature []byte, err error) {
	type result struct {
		signature []byte
		err       error
	}
	// With room for the result, or a call that was left behind could never end.
	done := make(chan result, 1)
	go s.module.Guarded(&s.mu, s.options.Timeout, func() {
		if s.key == nil {
			done <- result{nil, failure.ErrRenewed}
			return
		}
		signature, err := s.key.Sign(random, digest, opts)
		done <- result{signature, coded(err)}
	})
	ctx, cancel := context.WithTimeout(context.Background(), s.options.Timeout)
	defer cancel()
	select {
	case r := <-done:
		return r.signature, r.err
	case <-ctx.Done():
		return nil, failure.Unavailable(failure.ErrTimeout)
	}
}

// recover reloads the module unless somebody has since generation.
func (s *Signer) recover(generation uint64) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.options.Timeout)
	defer cancel()
	if err := s.module.Lock(ctx); err != nil {
		return err
	}
	defer s.module.Unlock()
	if s.module.Generation() == generation {
		if err := s.module.Reload(s, module.ManyReloads); err != nil {
			return err
		}
	}
	return s.module.Broken(s)
}

// Close gives the key and its sessions up.
func (s *Signer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*s.options.Timeout)
	defer cancel()
	if err := s.module.Lock(ctx); err != nil {
		return err
	}
	err := s.module.LeaveAsInitializer(s)
	s.module.Unlock()
	return errors.Join(err, s.module.Release(ctx))
}

// Initialize opens crypto11 on the token and finds the key. The module must be finalised, or
// initialised by crypto11, and the signer suspended. A key pair that is another one after a reload
// is refused: the certificate over the old one would fit no signature.
func (s *Signer) Initialize() error {
	pin, err := s.options.PIN()
	if err != nil {
		return fmt.Errorf("reading the PIN: %w", err)
	}
	defer clear(pin)
	c := &crypto11.Config{
		Path:       s.options.Module,
		TokenLabel: s.options.Token.Label, TokenSerial: s.options.Token.Serial,
		// lent, so that it can be wiped
		Pin:         unsafe.String(unsafe.SliceData(pin), len(pin)),
		MaxSessions: 8, PoolWaitTimeout: s.options.Timeout,
	}
	s.context, err = crypto11.Configure(c)
	c.Pin = ""
	if failure.Judge(coded(err)) == failure.OnPIN {
		return fmt.Errorf("%w: %w", failure.ErrPIN, err)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", failure.ErrNotStarted, err)
	}
	key, err := s.context.FindKeyPair(nil, []byte(s.options.Label))
	if err == nil && key == nil {
		err = fmt.Errorf("hsm: the token has no key pair labelled %q", s.options.Label)
	}
	if err != nil {
		s.Finalize()
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err == nil && s.public != nil && !bytes.Equal(public, s.public) {
		err = fmt.Errorf("hsm: key pair %q was replaced by another", s.options.Label)
	}
	if err != nil {
		s.Finalize()
		return err
	}
	s.key, s.public = key, public
	return nil
}

// coded finds the PKCS#11 code in an error of crypto11, which wraps it in a way that package errors
// can't see. Without the code a lost device would look like a bad request, and nothing would
// recover it.
func coded(err error) error {
	for cause := err; cause != nil; {
		if code, ok := cause.(pkcs11.Error); ok {
			return &cryptoki.Error{Function: "crypto11", Code: uint(code)}
		}
		wrapped, ok := cause.(interface{ Cause() error })
		if !ok {
			break
		}
		cause = wrapped.Cause()
	}
	return err
}

// Finalize closes crypto11's context. It may finalise the module.
func (s *Signer) Finalize() {
	if s.context != nil {
		s.context.Close() // fails on a dead device, and there is nothing to be done about it
	}
	s.context, s.key = nil, nil
}

// Suspend, Resume and Healthy make the signer a member of its module. It never counts as healthy:
// it has nothing to lose by a reload.
func (s *Signer) Suspend()      { s.mu.Lock() }
func (s *Signer) Resume()       { s.mu.Unlock() }
func (s *Signer) Healthy() bool { return false }
