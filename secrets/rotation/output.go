package rotation

import (
	"errors"

	"claviger/internal/op"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/secret"
)

// mostOfOutput is how much is kept of what a function said at last, in bytes.
const mostOfOutput = 1024

// said returns the end of what a function said when it failed, for who runs the service. The row
// isn't sealed, and a traceback may well hold a password: what the secret's versions have as
// credentials is masked. Where these can't be read nothing is kept, for nobody knows what to mask.
func (r *Rotation) said(c *op.Call, sec *secret.Secret, f *failure) string {
	var output *rotator.Output
	if !errors.As(f.cause.Err, &output) || output.Text() == "" {
		return ""
	}
	v, err := op.AsService(c.Anew(), secret.Service, sec.Account, r.own.read,
		readInput{Subject: sec.Tail(), Rotation: true})
	if err != nil {
		c.Log().Warn("what a function said isn't kept", "secret", sec.ARN(), "error", err)
		return ""
	}
	hidden := append(v.Pending.Credentials(), v.Current.Credentials()...)
	for _, older := range v.Older() {
		hidden = append(hidden, older.Credentials()...)
	}
	return output.End(mostOfOutput, hidden...)
}
