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

// Keys seals values and opens them again as the call's caller, by a KMS key that the caller may
// use. The context is bound to the value and recorded. An empty keyID means the key that KMS
// manages for the service.
type Keys interface {
	Seal(c *op.Call, service, keyID string, context map[string]string, value []byte) (Envelope, error)
	Unseal(c *op.Call, service string, e Envelope, context map[string]string) ([]byte, error)

	// KeyARN returns the ARN of the key that a KeyId names, for conditions that turn on it, whether
	// there is such a key or not. It is empty for what can't be a KeyId.
	KeyARN(c *op.Call, service, keyID string) (string, error)
}
