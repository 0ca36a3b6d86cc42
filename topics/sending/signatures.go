package sending

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"sync"

	"claviger/internal/custody"
	"claviger/topics/notification"
)

const (
	// signedAtOnce is how many signatures are asked of the device at a time.
	signedAtOnce = 2
	// keptSignatures is how many are kept for the receivers that are still to come.
	keptSignatures = 4096
)

// signatures are those that were made, by the digest of what they are over.
type signatures struct {
	places chan struct{}

	mu   sync.Mutex
	made map[[sha256.Size]byte]*signature
}

// signature is one that is being made, or was.
type signature struct {
	done chan struct{}
	text string
	err  error
}

// sign returns the signature of what a receiver gets. It is the same for all receivers, so that
// those who come at once wait for one call of the device, and later ones for none.
func (s *Sending) sign(ctx context.Context, c *notification.Content) (string, error) {
	text := c.ToSign()
	key := sha256.Sum256(append([]byte(c.SignatureVersion+"\n"), text...))
	g := &s.signatures
	g.mu.Lock()
	one, found := g.made[key]
	if !found {
		for old := range g.made { // map order picks the victim
			if len(g.made) < keptSignatures {
				break
			}
			delete(g.made, old)
		}
		one = &signature{done: make(chan struct{})}
		g.made[key] = one
	}
	g.mu.Unlock()
	if !found {
		one.text, one.err = s.signed(ctx, c.SignatureVersion, text)
		if one.err != nil {
			g.mu.Lock()
			delete(g.made, key)
			g.mu.Unlock()
		}
		close(one.done)
		return one.text, one.err
	}
	select {
	case <-one.done:
		return one.text, one.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// signed asks the device.
func (s *Sending) signed(ctx context.Context, version string, text []byte) (string, error) {
	select {
	case s.signatures.places <- struct{}{}:
		defer func() { <-s.signatures.places }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	key, err := s.Key(ctx)
	if err != nil {
		return "", err
	}
	algorithm, digest := version1, sha1.Sum(text)
	by := digest[:]
	if version == "2" {
		sum := sha256.Sum256(text)
		algorithm, by = version2, sum[:]
	}
	b, err := s.Device.Sign(ctx, key.Rest(), algorithm, by)
	return base64.StdEncoding.EncodeToString(b), err
}

// The algorithms of the versions of signatures.
const (
	version1 custody.Algorithm = "RSASSA_PKCS1_V1_5_SHA_1"
	version2 custody.Algorithm = "RSASSA_PKCS1_V1_5_SHA_256"
)

// identity is the certificate of the pair that messages are signed by.
type identity struct {
	mu   sync.Mutex
	made *notification.Certificate
}

// Certificate returns the certificate, which is made when it is first asked for.
func (s *Sending) Certificate(ctx context.Context) (notification.Certificate, error) {
	s.identity.mu.Lock()
	defer s.identity.mu.Unlock()
	if s.identity.made != nil {
		return *s.identity.made, nil
	}
	key, err := s.Key(ctx)
	if err != nil {
		return notification.Certificate{}, err
	}
	public, err := x509.ParsePKIXPublicKey(key.Public)
	if err != nil {
		return notification.Certificate{}, err
	}
	if _, ok := public.(*rsa.PublicKey); !ok {
		return notification.Certificate{}, errors.New("the key that messages are signed by is no RSA")
	}
	made, err := notification.NewCertificate(&signer{ctx, s.Device, key, public})
	if err != nil {
		return notification.Certificate{}, err
	}
	s.identity.made = &made
	return made, nil
}

// signer is the pair on the token, for package x509.
type signer struct {
	ctx    context.Context
	device Device
	key    custody.Material
	public crypto.PublicKey
}

// Public implements [crypto.Signer].
func (s *signer) Public() crypto.PublicKey { return s.public }

// Sign implements [crypto.Signer], for SHA-256 alone.
func (s *signer) Sign(_ io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if o.HashFunc() != crypto.SHA256 {
		return nil, errors.New("the certificate is signed by SHA-256 alone")
	}
	return s.device.Sign(s.ctx, s.key.Rest(), version2, digest)
}
