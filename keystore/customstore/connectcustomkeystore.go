package customstore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

func (s *Operations) connectCustomKeyStore(c *op.Call, _ CustomKeyStoreInput,
	st *Store) (domain.Change, error) {
	return s.stores.beginConnect(c, st)
}
