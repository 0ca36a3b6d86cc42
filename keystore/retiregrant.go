package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/grant"
	"claviger/keystore/kmsfault"
	"claviger/policy"
)

// RetireGrantInput names the grant by its token, or by the ids of its key and of itself.
type RetireGrantInput struct {
	GrantToken *string `shape:"GrantTokenType"`
	KeyId      *string `shape:"KeyIdType"`
	GrantId    *string `shape:"GrantIdType"`
	DryRun     *bool   `shape:"NullableBooleanType"`
}

// Validate refuses a grant that is named in both ways, or in none.
func (in RetireGrantInput) Validate() error {
	switch {
	case in.GrantToken != nil && (in.KeyId != nil || in.GrantId != nil):
		return kmsfault.Invalid("Specify the grant token, or the key ID and the grant ID, " +
			"but not both.")
	case in.GrantToken == nil && (in.KeyId == nil || in.GrantId == nil):
		return kmsfault.Invalid("You must specify the grant token, or both the key ID and the " +
			"grant ID.")
	case in.GrantId != nil:
		return grant.CheckID(*in.GrantId)
	}
	return nil
}

// retirement is a grant that is to be retired. Unlike a revocation it needs no policy: the grant
// itself says who may. Where there is no grant, only those whom a policy allows to retire grants
// are told so.
type retirement struct{ namedGrant }

func (s *Keys) findRetirement(c *op.Call, in RetireGrantInput) (*retirement, error) {
	keyID, id := domain.Or(in.KeyId, ""), domain.Or(in.GrantId, "")
	if in.GrantToken != nil {
		// Its MAC says that the token is ours. Whether the grant still holds is looked up by what
		// it names.
		k, named, err := s.grants.ReadToken(c, *in.GrantToken)
		if err != nil {
			return nil, err
		}
		keyID, id = k.ARN(), named
	}
	g, err := s.findGrant(c, "RetireGrant", keyID, id)
	if err != nil {
		return nil, err
	}
	if g.grant != nil {
		g.Says = g.grant.Conditions
		g.Grants = func() ([]policy.Grant, error) { return g.grant.RetirementPolicies(), nil }
	}
	return &retirement{*g}, nil
}

func (s *Keys) retireGrant(c *op.Call, _ RetireGrantInput,
	t *retirement) (op.Commit[op.None], error) {
	return s.deleteGrant(c, t.grant), nil
}
