package secrets

import "claviger/internal/op"

// deleteResourcePolicy is answered alike where there is no policy. It is a change all the same, by
// AWS's word for it, and the secret says so.
func (s *Secrets) deleteResourcePolicy(c *op.Call, _ SecretInput,
	sec *Secret) (*change, SecretOutput, error) {
	return &change{secret: sec.changed(c, func(n *Secret) { n.Policy = "" })}, outputOf(sec), nil
}
