package keystore

import (
	"claviger/internal/op"
	"claviger/store"
)

type DeleteAliasInput struct {
	AliasName string `shape:"AliasNameType,required"`
}

// Validate checks what the shape's pattern doesn't: see [checkAlias].
func (in DeleteAliasInput) Validate() error { return checkAlias(in.AliasName) }

func (s *Keys) findDeleteAlias(c *op.Call, in DeleteAliasInput) (*aliasTarget, error) {
	return s.findAlias(c, "DeleteAlias", in.AliasName), nil
}

// deleteAlias deletes the alias as it was read. One that was moved meanwhile is stale, and the
// operation begins again with the permission on its new key.
func (s *Keys) deleteAlias(_ *op.Call, _ DeleteAliasInput,
	m *aliasTarget) (op.Commit[op.None], error) {
	return func(tx *store.Tx) (op.None, error) { return op.None{}, s.rows.DeleteAlias(tx, m.alias) },
		nil
}
