package rotation

import (
	"claviger/internal/op"
	"claviger/secrets/rotation/diagnosis"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// Diagnose says how the rotation of a secret stands, and why it failed: for whoever runs the
// service. It is recorded as DescribeSecret by the service itself.
func (r *Rotation) Diagnose(c *op.Call, id string) (diagnosis.Diagnosis, error) {
	return op.AsService(c, secret.Service, c.Caller.Account, r.own.diagnose,
		target.Input{SecretId: id})
}

func diagnose(c *op.Call, _ target.Input, e *secretrows.Entry) (diagnosis.Diagnosis, error) {
	return diagnosis.Of(e.Secret, c.Time), nil
}
