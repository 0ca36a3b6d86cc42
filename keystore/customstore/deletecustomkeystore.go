package customstore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

// deleteCustomKeyStore leaves the cluster and what is on it to its owner.
func (s *Operations) deleteCustomKeyStore(_ *op.Call, _ CustomKeyStoreInput,
	st *Store) (domain.Change, error) {
	return s.stores.Delete(st), nil
}
