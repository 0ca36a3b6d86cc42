package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

// disableKey also drops the device's handles. What is loaded there could else be used on.
func (s *Keys) disableKey(_ *op.Call, _ KeyInput, k *key.Key) (multiregion.Change, op.None, error) {
	disabled := k.Changed(func(k *key.Key) { k.State = key.Disabled })
	return multiregion.Change{Key: disabled, Also: s.dataKeys.ForgetHandles(k)}, op.None{}, nil
}
