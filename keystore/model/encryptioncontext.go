package model

import (
	"claviger/internal/domain"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
)

// contextLimit bounds the keys and values of an encryption context together, in bytes. The model
// bounds neither their number nor their lengths.
const contextLimit = 8192

// CheckContext refuses an encryption context that is too large. It is recorded in clear and
// authenticated with each use, so its size is everybody's cost.
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
// Ignored, it would look as if the ciphertext were bound to it.
func CheckContextOf(algorithm *string, context map[string]string) error {
	if domain.Or(algorithm, key.SymmetricDefault) != key.SymmetricDefault && len(context) > 0 {
		return kmsfault.Invalid("EncryptionContext is not supported when encrypting/decrypting with " +
			"asymmetric CMKs.")
	}
	return CheckContext(context)
}
