package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/customstore"
)

func (s *storeOperations) deleteCustomKeyStore(_ *op.Call, _ CustomKeyStoreInput,
	st *customstore.Store) (domain.Change, error) {
	return s.stores.Delete(st), nil
}
