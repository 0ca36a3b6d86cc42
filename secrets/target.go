package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// target is a secret that an operation touches, there or not.
type target struct {
	asked       secretID
	entry       *entry // nil if there is none
	otherRegion bool   // than the call's, so that nobody looked
	unread      error  // why it could not be read
	operation   string
}

// Demands implements [op.Target].
func (t *target) Demands() []policy.Demand {
	d := t.asked.demand(t.operation)
	if t.entry != nil {
		d.Resource.ARN = t.entry.ARN()
	}
	return []policy.Demand{d}
}

// demand returns the demand for an operation's action on what was asked for.
func (id secretID) demand(operation string) policy.Demand {
	d := domain.On(action(operation), id.arn, id.account)
	d.Resource.Asked = id.text
	return d
}

// action is the IAM action of an operation.
func action(operation string) string { return service + ":" + operation }

// Missing implements [op.Target].
func (t *target) Missing() error {
	switch {
	case t.unread != nil:
		return t.unread
	case t.entry == nil:
		return errNotFound
	}
	return nil
}

// Ready implements [op.Target]: a secret scheduled for deletion answers little.
func (t *target) Ready() error {
	if t.entry.scheduledForDeletion() && !servedUntilDeleted[t.operation] {
		return errScheduled
	}
	return nil
}

// find reads the SecretId of an operation and looks where it says, in whichever account that is. No
// request reaches another Region. That a secret can't be read is said only after the policy has let
// the caller pass.
func (s *Secrets) find(c *op.Call, operation, id string, look lookUp) (*target, error) {
	asked, err := readSecretID(c, id)
	if err != nil {
		return nil, err
	}
	t := &target{asked: asked, otherRegion: asked.region != c.Region, operation: operation}
	if t.otherRegion {
		return t, nil
	}
	e, err := look(c, asked.secretRef)
	switch {
	case err != nil:
		t.unread = err
	case e != nil && (asked.suffix == "" || asked.suffix == e.Suffix):
		t.entry = e
	}
	return t, nil
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

func outputOf(s *Secret) SecretOutput { return SecretOutput{ARN: s.ARN(), Name: s.Name} }

// readSecret makes an operation that reads one secret. Its do is called with an entry that is there
// and in a state for it.
func readSecret[I identified, O any](s *Secrets, n op.Info,
	do func(*op.Call, I, *entry) (O, error)) op.Query[I, O] {
	find := func(c *op.Call, in I) (*target, error) {
		return s.find(c, n.Name, in.secretID(), s.withValue)
	}
	return op.Read(n, find, func(c *op.Call, in I, t *target) (O, error) {
		return do(c, in, t.entry)
	})
}

// changeSecret makes an operation that changes one secret. Its plan returns what shall be
// different, or nil if all is as asked already, and what to answer. The rows are signed here, and
// committed against the revision that was read.
func changeSecret[I identified, O any](s *Secrets, n op.Info,
	plan func(*op.Call, I, *Secret) (*change, O, error)) op.Operation {
	find := func(c *op.Call, in I) (*target, error) {
		return s.find(c, n.Name, in.secretID(), s.withoutValue)
	}
	return op.Write(n, find, func(c *op.Call, in I, t *target) (op.Commit[O], error) {
		ch, out, err := plan(c, in, t.entry.Secret)
		if err != nil {
			return nil, err
		}
		if ch == nil {
			return op.Unchanged(out), nil
		}
		apply, err := s.prepare(c, ch)
		if err != nil {
			return nil, err
		}
		return op.Apply(apply, out), nil
	})
}
