package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/grant"
	"claviger/keystore/target"
	"claviger/store"
)

// RevokeGrantInput names the grant by the ids of its key and of itself.
type RevokeGrantInput struct {
	KeyId   string `shape:"KeyIdType,required"`
	GrantId string `shape:"GrantIdType,required"`
	DryRun  *bool  `shape:"NullableBooleanType"`
}

// Validate refuses what can't be the id of a grant.
func (in RevokeGrantInput) Validate() error { return grant.CheckID(in.GrantId) }

// namedGrant is a grant that is named to be ended, there or not. A key in any state lets it end.
type namedGrant struct {
	target.Target
	id    string
	grant *grant.Grant // nil if there is none

	unread error // why it could not be read
}

// Missing implements [op.Target].
func (t *namedGrant) Missing() error {
	if err := t.Target.Missing(); err != nil || t.grant != nil {
		return err
	}
	if t.unread != nil {
		return t.unread
	}
	return grant.NotFound(t.id)
}

// Changes implements [op.Changer]: a grant ends without its key.
func (t *namedGrant) Changes() []string { return []string{t.Named.ARN() + "/" + t.id} }

// findGrant names and looks up one grant of a key.
func (s *Keys) findGrant(c *op.Call, operation, keyID, id string) (*namedGrant, error) {
	t, err := s.finder.Find(c, operation, keyID, false)
	if err != nil {
		return nil, err
	}
	g := &namedGrant{Target: *t, id: id}
	if t.Key != nil {
		g.grant, g.unread = s.grants.Get(c, t.Named.Ref, id)
	}
	return g, nil
}

// findRevocation asks for a policy that allows it, which a retirement does not: see [retirement].
func (s *Keys) findRevocation(c *op.Call, in RevokeGrantInput) (*namedGrant, error) {
	return s.findGrant(c, "RevokeGrant", in.KeyId, in.GrantId)
}

func (s *Keys) revokeGrant(c *op.Call, _ RevokeGrantInput,
	t *namedGrant) (op.Commit[op.None], error) {
	return s.deleteGrant(c, t.grant), nil
}

// deleteGrant returns what ends a grant. It is stale if another request has ended it meanwhile.
// That request then begins again, and finds that the grant is absent.
func (s *Keys) deleteGrant(c *op.Call, g *grant.Grant) op.Commit[op.None] {
	c.NoteText("grantId", g.ID) // a grant may be ended by its token alone
	return op.Apply(func(tx *store.Tx) error { return s.grants.Delete(tx, g) }, op.None{})
}
