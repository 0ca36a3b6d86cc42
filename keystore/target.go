package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/policy"
)

// target is a key that an operation touches, there or not.
type target struct {
	named     named
	key       *key.Key // nil if there is none
	action    string
	operation string
	algorithm string               // that the key is to serve, if the operation takes one
	fits      func(*key.Key) error // holds the rest of the request to the key; nil: nothing to hold
	viaOnly   bool                 // callers can't perform it on keys that AWS services manage

	grants func() ([]policy.Grant, error) // what the caller was granted on the key; nil: no matter
	values func() policy.Values           // of condition keys; nil: the action has none of its own

	// usePendingDeletion is told when the key can't be used because it is pending deletion; nil
	// where it wouldn't be used.
	usePendingDeletion func()
}

// Demands implements [op.Target].
func (t *target) Demands() []policy.Demand {
	arn := t.named.ARN()
	if t.key == nil && t.named.alias != "" {
		arn = t.named.aliasRef().ARN()
	}
	return []policy.Demand{{Action: "kms:" + t.action, Values: t.values,
		Resource: policy.Resource{ARN: arn, Account: t.named.Account, Tags: t.tags, Grants: t.grants}}}
}

// tags are the key's.
func (t *target) tags() (map[string]string, error) {
	if t.key == nil {
		return nil, nil
	}
	return domain.TagMap(t.key.Tags), nil
}

// Missing implements [op.Target].
func (t *target) Missing() error {
	switch {
	case t.key != nil:
		return nil
	case t.named.alias != "":
		return errNoAlias(t.named.aliasRef())
	}
	return errNoKey(t.named.Ref)
}

// Ready implements [op.Target]: the usage, the row of the key-state matrix, the algorithm, and then
// what is left of the request.
func (t *target) Ready() error {
	if t.viaOnly && t.key.Manager == key.ManagerAWS {
		return fault.Newf(fault.Denied, "AccessDeniedException",
			"The key %s is managed by a service and used through that service only: "+
				"kms:%s is not allowed on it.", t.key.ARN(), t.action)
	}
	if err := t.key.Serves(t.operation); err != nil {
		return err
	}
	if err := t.key.AllowsInState(t.operation); err != nil {
		if t.usePendingDeletion != nil && t.key.IsPendingDeletion() {
			t.usePendingDeletion()
		}
		return err
	}
	if err := t.key.Rotatable(t.operation); err != nil {
		return err
	}
	if err := t.key.TakesAlgorithm(t.algorithm); err != nil {
		return err
	}
	if t.fits == nil {
		return nil
	}
	return t.fits(t.key)
}

// keyed is an input that names a key.
type keyed interface {
	op.Input
	keyID() string
}

// readKey makes an operation that reads one key.
func readKey[I keyed, O any](s *finder, n op.Info, do func(*op.Call, I, *key.Key) (O, error)) op.Operation {
	return op.Read(n,
		func(c *op.Call, in I) (*target, error) { return s.find(c, n.Name, in.keyID(), false) },
		func(c *op.Call, in I, t *target) (O, error) { return do(c, in, t.key) })
}

// changeKey makes an operation that changes one key: plan returns the key as it shall be and what to
// answer.
func changeKey[I keyed, O any](s *finder, n op.Info,
	plan func(*op.Call, I, *key.Key) (multiregion.Change, O, error)) op.Operation {
	find := func(c *op.Call, in I) (*target, error) {
		t, err := s.find(c, n.Name, in.keyID(), false)
		if err != nil {
			return nil, err
		}
		t.viaOnly = true
		return t, nil
	}
	return op.Write(n, find, func(c *op.Call, in I, t *target) (op.Commit[O], error) {
		change, out, err := plan(c, in, t.key)
		if err != nil {
			return nil, err
		}
		amend, err := s.related.Amend(c, t.key, change)
		return op.Apply(amend, out), err
	})
}

// onAccount makes an operation that adds something to the account.
func onAccount[I op.Input, O any](n op.Info, plan func(*op.Call, I) (op.Commit[O], error)) op.Operation {
	return op.Write(n,
		func(*op.Call, I) (domain.Account, error) { return domain.OnAccount("kms:" + n.Name), nil },
		func(c *op.Call, in I, _ domain.Account) (op.Commit[O], error) { return plan(c, in) })
}

// overAccount makes an operation that reads across the account.
func overAccount[I op.Input, O any](n op.Info, do func(*op.Call, I) (O, error)) op.Operation {
	return op.Read(n,
		func(*op.Call, I) (domain.Account, error) { return domain.OnAccount("kms:" + n.Name), nil },
		func(c *op.Call, in I, _ domain.Account) (O, error) { return do(c, in) })
}
