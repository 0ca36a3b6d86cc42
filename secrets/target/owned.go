package target

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/secret"
)

// Owned is a secret that the service itself reads or changes. It may have gone.
type Owned struct {
	Secret *secret.Secret // nil: there is none

	action, arn string
	op.There
}

// Demands implements [op.Target].
func (o Owned) Demands() []policy.Demand {
	return []policy.Demand{domain.On(Action(o.action), o.arn, "")}
}

// FindOwned finds the secret whose ARN ends in tail, for an operation of the service's own. It
// reads the row and not the cache: what is decided by it is done elsewhere, too.
func (f *Finder) FindOwned(c *op.Call, operation, tail string) (Owned, error) {
	account, region := c.Namespace()
	sec, err := f.rows.Named(c, account, region, tail)
	return OwnedFor(operation, secret.ARN(account, region, tail), sec, err)
}

// OwnedFor is what was found, for an operation of the service's own, where an ARN was looked for.
func OwnedFor(operation, arn string, sec *secret.Secret, err error) (Owned, error) {
	o := Owned{action: operation, arn: arn}
	if domain.IsNoRow(err) {
		return o, nil
	}
	o.Secret = sec
	return o, err
}
