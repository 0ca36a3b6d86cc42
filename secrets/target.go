package secrets

import (
	"claviger/internal/op"
	"claviger/policy"
	"claviger/store"
)

// target is a secret that an operation touches, there or not.
type target struct {
	named     named
	line      *line // nil if there is none
	elsewhere bool  // in another account or Region than the call, so that nobody looked
	operation string
}

// arn is the full ARN of a secret that is there, and what was asked for otherwise.
func (t *target) arn() string {
	if t.line != nil {
		return t.line.ARN()
	}
	return t.named.arn
}

// Demands implements [op.Target].
func (t *target) Demands() []policy.Demand {
	return []policy.Demand{{Action: "secretsmanager:" + t.operation, Resource: policy.Resource{ARN: t.arn(), Account: t.named.account}}}
}

// Missing implements [op.Target].
func (t *target) Missing() error {
	if t.line == nil {
		return errAbsent
	}
	return nil
}

// Ready implements [op.Target]: a secret in its recovery window answers little.
func (t *target) Ready() error {
	if !t.line.Deletes.IsZero() && !servesMarked[t.operation] {
		return errMarked
	}
	return nil
}

// look finds a secret's line: [Secrets.line] or [Secrets.light].
type look func(*op.Call, secretRef) (*line, error)

// find names and looks up the secret of an operation. What lies in another namespace is not looked up: another
// account's is for the policy to refuse, and no request reaches another Region.
func (s *Secrets) find(c *op.Call, operation, secretID string, look look) (*target, error) {
	n, err := name(c, secretID)
	if err != nil {
		return nil, err
	}
	t := &target{named: n, operation: operation}
	if account, region := c.Namespace(); n.account != account || n.region != region {
		t.elsewhere = true
		return t, nil
	}
	l, err := look(c, n.secretRef)
	if l != nil && (n.suffix == "" || n.suffix == l.Suffix) {
		t.line = l
	}
	return t, err
}

// identified is an input that names a secret, by any form of SecretId.
type identified interface {
	op.Input
	secretID() string
}

// SecretInput is the input of operations that take a secret and nothing else.
type SecretInput struct {
	SecretId string `shape:"SecretIdType,required"`
	op.ByShape
}

func (in SecretInput) secretID() string { return in.SecretId }

// SecretOutput is the output of operations that name the secret they changed.
type SecretOutput struct{ ARN, Name string }

func outputOf(s *Secret) SecretOutput { return SecretOutput{s.ARN(), s.Name} }

// readSecret makes an operation that reads one secret. Its do is called with a line that is there and in a state for it.
func readSecret[I identified, O any](s *Secrets, n op.Info, do func(*op.Call, I, *line) (O, error)) op.Query[I, O] {
	return op.Read(n, func(c *op.Call, in I) (*target, error) { return s.find(c, n.Name, in.secretID(), s.line) },
		func(c *op.Call, in I, t *target) (O, error) { return do(c, in, t.line) })
}

// changeSecret makes an operation that changes one secret: plan returns what shall be different, or nil if all is
// as asked already, and what to answer. changeSecret signs the rows and commits them against the revision that was read.
func changeSecret[I identified, O any](s *Secrets, n op.Info, plan func(*op.Call, I, *Secret) (*change, O, error)) op.Operation {
	return op.Write(n, func(c *op.Call, in I) (*target, error) { return s.find(c, n.Name, in.secretID(), s.light) },
		func(c *op.Call, in I, t *target) (op.Commit[O], error) {
			ch, out, err := plan(c, in, t.line.Secret)
			if err != nil {
				return nil, err
			}
			if ch == nil {
				return func(*store.Tx) (O, error) { return out, nil }, nil
			}
			apply, err := s.prepare(c, ch)
			return func(tx *store.Tx) (O, error) { return out, apply(tx) }, err
		})
}

// account is the target of operations that touch no secret of their own: AWS knows no resource for them but "*".
type account struct{ actions []string }

// Demands implements [op.Target].
func (a account) Demands() (d []policy.Demand) {
	for _, action := range a.actions {
		d = append(d, policy.Demand{Action: "secretsmanager:" + action, Resource: policy.Resource{ARN: "*"}})
	}
	return d
}

// Missing implements [op.Target].
func (account) Missing() error { return nil }

// Ready implements [op.Target].
func (account) Ready() error { return nil }
