package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/customstore"
)

func (s *storeOperations) disconnectCustomKeyStore(c *op.Call, _ CustomKeyStoreInput,
	st *customstore.Store) (domain.Change, error) {
	return s.stores.BeginDisconnect(c, st)
}
