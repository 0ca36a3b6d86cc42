package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"claviger/identity/accesskey"
	"claviger/identity/session"
	"claviger/identity/sigv4"
	"claviger/internal/fault"
	"claviger/policy"
)

// opened is a session whose token was opened, for requests of one day, Region and service.
type opened struct {
	*session.Session
	policies []*policy.Document // that are inline
	weight   int
	key      *sigv4.SigningKey
}

// openedFor is what an opened session is kept under. A token is long, and its digest is not.
type openedFor struct {
	token [sha256.Size]byte
	scope sigv4.Credential
}

// The bounds of the cache of opened sessions: what a session's policies take compiled may be
// hundreds of times their text.
const (
	cachedSessions = 16384
	cachedBytes    = 64 << 20
	usualSession   = 1024 // bytes, without its policies
)

// bySession returns the caller and the signing key of temporary credentials. The checks are in the
// order of AWS: token and key belong together, the session goes on, its principal is there.
func (d *Directory) bySession(ctx context.Context, p *sigv4.Presented, now time.Time) (
	c policy.Caller, key *sigv4.SigningKey, err error) {
	at := openedFor{sha256.Sum256([]byte(p.SessionToken)), p.Credential}
	s, err := d.sessions.Get(at, func() (*opened, error) { return d.open(ctx, p) })
	switch {
	case errors.Is(err, session.ErrToken):
		return c, nil, sigv4.ErrToken
	case err != nil:
		return c, nil, err
	case !now.Before(s.Expires):
		d.sessions.Forget(at)
		return c, nil, sigv4.ErrExpired
	}
	if p.Credential.Service == iam && !s.reachesIAM() {
		return c, nil, sigv4.ErrToken
	}
	revoked, err := d.isRevoked(ctx, s.AccessKeyID)
	if err != nil {
		return c, nil, err
	}
	who, err := d.principal(ctx, s.Account, s.Principal)
	switch {
	case err != nil:
		return c, nil, err
	case revoked, !who.RevokedBefore.IsZero() && !s.Issued.After(who.RevokedBefore):
		return c, nil, sigv4.ErrExpired // who can have another asks for it
	}
	c, err = d.sessionCaller(ctx, s, who.Caller)
	return c, s.key, err
}

// reachesIAM reports whether IAM serves the session: those of users it serves with MFA only, which
// nobody here has, and federated users never. It says that of the token ("Comparing the AWS STS API
// operations" of the IAM user guide; 99designs/aws-vault).
func (o *opened) reachesIAM() bool {
	return o.Kind == session.AssumeRole || o.Kind == session.WebIdentity
}

// open opens a token, once for each day, Region and service.
func (d *Directory) open(ctx context.Context, p *sigv4.Presented) (*opened, error) {
	scope := p.Credential
	s, secret, err := d.tokens.Open(ctx, scope.AccessKeyID, p.SessionToken)
	if err != nil {
		return nil, err
	}
	text := secret.Text()
	defer clear(secret[:])
	defer clear(text)
	o := &opened{Session: s, weight: usualSession,
		key: sigv4.DeriveKey(text, scope.Date, scope.Region, scope.Service)}
	for _, text := range s.Policies {
		d, err := policy.ParseInline(text)
		if err != nil {
			return nil, fault.Of(fmt.Errorf("a session policy of session %s: %w", s.AccessKeyID, err))
		}
		o.policies = append(o.policies, d)
		o.weight += len(text) + d.Weight()
	}
	return o, nil
}

// sessionCaller makes whom a session acts as the caller that the session is at this moment.
func (d *Directory) sessionCaller(ctx context.Context, s *opened, c policy.Caller) (
	policy.Caller, error) {
	c.Session = &policy.Session{Issued: s.Issued, Policies: slices.Clip(s.policies), Tags: s.Tags,
		Transitive: s.Transitive, SourceIdentity: s.SourceIdentity, Provider: s.Provider}
	for _, arn := range s.PolicyARNs {
		p, err := d.who.ManagedPolicy(ctx, s.Account, arn)
		if err != nil {
			return c, err
		}
		if p == nil {
			p = new(policy.Document) // it allows nothing any more
		}
		c.Session.Policies = append(c.Session.Policies, p)
	}
	switch s.Kind {
	case session.AssumeRole, session.WebIdentity:
		c.ARN, c.PrincipalID = RoleSessionARN(c.Role, s.Name), c.UniqueID+":"+s.Name
	case session.FederationToken:
		if c.Type == policy.Root {
			c.Policies = everything // session policies make less of it
		}
		c.Session.Issuer = c.ARN
		c.Type, c.ARN = policy.FederatedUser, FederatedUserARN(s.Account, s.Name)
		c.PrincipalID = s.Account + ":" + s.Name
	}
	return c, nil
}

// NewSession seals a session, whose access key is drawn here, in a token of at least so many
// characters.
func (d *Directory) NewSession(ctx context.Context, s session.Session, least int) (
	c Credentials, err error) {
	s.AccessKeyID = accesskey.NewID(accesskey.Temporary, s.Account)
	secret := accesskey.NewSecret()
	defer clear(secret[:])
	token, err := d.tokens.Seal(ctx, &s, secret, least)
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{s.AccessKeyID, string(secret.Text()), token}, nil
}

// Credentials are temporary credentials, which are told once.
type Credentials struct{ AccessKeyID, Secret, Token string }

// everything is what the root user of an account may do, for its federated users.
var everything = func() []*policy.Document {
	d, err := policy.Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*",` +
		`"Resource":"*"}}`)
	if err != nil {
		panic(err)
	}
	return []*policy.Document{d}
}()
