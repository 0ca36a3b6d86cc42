package model

import (
	"claviger/internal/domain"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
)

// contextLimit bounds the keys and values of an encryption context together, in bytes.
const contextLimit = 8192

// CheckContext refuses an encryption context that is too large.
func CheckContext(context map[string]string) error {
	n := 0
	for k, v := range context {
		n += len(k) + len(v)
	}
	if n > contextLimit {
		return kmsfault.Invalid("The encryption context is larger than 8192 bytes.")
	}
	return nil
}

// CheckContextOf also refuses a context where an algorithm has no additional data to bind it by.
func CheckContextOf(algorithm *string, context map[string]string) error {
	if domain.Or(algorithm, key.SymmetricDefault) != key.SymmetricDefault && len(context) > 0 {
		return kmsfault.Invalid("An encryption context can be used only with symmetric encryption keys.")
	}
	return CheckContext(context)
}
