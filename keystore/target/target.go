// Package target finds the keys that KMS operations touch: by id, ARN or alias, in the caller's
// account or another's, with the grants that may allow it, and says whether a key's state, usage
// and origin allow the operation.
package target

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/policy"
)

// Target is a key that an operation touches, there or not.
type Target struct {
	Named     Named
	Key       *key.Key // nil if there is none, or if it could not be read
	Action    string
	Operation string
	Algorithm string // that the key is to serve, if the operation takes one
	// Fits refuses a request that doesn't fit the key in a way of its own; nil: any fits.
	Fits           func(*key.Key) error
	ViaServiceOnly bool // callers can't perform it on keys that AWS services manage

	Grants func() ([]policy.Grant, error) // what the caller was granted on the key; nil: no matter
	Values func() policy.Values           // of condition keys; nil: the action has none of its own

	// OnPendingDeletion is called when the key can't be used because it is pending deletion; nil for
	// operations that don't use it.
	OnPendingDeletion func()

	InCiphertext bool  // the caller didn't name it: the ciphertext did
	unread       error // why it could not be read
}

// Demands implements [op.Target].
func (t *Target) Demands() []policy.Demand {
	asked, arn := t.Named.AskedARN(), t.Named.ARN()
	if t.Key == nil {
		arn = asked
	}
	if t.InCiphertext {
		asked = policy.OfCiphertext
	}
	return []policy.Demand{{Action: "kms:" + t.Action, Values: t.Values,
		Resource: policy.Resource{ARN: arn, Asked: asked, Account: t.Named.Account, Tags: t.tags,
			Grants: t.Grants}}}
}

// tags are the key's.
func (t *Target) tags() (map[string]string, error) {
	if t.Key == nil {
		return nil, nil
	}
	return domain.TagMap(t.Key.Tags), nil
}

// Missing implements [op.Target]. That a key can't be read is said here too: to whom it may not be
// shown, it would tell that the key is there.
func (t *Target) Missing() error {
	switch {
	case t.Key != nil:
		return nil
	case t.unread != nil:
		return t.unread
	case t.Named.Alias != "":
		return ErrNoAlias(t.Named.AliasRef())
	}
	return ErrNoKey(t.Named.Ref)
}

// Absent reports whether there is no such key. One that could not be read is not absent.
func (t *Target) Absent() bool { return t.Key == nil && t.unread == nil }

// Ready implements [op.Target]: the usage, the row of the key-state matrix, the algorithm, and then
// what is left of the request.
func (t *Target) Ready() error {
	if t.ViaServiceOnly && t.Key.Manager == key.ManagerAWS {
		return fault.Newf(fault.Denied, "AccessDeniedException",
			"The key %s is managed by a service and used through that service only: "+
				"kms:%s is not allowed on it.", t.Key.ARN(), t.Action)
	}
	if err := t.Key.Serves(t.Operation); err != nil {
		return err
	}
	if err := t.Key.AllowsInState(t.Operation); err != nil {
		if t.OnPendingDeletion != nil && t.Key.IsPendingDeletion() {
			t.OnPendingDeletion()
		}
		return err
	}
	if err := t.Key.Rotatable(t.Operation); err != nil {
		return err
	}
	if err := t.Key.TakesAlgorithm(t.Algorithm); err != nil {
		return err
	}
	if t.Fits == nil {
		return nil
	}
	return t.Fits(t.Key)
}

// Keyed is an input that names a key.
type Keyed interface {
	op.Input
	KeyID() string
}

// Read makes an operation that reads one key.
func Read[I Keyed, O any](s *Finder, n op.Info,
	do func(*op.Call, I, *key.Key) (O, error)) op.Operation {
	return op.Read(n,
		func(c *op.Call, in I) (*Target, error) { return s.Find(c, n.Name, in.KeyID(), false) },
		func(c *op.Call, in I, t *Target) (O, error) { return do(c, in, t.Key) })
}

// Change makes an operation that changes one key: plan returns the key as it shall be and what to
// answer.
func Change[I Keyed, O any](s *Finder, n op.Info,
	plan func(*op.Call, I, *key.Key) (multiregion.Change, O, error)) op.Operation {
	find := func(c *op.Call, in I) (*Target, error) {
		t, err := s.Find(c, n.Name, in.KeyID(), false)
		if err != nil {
			return nil, err
		}
		t.ViaServiceOnly = true
		return t, nil
	}
	return op.Write(n, find, func(c *op.Call, in I, t *Target) (op.Commit[O], error) {
		change, out, err := plan(c, in, t.Key)
		if err != nil {
			return nil, err
		}
		amend, err := s.related.Amend(c, t.Key, change)
		return op.Apply(amend, out), err
	})
}
