package keystore

import (
	"time"

	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/store"
)

// findUpdateAlias also looks up the key that the alias stands for: the new one must be of its type
// and usage.
func (s *Keys) findUpdateAlias(c *op.Call, in AliasInput) (*aliasTarget, error) {
	m, err := s.findAliasAndTarget(c, "UpdateAlias", in)
	if err != nil || m.old == nil {
		return m, err
	}
	switch old := m.old.Key; {
	case old != nil:
		m.to.Fits = func(k *key.Key) error { return old.Replaceable(k) }
	case !m.old.Absent():
		m.unread = m.old.Missing() // of which type it is can't be known
	}
	return m, nil
}

// updateAlias counts the aliases of the key that gets one more. The other key only loses one.
func (s *Keys) updateAlias(c *op.Call, _ AliasInput, m *aliasTarget) (op.Commit[op.None], error) {
	// A copy: what was read is the cache's, and others read it.
	a := *m.alias
	a.Rev++
	a.KeyID, a.Updated = m.to.Key.ID, c.Time.Truncate(time.Millisecond)
	update, err := s.rows.UpdateAlias(c, &a)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) (op.None, error) {
		if err := update(tx); err != nil {
			return op.None{}, err
		}
		return op.None{}, s.checkAliases(tx, m.to.Key)
	}, nil
}
