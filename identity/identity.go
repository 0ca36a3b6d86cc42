// Package identity finds out who is calling. For now these are access keys, verified by Signature
// Version 4; the verification itself is in package sigv4 beneath.
//
// The secret of an access key rests sealed by the token. It is opened once to derive the signing
// keys of a day, which are kept in memory; the secret itself is not.
package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"claviger/identity/sigv4"
	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/install"
	"claviger/internal/rowmac"
	"claviger/policy"
	"claviger/store"
)

// Token is what the directory asks of the device.
type Token interface {
	Seal(ctx context.Context, ref custody.Ref, plaintext, aad []byte) ([]byte, error)
	Unseal(ctx context.Context, ref custody.Ref, sealed, aad []byte) ([]byte, error)
}

// Directory knows the callers of one installation. [New] makes it.
type Directory struct {
	db      *store.DB
	token   Token
	signer  *rowmac.Signer
	sealing custody.Ref
	regions []string

	stsRegions []string // those that requests to STS are signed for: GlobalRegion too

	keys    *store.Cache[string, *accessKey]
	signing *store.Cache[sigv4.Credential, *sigv4.SigningKey]
}

const (
	cachedAccessKeys  = 4096
	cachedSigningKeys = 8192 // one for each access key, day, Region and service
)

// New returns the directory of an installation that serves the given Regions.
func New(db *store.DB, token Token, in *install.Installation, regions []string) *Directory {
	return &Directory{db: db, token: token, signer: in.Rows, sealing: in.Identity,
		regions: regions, stsRegions: slices.Concat(regions, []string{GlobalRegion}),
		keys:    store.NewCache[string, *accessKey](cachedAccessKeys),
		signing: store.NewCache[sigv4.Credential, *sigv4.SigningKey](cachedSigningKeys),
	}
}

// Authenticate verifies the signature on a request over the bytes as received, for the service that
// is asked, and returns who made it and for which Region. The body is read once the access key is
// known. Failures are faults of kind Unauthenticated in AWS's words.
func (d *Directory) Authenticate(ctx context.Context, r *http.Request, read func() ([]byte, error),
	service string, now time.Time) (c policy.Caller, region string, err error) {
	p, err := sigv4.Parse(r, now, d.rules(service))
	if err != nil {
		return c, "", err
	}
	if p.SessionToken != "" {
		return c, "", sigv4.ErrToken
	}
	k, err := d.accessKey(ctx, p.Credential.AccessKeyID)
	if err != nil {
		return c, "", err
	}
	key, err := d.signing.Get(p.Credential, func() (*sigv4.SigningKey, error) {
		return d.derive(ctx, k, p.Credential)
	})
	if err != nil {
		return c, "", err
	}
	body, err := read()
	if err != nil {
		return c, "", err
	}
	if err := p.Verify(r, body, key); err != nil {
		return c, "", err
	}
	return k.caller, p.Credential.Region, nil
}

// sts has rules of its own for signatures.
const (
	sts = "sts"

	// GlobalRegion is the Region of what has none: requests to the endpoint for the whole world are
	// signed for it, and what IAM does is recorded in it.
	GlobalRegion = "us-east-1"
	stsWindow    = 15 * time.Minute
)

// rules says what a request to a service has to be signed for. One to STS lives for fifteen
// minutes, and a presigned one too, whatever it says itself: whoever shows it to others as proof of
// identity keeps it for as long, though it says sixty seconds
// (kubernetes-sigs/aws-iam-authenticator).
func (d *Directory) rules(service string) sigv4.Rules {
	if service != sts {
		return sigv4.Rules{Service: service, Regions: d.regions}
	}
	return sigv4.Rules{Service: service, Regions: d.stsRegions, Window: stsWindow,
		ExpiresIgnored: true}
}

// accessKey returns a verified, active access key.
func (d *Directory) accessKey(ctx context.Context, id string) (*accessKey, error) {
	k, err := d.keys.Get(id, func() (*accessKey, error) { return d.load(ctx, id) })
	switch {
	case domain.IsNoRow(err):
		return nil, sigv4.ErrUnknownKey
	case err != nil:
		return nil, err
	case k.status != active:
		return nil, sigv4.ErrUnknownKey
	}
	return k, nil
}

// Account returns the account of an active access key, or [sigv4.ErrUnknownKey].
func (d *Directory) Account(ctx context.Context, id string) (string, error) {
	k, err := d.accessKey(ctx, id)
	if err != nil {
		return "", err
	}
	return k.caller.Account, nil
}

// derive opens the secret for as long as it takes to derive a signing key from it.
func (d *Directory) derive(ctx context.Context, k *accessKey, c sigv4.Credential) (
	*sigv4.SigningKey, error) {
	secret, err := d.token.Unseal(ctx, d.sealing, k.sealed, k.aad())
	if errors.Is(err, custody.ErrForged) {
		return nil, fault.New(fault.Internal, "", "").Because(
			fmt.Errorf("the sealed secret of access key %s was changed", k.caller.AccessKeyID))
	}
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	return sigv4.DeriveKey(secret, c.Date, c.Region, c.Service), nil
}
