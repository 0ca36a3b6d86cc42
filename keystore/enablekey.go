package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

// KeyInput is the input of operations that take a key and nothing else.
type KeyInput struct {
	KeyId string `shape:"KeyIdType,required"`
	op.ByShape
}

// KeyID implements [target.Keyed].
func (in KeyInput) KeyID() string { return in.KeyId }

// KeyOutput is the output of operations that name the key they changed.
type KeyOutput struct{ KeyId string }

// enableKey has nothing to do for a rotation that became due meanwhile: storing a key schedules it.
func (s *Keys) enableKey(_ *op.Call, _ KeyInput, k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.State = key.Enabled })}, op.None{},
		nil
}

// disableKey also drops the device's handles. What is loaded there could else be used on.
func (s *Keys) disableKey(_ *op.Call, _ KeyInput, k *key.Key) (multiregion.Change, op.None, error) {
	disabled := k.Changed(func(k *key.Key) { k.State = key.Disabled })
	return multiregion.Change{Key: disabled, Also: s.dataKeys.ForgetHandles(k)}, op.None{}, nil
}
