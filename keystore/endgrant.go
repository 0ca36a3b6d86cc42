package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/kmsfault"
	"claviger/policy"
	"claviger/store"
)

// RetireGrantInput is RetireGrantRequest of AWS.
type RetireGrantInput struct {
	GrantToken *string `shape:"GrantTokenType"`
	KeyId      *string `shape:"KeyIdType"`
	GrantId    *string `shape:"GrantIdType"`
	DryRun     *bool   `shape:"NullableBooleanType"`
}

// Validate wants the grant named, in one of the two ways.
func (in RetireGrantInput) Validate() error {
	switch {
	case in.GrantToken != nil && (in.KeyId != nil || in.GrantId != nil):
		return kmsfault.Invalid("Specify the grant token, or the key ID and the grant ID, but not both.")
	case in.GrantToken == nil && (in.KeyId == nil || in.GrantId == nil):
		return kmsfault.Invalid("You must specify the grant token, or both the key ID and the grant ID.")
	case in.GrantId != nil && !isGrantID(*in.GrantId):
		return errGrantID(*in.GrantId)
	}
	return nil
}

// RevokeGrantInput is RevokeGrantRequest of AWS.
type RevokeGrantInput struct {
	KeyId   string `shape:"KeyIdType,required"`
	GrantId string `shape:"GrantIdType,required"`
	DryRun  *bool  `shape:"NullableBooleanType"`
}

// Validate refuses what is no id of a grant.
func (in RevokeGrantInput) Validate() error {
	if !isGrantID(in.GrantId) {
		return errGrantID(in.GrantId)
	}
	return nil
}

// ending is a grant that is to end, there or not. A key in any state lets it.
type ending struct {
	target
	id    string
	grant *grant // nil if there is none
}

// Missing implements [op.Target].
func (t *ending) Missing() error {
	if err := t.target.Missing(); err != nil || t.grant != nil {
		return err
	}
	return errNoGrant(t.id)
}

// retirement is the end of a grant by those whom it concerns: the one it names for that, and the grantee if it says so.
type retirement struct{ ending }

// Demands implements [op.Target].
func (t *retirement) Demands() []policy.Demand {
	d := t.target.Demands()
	if t.grant != nil {
		mine := policy.Grant{ID: t.grant.id, Grantee: t.grant.retiring, Actions: []string{"kms:RetireGrant"}}
		d[0].Resource.Grants = func() ([]policy.Grant, error) {
			return []policy.Grant{mine, t.grant.decides()}, nil
		}
	}
	return d
}

func (s *Keys) findEnding(c *op.Call, operation, keyID, grantID string) (*ending, error) {
	t, err := s.find(c, operation, keyID, false)
	if err != nil {
		return nil, err
	}
	e := &ending{target: *t, id: grantID}
	if t.key != nil {
		e.grant, err = s.loadGrant(c, t.named.Ref, grantID)
	}
	return e, err
}

func (s *Keys) findRevocation(c *op.Call, in RevokeGrantInput) (*ending, error) {
	return s.findEnding(c, "RevokeGrant", in.KeyId, in.GrantId)
}

func (s *Keys) findRetirement(c *op.Call, in RetireGrantInput) (*retirement, error) {
	key, id := domain.Or(in.KeyId, ""), domain.Or(in.GrantId, "")
	if in.GrantToken != nil {
		var err error
		if key, id, err = s.readGrantToken(c, *in.GrantToken); err != nil {
			return nil, err
		}
	}
	e, err := s.findEnding(c, "RetireGrant", key, id)
	if err != nil {
		return nil, err
	}
	return &retirement{*e}, nil
}

func (s *Keys) retireGrant(c *op.Call, _ RetireGrantInput, t *retirement) (op.Commit[op.None], error) {
	return s.endGrant(c, t.grant), nil
}

func (s *Keys) revokeGrant(c *op.Call, _ RevokeGrantInput, t *ending) (op.Commit[op.None], error) {
	return s.endGrant(c, t.grant), nil
}

func (s *Keys) endGrant(c *op.Call, g *grant) op.Commit[op.None] {
	noteGrant(c, g.id)
	return func(tx *store.Tx) (op.None, error) { return op.None{}, s.removeGrant(tx, g) }
}
