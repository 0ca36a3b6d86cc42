// Package secretvalue is the contract by which services read secrets for their callers. Secrets
// Manager fulfils it, and whoever reads knows nothing else of it.
package secretvalue

import (
	"time"

	"claviger/internal/op"
)

// Asked is a secret of the call's account and Region by its name, and which of its versions: one by
// its id, one by its label, or the current one if both are empty.
type Asked struct{ Name, VersionID, Stage string }

// Secret is one version of a secret with its value, which is text or bytes.
type Secret struct {
	ARN       string
	Name      string
	VersionID string
	Text      *string // nil: it is binary
	Binary    []byte
	Stages    []string // in order
	Created   time.Time
}

// Reader reads a secret by GetSecretValue on behalf of a service, as the call's caller, whose own
// rights decide. It is recorded as that. What is refused is refused in Secrets Manager's words.
type Reader interface {
	SecretValue(c *op.Call, service string, asked Asked) (Secret, error)
}
