package keystore

import "claviger/internal/op"

// KeyInput is the input of operations that take a key and nothing else.
type KeyInput struct {
	KeyId string `shape:"KeyIdType,required"`
	op.ByShape
}

// KeyID implements [target.Keyed].
func (in KeyInput) KeyID() string { return in.KeyId }

// KeyOutput is the output of operations that name the key they changed.
type KeyOutput struct{ KeyId string }
