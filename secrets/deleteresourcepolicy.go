package secrets

import (
	"claviger/internal/op"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// deleteResourcePolicy is answered alike where there is no policy. It is a change all the same, by
// AWS's word for it, and the secret says so.
func (s *Secrets) deleteResourcePolicy(c *op.Call, _ target.Input,
	sec *secret.Secret) (*secretrows.Change, target.Output, error) {
	return &secretrows.Change{
		Secret: sec.Next(c, func(n *secret.Secret) { n.Policy = "" }),
	}, target.OutputOf(sec), nil
}
