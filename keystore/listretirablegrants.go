package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/grant"
	"claviger/keystore/kmsfault"
	"claviger/policy"
)

// ListRetirableGrantsInput names one retiring principal, or one AWS service.
type ListRetirableGrantsInput struct {
	Limit                    *int32  `shape:"LimitType"`
	Marker                   *string `shape:"MarkerType"`
	RetiringPrincipal        *string `shape:"PrincipalIdType"`
	RetiringServicePrincipal *string `shape:"ServicePrincipalType"`
}

// Validate wants one principal named.
func (in ListRetirableGrantsInput) Validate() error {
	if (in.RetiringPrincipal == nil) == (in.RetiringServicePrincipal == nil) {
		return kmsfault.Invalid("You must specify either RetiringPrincipal or " +
			"RetiringServicePrincipal, but not both.")
	}
	return checkPrincipal(in.RetiringPrincipal)
}

// retiringPrincipal is the principal whose retirable grants are listed.
type retiringPrincipal struct {
	domain.Account
	name string // as grants store it
}

// Demands implements [op.Target]. The principal itself needs no policy, as it needs none to retire
// what is listed.
func (r retiringPrincipal) Demands() []policy.Demand {
	d := r.Account.Demands()
	own := policy.Grant{Grantee: r.name, Actions: []string{d[0].Action}}
	d[0].Resource.Grants = func() ([]policy.Grant, error) { return []policy.Grant{own}, nil }
	return d
}

// findRetiringPrincipal takes a principal that doesn't exist for one who may retire nothing.
func (s *Keys) findRetiringPrincipal(c *op.Call,
	in ListRetirableGrantsInput) (retiringPrincipal, error) {
	name, err := domain.KnownPrincipal(c, s.policies.People,
		either(in.RetiringPrincipal, in.RetiringServicePrincipal))
	return retiringPrincipal{domain.OnAccount("kms:ListRetirableGrants"), name}, err
}

// listRetirableGrants looks in the caller's account and Region only, as AWS does, whatever account
// the principal is in. Entries are of many keys, so a marker keeps key and grant.
func (s *Keys) listRetirableGrants(c *op.Call, in ListRetirableGrantsInput,
	r retiringPrincipal) (out ListGrantsOutput, err error) {
	p, err := s.pager.Page(c, "ListRetirableGrants", r.name, in.Limit, in.Marker, defaultGrants,
		maxGrants)
	if err != nil {
		return out, err
	}
	account, region := c.Namespace()
	grants, err := s.grants.Retirable(c, account, region, r.name, p.After, p.Size+1)
	if err != nil {
		return out, err
	}
	return s.grantPage(c, p, grants, (*grant.Grant).ListPosition)
}
