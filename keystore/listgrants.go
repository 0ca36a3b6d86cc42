package keystore

import (
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/policy"
)

const (
	usualGrants = 50
	mostGrants  = 100
)

// ListGrantsInput is ListGrantsRequest of AWS.
type ListGrantsInput struct {
	Limit                   *int32  `shape:"LimitType"`
	Marker                  *string `shape:"MarkerType"`
	KeyId                   string  `shape:"KeyIdType,required"`
	GrantId                 *string `shape:"GrantIdType"`
	GranteePrincipal        *string `shape:"PrincipalIdType"`
	GranteeServicePrincipal *string `shape:"ServicePrincipalType"`
}

func (in ListGrantsInput) keyID() string { return in.KeyId }

// Validate checks what members say together.
func (in ListGrantsInput) Validate() error {
	switch {
	case in.GranteePrincipal != nil && in.GranteeServicePrincipal != nil:
		return kmsfault.Invalid("You can specify either GranteePrincipal or GranteeServicePrincipal, but not both.")
	case in.GrantId != nil && !isGrantID(*in.GrantId):
		return errGrantID(*in.GrantId)
	}
	return nil
}

// ListGrantsOutput is ListGrantsResponse of AWS.
type ListGrantsOutput struct {
	Grants     []GrantListEntry
	NextMarker string `json:",omitzero"`
	Truncated  bool
}

// listed returns a page of a list that holds one more than the page if there is a next one.
func listed(grants []*grant, p domain.Page, last func(*grant) string) ListGrantsOutput {
	out := ListGrantsOutput{Grants: []GrantListEntry{}}
	for _, g := range grants[:min(len(grants), p.Size)] {
		out.Grants = append(out.Grants, g.entry())
	}
	if len(grants) > p.Size {
		out.Truncated, out.NextMarker = true, p.Next(last(grants[p.Size-1]))
	}
	return out
}

func (s *Keys) listGrants(c *op.Call, in ListGrantsInput, k *key.Key) (out ListGrantsOutput, err error) {
	grantee, id := domain.Or(in.GranteePrincipal, domain.Or(in.GranteeServicePrincipal, "")), domain.Or(in.GrantId, "")
	p, err := s.page(c, "ListGrants", k.ID+" "+id+" "+grantee, in.Limit, in.Marker, usualGrants, mostGrants)
	if err != nil {
		return out, err
	}
	var grants []*grant
	switch {
	case id != "":
		grants, err = s.grantOf(c, k.Ref(), id, grantee)
	case grantee != "":
		grants, err = s.selectGrants(c, qGrantsOfGrantee, k.Account, k.Region, k.ID, grantee, p.After, p.Size+1)
	default:
		grants, err = s.selectGrants(c, qGrants, k.Account, k.Region, k.ID, p.After, p.Size+1)
	}
	return listed(grants, p, func(g *grant) string { return g.id }), err
}

// grantOf returns the one grant with an id, if it is there and, where a grantee is named, that one's.
func (s *Keys) grantOf(c *op.Call, k key.Ref, id, grantee string) ([]*grant, error) {
	g, err := s.loadGrant(c, k, id)
	if g == nil || grantee != "" && g.grantee != grantee {
		return nil, err
	}
	return []*grant{g}, err
}

// ListRetirableGrantsInput is ListRetirableGrantsRequest of AWS.
type ListRetirableGrantsInput struct {
	Limit                    *int32  `shape:"LimitType"`
	Marker                   *string `shape:"MarkerType"`
	RetiringPrincipal        *string `shape:"PrincipalIdType"`
	RetiringServicePrincipal *string `shape:"ServicePrincipalType"`
}

// Validate wants one principal named.
func (in ListRetirableGrantsInput) Validate() error {
	if (in.RetiringPrincipal == nil) == (in.RetiringServicePrincipal == nil) {
		return kmsfault.Invalid("You must specify either RetiringPrincipal or RetiringServicePrincipal, but not both.")
	}
	return checkPrincipal(in.RetiringPrincipal)
}

// retirer is the principal whose grants to retire are listed. They are its own affair.
type retirer struct {
	domain.Account
	name string
}

// Demands implements [op.Target].
func (r retirer) Demands() []policy.Demand {
	d := r.Account.Demands()
	own := policy.Grant{Grantee: r.name, Actions: []string{d[0].Action}}
	d[0].Resource.Grants = func() ([]policy.Grant, error) { return []policy.Grant{own}, nil }
	return d
}

func (s *Keys) findRetirer(_ *op.Call, in ListRetirableGrantsInput) (retirer, error) {
	return retirer{domain.OnAccount("kms:ListRetirableGrants"), domain.Or(in.RetiringPrincipal, domain.Or(in.RetiringServicePrincipal, ""))}, nil
}

func (s *Keys) listRetirableGrants(c *op.Call, in ListRetirableGrantsInput, r retirer) (out ListGrantsOutput, err error) {
	p, err := s.page(c, "ListRetirableGrants", r.name, in.Limit, in.Marker, usualGrants, mostGrants)
	if err != nil {
		return out, err
	}
	account, region := c.Namespace()
	key, id, _ := strings.Cut(p.After, "/")
	grants, err := s.selectGrants(c, qRetirableGrants, account, region, r.name, key, id, p.Size+1)
	return listed(grants, p, func(g *grant) string { return g.Ref.ID + "/" + g.id }), err
}

// grantsFor returns the grants that a caller has on a key, from the cache or from their verified rows. One that needs none
// costs nothing, and no caller has more than its own read.
func (s *Keys) grantsFor(c *op.Call, k *key.Key) ([]policy.Grant, error) {
	if k == nil {
		return nil, nil
	}
	ref := granteeRef{k.Ref(), c.Caller.Name()}
	var heavy []policy.Grant
	kept, err := s.grants.Get(ref, func() ([]policy.Grant, error) {
		grants, err := s.selectGrants(c, qGrantsOfGrantee, ref.Account, ref.Region, ref.ID, ref.grantee, "", grantsPerKey)
		list, weight := make([]policy.Grant, len(grants)), 0
		for i, g := range grants {
			list[i] = g.decides()
			weight += g.weight()
		}
		if err == nil && weight > keptBytes {
			heavy = list
			return nil, errHeavy
		}
		return list, err
	})
	if heavy != nil {
		return heavy, nil
	}
	return kept, err
}

// weight is about how many bytes the grant takes in memory.
func (g *grant) weight() int {
	n := len(g.grantee) + overhead*(1+len(g.operations))
	for _, pairs := range []map[string]string{g.constraints.EncryptionContextEquals, g.constraints.EncryptionContextSubset} {
		for k, v := range pairs {
			n += len(k) + len(v) + overhead
		}
	}
	return n
}
