package keystore

import (
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/grant"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
)

// Sizes of a page of grants: without a limit, and the largest (API reference, ListGrants).
const (
	defaultGrants = 50
	maxGrants     = 100
)

// ListGrantsInput names a key, and may ask for one grant or one grantee only.
type ListGrantsInput struct {
	Limit                   *int32  `shape:"LimitType"`
	Marker                  *string `shape:"MarkerType"`
	KeyId                   string  `shape:"KeyIdType,required"`
	GrantId                 *string `shape:"GrantIdType"`
	GranteePrincipal        *string `shape:"PrincipalIdType"`
	GranteeServicePrincipal *string `shape:"ServicePrincipalType"`
}

// KeyID implements [target.Keyed].
func (in ListGrantsInput) KeyID() string { return in.KeyId }

// Validate checks what members say together.
func (in ListGrantsInput) Validate() error {
	switch {
	case in.GranteePrincipal != nil && in.GranteeServicePrincipal != nil:
		return kmsfault.Invalid("You can specify either GranteePrincipal or " +
			"GranteeServicePrincipal, but not both.")
	case in.GrantId != nil:
		return grant.CheckID(*in.GrantId)
	}
	return nil
}

// ListGrantsOutput is a page of grants, of one key or of one retiring principal.
type ListGrantsOutput struct {
	Grants     []GrantListEntry
	NextMarker string `json:",omitzero"`
	Truncated  bool
}

// GrantListEntry is one grant of a listing. KeyId is an ARN, IssuingAccount that of the account's
// root. Of the members for a principal and a service, one at most is there.
type GrantListEntry struct {
	KeyId                    string
	GrantId                  string
	Name                     string // empty, and there, of a grant without one
	CreationDate             wire.Time
	GranteePrincipal         string `json:",omitzero"`
	RetiringPrincipal        string `json:",omitzero"`
	GranteeServicePrincipal  string `json:",omitzero"`
	RetiringServicePrincipal string `json:",omitzero"`
	IssuingAccount           string
	Operations               []string
	Constraints              *GrantConstraints `json:",omitzero"`
}

// grantEntry returns what is told of a grant. Its token is told by CreateGrant only.
func (s *Keys) grantEntry(c *op.Call, g *grant.Grant) (e GrantListEntry, err error) {
	grantee, retiring, err := g.Shown(c, s.policies.People)
	if err != nil {
		return e, err
	}
	e = GrantListEntry{KeyId: g.Key.ARN(), GrantId: g.ID, Name: g.Name,
		CreationDate:   wire.Time{Time: g.Created},
		IssuingAccount: "arn:aws:iam::" + g.IssuingAccount + ":root", Operations: g.Operations}
	toService := g.Constraints.SourceArn != nil // what GranteeServicePrincipal demands
	e.GranteePrincipal, e.GranteeServicePrincipal = principalOrService(grantee, toService)
	e.RetiringPrincipal, e.RetiringServicePrincipal = principalOrService(retiring, toService)
	if !g.Constraints.IsEmpty() {
		constraints := GrantConstraints(g.Constraints)
		e.Constraints = &constraints
	}
	return e, nil
}

// principalOrService tells in which of two members a name is listed. A service that was named as a
// principal is listed as one.
func principalOrService(name string, toService bool) (principal, service string) {
	if toService && !strings.HasPrefix(name, "arn:") {
		return "", name
	}
	return name, ""
}

// grantPage returns a page of a list that has one more if there is a next page. position says where
// a grant stands in the listing, which is what the marker keeps.
func (s *Keys) grantPage(c *op.Call, p domain.Page, grants []*grant.Grant,
	position func(*grant.Grant) string) (out ListGrantsOutput, err error) {
	grants, next := domain.Cut(p, grants, position)
	out = ListGrantsOutput{Grants: make([]GrantListEntry, len(grants)), NextMarker: next,
		Truncated: next != ""}
	for i, g := range grants {
		if out.Grants[i], err = s.grantEntry(c, g); err != nil {
			return out, err
		}
	}
	return out, nil
}

// listGrants binds its marker to the key and the filter: a marker of another listing is refused.
func (s *Keys) listGrants(c *op.Call, in ListGrantsInput,
	k *key.Key) (out ListGrantsOutput, err error) {
	named := either(in.GranteePrincipal, in.GranteeServicePrincipal)
	id := domain.Or(in.GrantId, "")
	filter := k.ID + " " + id + " " + named
	p, err := s.pager.Page(c, "ListGrants", filter, in.Limit, in.Marker, defaultGrants, maxGrants)
	if err != nil {
		return out, err
	}
	grantee, err := domain.KnownPrincipal(c, s.policies.People, named)
	if err != nil {
		return out, err
	}
	var grants []*grant.Grant
	switch {
	// One grant is one page: no marker is ever given for it.
	case id != "":
		grants, err = s.oneGrant(c, k.Ref(), id, grantee)
	case grantee != "":
		grants, err = s.grants.OfGrantee(c, k.Ref(), grantee, p.After, p.Size+1)
	default:
		grants, err = s.grants.OfKey(c, k.Ref(), p.After, p.Size+1)
	}
	if err != nil {
		return out, err
	}
	return s.grantPage(c, p, grants, func(g *grant.Grant) string { return g.ID })
}

// oneGrant returns the one grant with an id, if it is there and, where a grantee is named, that
// one's.
func (s *Keys) oneGrant(c *op.Call, k key.Ref, id, grantee string) ([]*grant.Grant, error) {
	g, err := s.grants.Get(c, k, id)
	if err != nil || g == nil || grantee != "" && g.Grantee != grantee {
		return nil, err
	}
	return []*grant.Grant{g}, nil
}
