package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

// enableKey has nothing to do for a rotation that became due meanwhile: storing a key schedules it.
func (s *Keys) enableKey(_ *op.Call, _ KeyInput, k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.State = key.Enabled })}, op.None{},
		nil
}
