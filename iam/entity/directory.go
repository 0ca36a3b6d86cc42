package entity

import (
	"context"
	"strings"
	"sync/atomic"

	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/policy"
	"claviger/store"
)

// Directory knows all entities of an installation. [New] makes it.
type Directory struct {
	Users     *Rows[User, *User]
	Groups    *Rows[Group, *Group]
	Roles     *Rows[Role, *Role]
	Policies  *Rows[Policy, *Policy]
	Providers *Rows[Provider, *Provider]

	db       *store.DB
	signer   *rowmac.Signer
	accounts *domain.Cache[string, *Account]

	// generation is how often anything was committed here. A principal is made of several rows, and
	// what was made before the last commit is made again.
	generation atomic.Int64
	principals *store.Cache[ref, *principal]
}

// principal is what was made of a user or role, and when.
type principal struct {
	identity.Principal
	generation int64
	none       bool
}

// weight counts the documents, which the rows may not be kept for any more.
func (p *principal) weight() int {
	n := overhead + weigh(p.Policies)
	if p.Boundary != nil {
		n += p.Boundary.Weight()
	}
	return n
}

// cachedPrincipals bounds the principals that are kept made.
const cachedPrincipals = 16384

// New returns the directory of an installation.
func New(db *store.DB, signer *rowmac.Signer) *Directory {
	d := &Directory{db: db, signer: signer,
		accounts:   domain.NewCache[string, *Account](cachedEntities, 0, nil),
		principals: store.NewWeighedCache[ref](cachedPrincipals, cachedBytes, (*principal).weight)}
	d.Users = newRows(d, users)
	d.Groups = newRows(d, groups)
	d.Roles = newRows(d, roles)
	d.Policies = newRows(d, policies)
	d.Providers = newRows(d, providers)
	return d
}

// changed is called once a change is on the disk.
func (d *Directory) changed() { d.generation.Add(1) }

// Principal implements [identity.Principals].
func (d *Directory) Principal(ctx context.Context, account, id string) (
	*identity.Principal, error) {
	at, now := ref{account, id}, d.generation.Load() // before any row is read
	load := func() (*principal, error) {
		made, err := d.make(ctx, account, id)
		return &principal{Principal: made.Principal, none: made.none, generation: now}, err
	}
	p, err := d.principals.Get(at, load)
	if err == nil && p.generation != now {
		d.principals.Drop(at)
		p, err = d.principals.Get(at, load)
	}
	if err != nil || p.none {
		return nil, err
	}
	return &p.Principal, nil
}

func (d *Directory) make(ctx context.Context, account, id string) (p principal, err error) {
	switch {
	case id == account:
		a, err := d.Account(ctx, account)
		if err != nil || a == nil {
			return principal{none: true}, err
		}
		p.Caller = identity.RootUser(account)
		return p, nil
	case strings.HasPrefix(id, ofUser):
		return d.makeUser(ctx, account, id)
	case strings.HasPrefix(id, ofRole):
		return d.makeRole(ctx, account, id)
	}
	return principal{none: true}, nil
}

func (d *Directory) makeUser(ctx context.Context, account, id string) (p principal, err error) {
	u, err := d.Users.ByID(ctx, account, id)
	if err != nil || u == nil {
		return principal{none: true}, err
	}
	p.Caller = policy.Caller{Type: policy.IAMUser, Account: account, ARN: u.ARN(), UniqueID: u.ID,
		PrincipalID: u.ID, Tags: domain.TagMap(u.Tags)}
	if err := d.give(ctx, &p.Caller, &u.Permissions); err != nil {
		return p, err
	}
	for _, id := range u.Groups {
		g, err := d.Groups.ByID(ctx, account, id)
		if err != nil {
			return p, err
		}
		if g == nil { // its row was taken away: it may have held a Deny
			p.Policies = append(p.Policies, policy.Closed)
			continue
		}
		if err := d.give(ctx, &p.Caller, &g.Permissions); err != nil {
			return p, err
		}
	}
	p.Boundary, err = d.boundary(ctx, account, u.Boundary)
	return p, err
}

func (d *Directory) makeRole(ctx context.Context, account, id string) (p principal, err error) {
	r, err := d.Roles.ByID(ctx, account, id)
	if err != nil || r == nil {
		return principal{none: true}, err
	}
	p.RevokedBefore = r.Revoked
	p.Caller = policy.Caller{Type: policy.AssumedRole, Account: account, Role: r.ARN(),
		UniqueID: r.ID, Tags: domain.TagMap(r.Tags)}
	if err := d.give(ctx, &p.Caller, &r.Permissions); err != nil {
		return p, err
	}
	p.Boundary, err = d.boundary(ctx, account, r.Boundary)
	return p, err
}

// give adds an entity's policies to those of a caller.
func (d *Directory) give(ctx context.Context, c *policy.Caller, p *Permissions) error {
	c.Policies = append(c.Policies, p.compiled...)
	for _, arn := range p.Attached {
		document, err := d.inForce(ctx, c.Account, arn)
		if err != nil {
			return err
		}
		c.Policies = append(c.Policies, document)
	}
	return nil
}

func (d *Directory) boundary(ctx context.Context, account, arn string) (*policy.Document, error) {
	if arn == "" {
		return nil, nil
	}
	return d.inForce(ctx, account, arn)
}

// inForce returns the document of a managed policy that an entity's row names. If that is gone, it
// was taken away behind the service's back, and everything is denied.
func (d *Directory) inForce(ctx context.Context, account, arn string) (*policy.Document, error) {
	document, err := d.ManagedPolicy(ctx, account, arn)
	if document == nil && err == nil {
		return policy.Closed, nil
	}
	return document, err
}

// ManagedPolicy returns the document of a managed policy of an account or of AWS, nil if there is
// none of the ARN. It implements [identity.Principals].
func (d *Directory) ManagedPolicy(ctx context.Context, account, arn string) (
	*policy.Document, error) {
	p, err := d.PolicyByARN(ctx, account, arn)
	if err != nil || p == nil {
		return nil, err
	}
	return p.document, nil
}

// PolicyByARN returns a managed policy that entities of an account may have attached: its own, or
// one of AWS's. It is nil if there is none of the ARN.
func (d *Directory) PolicyByARN(ctx context.Context, account, arn string) (*Policy, error) {
	owner, kind, _, name, ok := ParseARN(arn)
	if !ok || kind != "policy" {
		return nil, nil
	}
	if owner == AWS {
		return awsPolicies().byARN[arn], nil
	}
	if owner != account {
		return nil, nil
	}
	p, err := d.Policies.ByName(ctx, account, name)
	if err != nil || p == nil || p.ARN() != arn {
		return nil, err
	}
	return p, nil
}
