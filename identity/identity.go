// Package identity finds out who is calling: by access keys and by the temporary credentials of
// sessions, which sign with Signature Version 4. Its verification is in package sigv4 beneath, and
// session tokens are in package session. What a caller may do is for others to say: see
// [Principals].
//
// The secret of an access key rests sealed by the token. It is opened once to derive the signing
// keys of a day, which are kept in memory; the secret itself is not. The row of an access key is
// kept, too, until the service changes it, which holds for the next request, and for a second at
// most: it may be changed by other means. A session rests nowhere but in its token; whom it acts as
// is looked up with every request.
package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"claviger/identity/accesskey"
	"claviger/identity/session"
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

// Principals knows who there is, as of now: what was committed before counts.
type Principals interface {
	// Principal returns the principal of a unique id, or the root user of an account by the
	// account's number; nil if there is none.
	Principal(ctx context.Context, account, id string) (*Principal, error)
	// ManagedPolicy returns the document of a managed policy that an account may use, nil if there
	// is none of the ARN.
	ManagedPolicy(ctx context.Context, account, arn string) (*policy.Document, error)
	// RoleUsed has it written down that a session of the role of a unique id asked for something.
	// It is told now and then, and not of each request.
	RoleUsed(account, id, region string, at time.Time)
}

// Principal is an account's root user, an IAM user or a role with all that decides what it may do.
type Principal struct {
	policy.Caller           // of a role: what its sessions have in common
	RevokedBefore time.Time // sessions of the role that began earlier are over
}

// Directory knows the callers of one installation. [New] makes it.
type Directory struct {
	db      *store.DB
	token   Token
	who     Principals
	signer  *rowmac.Signer
	sealing custody.Ref
	regions []string

	stsRegions []string // those that requests to STS are signed for: GlobalRegion too

	signing *store.Cache[sigv4.Credential, *derived]
	known   *store.Cache[string, known] // access keys by their ids
	uses    uses

	tokens   session.Tokens
	sessions *domain.Cache[openedFor, *opened]
	revoked  *store.Cache[struct{}, map[string]bool] // the sessions that are, by their ids
	over     over
}

// derived is a signing key, and the sealed secret that it was derived from: for an access key that
// has another secret by now it counts for nothing.
type derived struct {
	sealed []byte
	key    *sigv4.SigningKey
}

// Both have room for ten thousand principals that come in turns: a signing key that isn't there
// costs a call of the device.
const (
	cachedSigningKeys = 32768 // one for each access key, day, Region and service
	cachedAccessKeys  = 16384
)

// New returns the directory of an installation that serves the given Regions.
func New(db *store.DB, token Token, who Principals, in *install.Installation, regions []string,
) *Directory {
	return &Directory{db: db, token: token, who: who, signer: in.Rows, sealing: in.Identity,
		regions: regions, stsRegions: slices.Concat(regions, []string{GlobalRegion}),
		signing: store.NewCache[sigv4.Credential, *derived](cachedSigningKeys),
		known:   store.NewCache[string, known](cachedAccessKeys),

		tokens: session.Tokens{Device: token, Key: in.Identity, Front: in.Tokens},
		sessions: domain.NewWeighedCache[openedFor](cachedSessions, cachedBytes,
			func(o *opened) int { return o.weight }),
		revoked: store.NewCache[struct{}, map[string]bool](1),
	}
}

// Authenticate verifies the signature on a request over the bytes as received, for the service that
// is asked, and returns who made it and for which Region. The body is read once the access key is
// known. Failures are faults of kind Unauthenticated in AWS's words.
func (d *Directory) Authenticate(ctx context.Context, r *http.Request, read func() ([]byte, error),
	service string, now time.Time) (c policy.Caller, region string, err error) {
	p, err := d.presented(r, service, now)
	if err != nil {
		return c, "", err
	}
	who, key, err := d.claimed(ctx, p, now)
	if service == sts && errors.Is(err, sigv4.ErrToken) {
		err = sigv4.ErrUnknownKey // STS ends the sentence with a full stop
	}
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
	d.used(&who, p.Credential, now)
	who.AccessKeyID = p.Credential.AccessKeyID
	if service == iam { // it has one endpoint for all Regions
		return who, GlobalRegion, nil
	}
	return who, p.Credential.Region, nil
}

// presented reads the signature on a request to a service that arrived at a moment.
func (d *Directory) presented(r *http.Request, service string, arrived time.Time) (
	*sigv4.Presented, error) {
	rules := d.rules(service)
	rules.PathIgnored = !strings.HasPrefix(r.URL.Path, resources)
	return sigv4.Parse(r, arrived, rules)
}

// Renew returns who the caller of a request is now that [Directory.Authenticate] knew when it
// arrived: the access key may be inactive since, the session over, and policies are others. What
// was signed is as it was, and counts for as long as the request goes on.
func (d *Directory) Renew(ctx context.Context, r *http.Request, service string,
	arrived, now time.Time) (policy.Caller, error) {
	p, err := d.presented(r, service, arrived)
	if err != nil {
		return policy.Caller{}, err
	}
	who, _, err := d.claimed(ctx, p, now)
	who.AccessKeyID = p.Credential.AccessKeyID
	return who, err
}

// claimed returns who a request says it is of, and the key that it must be signed with.
func (d *Directory) claimed(ctx context.Context, p *sigv4.Presented, now time.Time) (
	c policy.Caller, key *sigv4.SigningKey, err error) {
	temporary := strings.HasPrefix(p.Credential.AccessKeyID, accesskey.Temporary)
	switch {
	case temporary && p.SessionToken != "":
		return d.bySession(ctx, p, now)
	case p.SessionToken != "":
		return c, nil, sigv4.ErrToken
	}
	k, err := d.active(ctx, p.Credential.AccessKeyID)
	if err != nil {
		return c, nil, err
	}
	who, err := d.principal(ctx, k.Account, k.PrincipalID)
	if err != nil {
		return c, nil, err
	}
	key, err = d.signingKey(ctx, k, p.Credential)
	return who.Caller, key, err
}

// principal returns whom an access key or a session speaks for. That of somebody who is gone is
// unknown.
func (d *Directory) principal(ctx context.Context, account, id string) (*Principal, error) {
	who, err := d.who.Principal(ctx, account, id)
	if err == nil && who == nil {
		err = sigv4.ErrUnknownKey
	}
	return who, err
}

// resources is the prefix beneath which a path says what is asked for. Everywhere else requests are
// in AWS's protocols, which read nothing from the path: botocore signs //, and what else means /,
// as /.
const resources = "/v1/"

// sts has rules of its own for signatures.
const (
	sts = "sts"
	iam = "iam"

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
	switch service {
	case iam:
		return sigv4.Rules{Service: service, Regions: d.stsRegions}
	case sts:
	default:
		return sigv4.Rules{Service: service, Regions: d.regions}
	}
	return sigv4.Rules{Service: service, Regions: d.stsRegions, Window: stsWindow,
		ExpiresIgnored: true}
}

// active returns a verified access key that may be used. One that may not is unknown to its
// callers, as with AWS.
func (d *Directory) active(ctx context.Context, id string) (*AccessKey, error) {
	k, err := d.recent(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case k == nil || k.Status != Active:
		return nil, sigv4.ErrUnknownKey
	}
	return k, nil
}

// known is an access key as its row was when it was read.
type known struct {
	*AccessKey
	read time.Time
}

// recentFor is how long a row that was read is believed. Changes by the service drop it at once;
// this is for rows that somebody changes by other means.
const recentFor = time.Second

// errNoKey keeps what is not there out of the cache: anybody can name as many as they like.
var errNoKey = errors.New("there is no such access key")

// recent returns an access key, nil if there is none, as its row is or was a moment ago.
func (d *Directory) recent(ctx context.Context, id string) (*AccessKey, error) {
	load := func() (known, error) {
		read := time.Now() // before the row: it is no younger than that
		k, err := d.AccessKey(ctx, id)
		if err == nil && k == nil {
			err = errNoKey
		}
		return known{k, read}, err
	}
	k, err := d.known.Get(id, load)
	if err == nil && time.Since(k.read) >= recentFor {
		d.known.Drop(id)
		k, err = d.known.Get(id, load)
	}
	if errors.Is(err, errNoKey) {
		return nil, nil
	}
	return k.AccessKey, err
}

// signingKey returns the signing key of an access key for a day, a Region and a service.
func (d *Directory) signingKey(ctx context.Context, k *AccessKey, c sigv4.Credential) (
	*sigv4.SigningKey, error) {
	derive := func() (*derived, error) { return d.derive(ctx, k, c) }
	s, err := d.signing.Get(c, derive)
	if err == nil && !bytes.Equal(s.sealed, k.sealed) {
		d.signing.Drop(c)
		s, err = derive()
	}
	if err != nil {
		return nil, err
	}
	return s.key, nil
}

// derive opens the secret for as long as it takes to derive a signing key from it.
func (d *Directory) derive(ctx context.Context, k *AccessKey, c sigv4.Credential) (
	*derived, error) {
	secret, err := d.token.Unseal(ctx, d.sealing, k.sealed, k.aad())
	if errors.Is(err, custody.ErrForged) {
		return nil, fault.New(fault.Internal, "", "").Because(
			fmt.Errorf("the sealed secret of access key %s was changed", k.ID))
	}
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	return &derived{k.sealed, sigv4.DeriveKey(secret, c.Date, c.Region, c.Service)}, nil
}
