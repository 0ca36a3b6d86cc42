package secrets

import "claviger/internal/op"

// deleteResourcePolicy finds all as it should be: no secret here can have a policy, and AWS answers
// so where there is none. Operators that push secrets ask for it unasked.
func (s *Secrets) deleteResourcePolicy(_ *op.Call, _ SecretInput,
	sec *Secret) (*change, SecretOutput, error) {
	return nil, outputOf(sec), nil
}
