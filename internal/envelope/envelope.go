// Package envelope is the contract by which services have values sealed and opened under KMS keys.
// KMS fulfils it, and whoever seals knows nothing else of KMS.
package envelope

import "claviger/internal/op"

// Envelope is a value that KMS sealed for another service, and what is needed
// to have it opened again.
type Envelope struct {
	KeyARN string // of the KMS key, which may be another account's
	Epoch  int64  // of the data key under it
	Sealed []byte
}

// Ciphertext is a short value that KMS encrypted for another service. Its blob is what kms:Encrypt
// answers, so that whoever has it and may use the key opens it by kms:Decrypt as well.
type Ciphertext struct {
	KeyARN string // of the KMS key, which may be another account's
	Blob   []byte
}

// Keys seals values and opens them again as the call's caller, by a KMS key that the caller may
// use. The context is bound to the value and recorded. An empty keyID means the key that KMS
// manages for the service.
type Keys interface {
	Seal(c *op.Call, service, keyID string, context map[string]string, value []byte) (Envelope, error)
	Unseal(c *op.Call, service string, e Envelope, context map[string]string) ([]byte, error)

	// Encrypt takes 1 to 4,096 bytes, and a symmetric key.
	Encrypt(c *op.Call, service, keyID string, context map[string]string,
		plaintext []byte) (Ciphertext, error)
	// Decrypt opens by the key that the ciphertext names, and no other.
	Decrypt(c *op.Call, service string, t Ciphertext, context map[string]string) ([]byte, error)

	// KeyARN returns the ARN of the key that a KeyId names, for conditions that turn on it, whether
	// there is such a key or not. It is empty for what can't be a KeyId.
	KeyARN(c *op.Call, service, keyID string) (string, error)
}
