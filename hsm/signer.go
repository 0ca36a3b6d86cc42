package hsm

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"unsafe"

	"github.com/ThalesIgnite/crypto11"
	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
)

// signer is a key pair on a token used through crypto11. It is a member of its module because crypto11 has no
// recovery of its own: its sessions stay dead, and its last Close finalises the library for everybody.
type signer struct {
	config  Config
	label   string
	module  *module
	leaving bool  // not to be configured again; guarded by the module's turn, as is broken
	broken  error // why it could not be configured

	mu      sync.RWMutex // for reading inside the module, for writing from suspend to resume
	context *crypto11.Context
	key     crypto.Signer
	public  []byte // PKIX, to know the key again
}

// Signer returns the key pair labelled keyLabel on the token that c selects, for a TLS identity that never leaves
// the device. RSA and ECDSA keys sign; for RSA-PSS the salt length must be rsa.PSSSaltLengthEqualsHash. The same
// module may be open through [Open], before or after: opening and closing a Signer reloads the module, which open
// tokens get over by themselves. Close the returned Closer when no more signatures are wanted.
func Signer(c Config, keyLabel string) (crypto.Signer, io.Closer, error) {
	c, err := c.settled()
	if err != nil {
		return nil, nil, err
	}
	m, err := acquire(context.Background(), c.Module)
	if err != nil {
		return nil, nil, err
	}
	s := &signer{config: c, label: keyLabel, module: m}
	if err := s.open(); err != nil {
		return nil, nil, errors.Join(err, m.release(context.Background()))
	}
	return s, s, nil
}

// open joins the module and restarts it, since crypto11 must be the one to initialise it.
func (s *signer) open() error {
	if err := s.module.lock(context.Background()); err != nil {
		return err
	}
	defer s.module.unlock()
	s.module.signers = append(s.module.signers, s)
	s.module.join(s)
	err := s.module.restart()
	if err == nil {
		err = s.broken
	}
	if err != nil {
		s.forgetLocked()
	}
	return err
}

// Public returns the public key.
func (s *signer) Public() crypto.PublicKey {
	public, err := x509.ParsePKIXPublicKey(s.public)
	if err != nil {
		return nil
	}
	return public
}

// Sign signs a digest on the token. If the device failed and a reload of the module brings the key back, it
// signs then.
func (s *signer) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	generation := s.module.generation.Load()
	signature, err := s.sign(random, digest, opts)
	if err == nil || !errors.As(err, new(*cryptoki.Error)) && !errors.Is(err, errRenewed) {
		return signature, err
	}
	if recovery := s.recover(generation); recovery != nil {
		return nil, unavailable(errors.Join(err, recovery))
	}
	return s.sign(random, digest, opts)
}

// sign is one attempt. crypto11 takes no context, so a call that hangs is left behind.
func (s *signer) sign(random io.Reader, digest []byte, opts crypto.SignerOpts) (signature []byte, err error) {
	type result struct {
		signature []byte
		err       error
	}
	done := make(chan result, 1)
	go s.module.guarded(&s.mu, s.config.Timeout, func() {
		if s.key == nil {
			done <- result{nil, errRenewed}
			return
		}
		signature, err := s.key.Sign(random, digest, opts)
		done <- result{signature, coded(err)}
	})
	ctx, cancel := context.WithTimeout(context.Background(), s.config.Timeout)
	defer cancel()
	select {
	case r := <-done:
		return r.signature, r.err
	case <-ctx.Done():
		return nil, unavailable(errTimeout)
	}
}

// recover reloads the module unless somebody has since generation.
func (s *signer) recover(generation uint64) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.Timeout)
	defer cancel()
	if err := s.module.lock(ctx); err != nil {
		return err
	}
	defer s.module.unlock()
	if s.module.generation.Load() == generation {
		if err := s.module.reload(s, manyReloads); err != nil {
			return err
		}
	}
	return s.broken
}

// Close gives the key and its sessions up.
func (s *signer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*s.config.Timeout)
	defer cancel()
	if err := s.module.lock(ctx); err != nil {
		return err
	}
	// crypto11's last Close finalises the module, so it happens with everybody out.
	s.leaving = true
	err := s.module.restart()
	s.forgetLocked()
	s.module.unlock()
	return errors.Join(err, s.module.release(ctx))
}

// forgetLocked undoes what open did to the module. The turn must be held.
func (s *signer) forgetLocked() {
	delete(s.module.members, s)
	s.module.signers = slices.DeleteFunc(s.module.signers, func(x *signer) bool { return x == s })
}

// configure opens crypto11 on the token and finds the key. The module must be finalised, or initialised by
// crypto11, and the signer suspended.
func (s *signer) configure() error {
	pin, err := s.config.PIN()
	if err != nil {
		return fmt.Errorf("reading the PIN: %w", err)
	}
	defer clear(pin)
	c := &crypto11.Config{
		Path: s.config.Module, TokenLabel: s.config.TokenLabel, TokenSerial: s.config.TokenSerial,
		Pin:         unsafe.String(unsafe.SliceData(pin), len(pin)), // lent, so that it can be wiped
		MaxSessions: 8, PoolWaitTimeout: s.config.Timeout,
	}
	s.context, err = crypto11.Configure(c)
	c.Pin = ""
	if judge(coded(err)) == onPIN {
		return fmt.Errorf("%w: %w", ErrPIN, err)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrModule, err)
	}
	key, err := s.context.FindKeyPair(nil, []byte(s.label))
	if err == nil && key == nil {
		err = fmt.Errorf("hsm: the token has no key pair labelled %q", s.label)
	}
	if err != nil {
		s.unconfigure()
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err == nil && s.public != nil && !bytes.Equal(public, s.public) {
		err = fmt.Errorf("hsm: key pair %q was replaced by another", s.label)
	}
	if err != nil {
		s.unconfigure()
		return err
	}
	s.key, s.public = key, public
	return nil
}

// coded finds the PKCS#11 code in an error of crypto11, which wraps it in a way that package errors can't see.
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

// unconfigure closes crypto11's context. It may finalise the module.
func (s *signer) unconfigure() {
	if s.context != nil {
		s.context.Close() // fails on a dead device, and there is nothing to be done about it
	}
	s.context, s.key = nil, nil
}

// A signer is suspended like a token, and never counts as healthy: it has nothing to lose by a reload.
func (s *signer) suspend()      { s.mu.Lock() }
func (s *signer) resume()       { s.mu.Unlock() }
func (s *signer) healthy() bool { return false }
