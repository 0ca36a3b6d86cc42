package customstore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

func (s *Operations) disconnectCustomKeyStore(c *op.Call, _ CustomKeyStoreInput,
	st *Store) (domain.Change, error) {
	return s.stores.beginDisconnect(c, st)
}
