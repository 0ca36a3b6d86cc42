package secrets

import "claviger/internal/op"

// deleteResourcePolicy finds no policy to remove: no secret here can have one, and AWS answers as
// if there had been one. Operators that push secrets ask for it unasked. It is a change all the
// same, by AWS's word for it, and the secret says so.
func (s *Secrets) deleteResourcePolicy(c *op.Call, _ SecretInput,
	sec *Secret) (*change, SecretOutput, error) {
	return &change{secret: sec.changed(c, func(*Secret) {})}, outputOf(sec), nil
}
