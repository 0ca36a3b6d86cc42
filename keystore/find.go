package keystore

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/store"
)

// keyRef, aliasRef, dataKeyRef and granteeRef are the keys of the caches. All begin with the namespace.
type (
	keyRef     struct{ account, region, id string }
	aliasRef   struct{ account, region, name string }
	dataKeyRef struct {
		account, region, keyID, service string
		epoch                           int64 // 0 stands for the current one
	}
	granteeRef struct {
		keyRef
		grantee string
	}
)

// named is what a caller calls a key, read but not yet looked up.
type named struct {
	keyRef
	alias string // the alias used, with its prefix, or nothing
}

func (k keyRef) arn() string { return keyARN(k.account, k.region, k.id) }

// errNoAlias and errNoKey say that a thing is absent to those who may know it.
func errNoAlias(n aliasRef) error {
	return fault.Newf(fault.NotFound, "NotFoundException", "Alias %s is not found.", n.arn())
}

func errNoKey(n named) error {
	return fault.Newf(fault.NotFound, "NotFoundException", "Key '%s' does not exist", n.arn())
}

func (a aliasRef) arn() string {
	return "arn:aws:kms:" + a.region + ":" + a.account + ":" + a.name
}

// resource is the last part of a key's or an alias's ARN, once its namespace is known to be this call's.
func resource(c *op.Call, arn string) (string, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "kms" || parts[5] == "" {
		return "", fault.Newf(fault.Invalid, "InvalidArnException", "Invalid arn %s", arn)
	}
	switch {
	case parts[1] != "aws" || parts[3] != c.Region:
		return "", fault.Newf(fault.NotFound, "NotFoundException", "Invalid arn %s", parts[3])
	case parts[4] != c.Caller.Account:
		return "", fault.Newf(fault.Denied, "AccessDeniedException",
			"The resource %s does not exist in this account, or you are not allowed to access it.", arn)
	}
	return parts[5], nil
}

// name reads any form of KeyId: key id, key ARN and, where aliases are allowed, alias name and alias ARN.
func (s *Keys) name(c *op.Call, keyID string, aliases bool) (n named, err error) {
	n.account, n.region = c.Namespace()
	id := keyID
	if strings.HasPrefix(keyID, "arn:") {
		part, err := resource(c, keyID)
		if err != nil {
			return n, err
		}
		isKey := false
		if id, isKey = strings.CutPrefix(part, "key/"); isKey {
			aliases = false // key/alias/app is no name of anything
		} else if !strings.HasPrefix(part, "alias/") {
			return n, invalidKeyID(keyID)
		}
	}
	switch {
	case strings.HasPrefix(id, "alias/") && aliases:
		n.alias = id
	case isKeyID(id):
		n.id = id
	default:
		return n, invalidKeyID(keyID)
	}
	return n, nil
}

func invalidKeyID(id string) error {
	return fault.Newf(fault.NotFound, "NotFoundException", "Invalid keyId '%s'", id)
}

// resolve looks up what n names. A key that is absent is nil.
func (s *Keys) resolve(c *op.Call, n named) (named, *Key, error) {
	if n.alias != "" {
		a, err := s.alias(c, aliasRef{n.account, n.region, n.alias})
		if a == nil || err != nil {
			return n, nil, err
		}
		n.id = a.keyID
	}
	k, err := s.key(c, n.keyRef)
	return n, k, err
}

// key returns the facts of a key, from the cache or from its verified row; nil if there is none.
func (s *Keys) key(ctx context.Context, ref keyRef) (*Key, error) {
	var heavy *Key
	k, err := s.keys.Get(ref, func() (*Key, error) {
		k, err := s.loadKey(ctx, ref)
		if err == nil && k.weight() > keptBytes {
			heavy = k
			return nil, errHeavy
		}
		return k, err
	})
	switch {
	case heavy != nil:
		k, err = heavy, nil
	case errors.Is(err, store.NoRow):
		return nil, nil
	}
	if err == nil && k.Store != "" {
		return s.inStore(ctx, k)
	}
	return k, err
}

// alias returns an alias, from the cache or from its verified row; nil if there is none.
func (s *Keys) alias(c *op.Call, ref aliasRef) (*alias, error) {
	a, err := s.aliases.Get(ref, func() (*alias, error) { return s.loadAlias(c, ref) })
	if errors.Is(err, store.NoRow) {
		return nil, nil
	}
	return a, err
}

// target is a key that an operation touches, there or not.
type target struct {
	named     named
	key       *Key // nil if there is none
	action    string
	operation string
	algorithm string                         // the algorithm that the key is to serve, if the operation takes one
	fits      func(*Key) error               // holds the rest of the request to the key; nil where there is nothing to hold
	viaOnly   bool                           // an operation that callers can't perform on keys that AWS services manage
	grants    func() ([]policy.Grant, error) // what the caller was granted on the key; nil: grants don't matter
	values    func() policy.Values           // of condition keys; nil: the action has none of its own
	tooLate   func()                         // told when the key can't be used because it is pending deletion; nil where it wouldn't be used
}

// Demands implements [op.Target].
func (t *target) Demands() []policy.Demand {
	resource := t.named.arn()
	if t.key == nil && t.named.alias != "" {
		resource = aliasRef{t.named.account, t.named.region, t.named.alias}.arn()
	}
	return []policy.Demand{{Action: "kms:" + t.action, Values: t.values,
		Resource: policy.Resource{ARN: resource, Account: t.named.account, Grants: t.grants}}}
}

// Missing implements [op.Target].
func (t *target) Missing() error {
	switch {
	case t.key != nil:
		return nil
	case t.named.alias != "":
		return errNoAlias(aliasRef{t.named.account, t.named.region, t.named.alias})
	}
	return errNoKey(t.named)
}

// Ready implements [op.Target]: the usage, the row of the key-state matrix, the algorithm, and then what is left of the
// request.
func (t *target) Ready() error {
	if t.viaOnly && t.key.Manager == byAWS {
		return fault.Newf(fault.Denied, "AccessDeniedException",
			"The key %s is managed by a service and used through that service only: kms:%s is not allowed on it.", t.key.ARN(), t.action)
	}
	if err := t.key.serves(t.operation); err != nil {
		return err
	}
	if err := t.key.allows(t.operation); err != nil {
		if t.tooLate != nil && t.key.parting() {
			t.tooLate()
		}
		return err
	}
	if err := t.key.rotatesBy(t.operation); err != nil {
		return err
	}
	if err := t.key.takes(t.algorithm); err != nil || t.fits == nil {
		return err
	}
	return t.fits(t.key)
}

// find names and looks up the key of an operation. Aliases are taken where AWS takes them.
func (s *Keys) find(c *op.Call, operation, keyID string, aliases bool) (*target, error) {
	n, err := s.name(c, keyID, aliases)
	if err != nil {
		return nil, err
	}
	t := &target{action: operation, operation: operation}
	t.named, t.key, err = s.resolve(c, n)
	return t, err
}

// keyed is an input that names a key.
type keyed interface {
	op.Input
	keyID() string
}

// readKey makes an operation that reads one key.
func readKey[I keyed, O any](s *Keys, n op.Info, do func(*op.Call, I, *Key) (O, error)) op.Operation {
	return op.Read(n, func(c *op.Call, in I) (*target, error) { return s.find(c, n.Name, in.keyID(), false) },
		func(c *op.Call, in I, t *target) (O, error) { return do(c, in, t.key) })
}

// changeKey makes an operation that changes one key: plan returns the key as it shall be and what to answer.
func changeKey[I keyed, O any](s *Keys, n op.Info, plan func(*op.Call, I, *Key) (change, O, error)) op.Operation {
	find := func(c *op.Call, in I) (*target, error) {
		t, err := s.find(c, n.Name, in.keyID(), false)
		if err == nil {
			t.viaOnly = true
		}
		return t, err
	}
	return op.Write(n, find, func(c *op.Call, in I, t *target) (op.Commit[O], error) {
		ch, out, err := plan(c, in, t.key)
		if err != nil {
			return nil, err
		}
		amend, err := s.amend(c, t.key, ch)
		return func(tx *store.Tx) (O, error) { return out, amend(tx) }, err
	})
}

// change is a key as it shall be, with its materials, and what else belongs into the same transaction.
type change struct {
	key  *Key
	also func(*store.Tx) error
	adds *Key // a new replica of a multi-Region key, or nil
}

// amend signs the rows of what a change makes of k and of the keys related to it, and returns what commits them, each against the
// revision that was read. Every change of a key goes through it.
func (s *Keys) amend(ctx context.Context, k *Key, ch change) (func(*store.Tx) error, error) {
	family, err := s.family(ctx, k, ch)
	if err != nil {
		return nil, err
	}
	var puts []func(*store.Tx) error
	for _, m := range family {
		put, err := s.replace(ctx, m)
		if err != nil {
			return nil, err
		}
		puts = append(puts, put)
	}
	if ch.also != nil {
		puts = append(puts, ch.also)
	}
	return inOrder(puts), nil
}

// replace signs the rows of one key as it shall be, its own and those of its materials that are new or not what they were, and
// moves its next rotation.
func (s *Keys) replace(ctx context.Context, m member) (func(*store.Tx) error, error) {
	switch {
	case m.to == nil: // somebody has removed it meanwhile: look again
		return func(*store.Tx) error { return store.Stale }, nil
	case m.from == nil:
		return s.insertKey(ctx, m.to)
	}
	mac, err := s.signKey(ctx, m.to)
	if err != nil {
		return nil, err
	}
	puts := []func(*store.Tx) error{func(tx *store.Tx) error { return s.updateKey(tx, m.to, mac) }}
	for id, new := range m.to.materials {
		if old, ok := m.from.materials[id]; ok && reflect.DeepEqual(old, new) {
			continue
		}
		put, err := s.putMaterial(ctx, m.to.ref(), new)
		if err != nil {
			return nil, err
		}
		puts = append(puts, put)
	}
	if !m.to.turns().Equal(m.from.turns()) {
		puts = append(puts, s.scheduleTurn(m.to))
	}
	return inOrder(puts), nil
}

// inOrder makes several changes one. The first error ends it.
func inOrder(puts []func(*store.Tx) error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		for _, put := range puts {
			if err := put(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

// account is the target of operations that touch no key yet.
type account struct{ action, resource string }

func (a account) Demands() []policy.Demand {
	return []policy.Demand{{Action: "kms:" + a.action, Resource: policy.Resource{ARN: a.resource}}}
}
func (account) Missing() error { return nil }
func (account) Ready() error   { return nil }

// onAccount makes an operation that adds something to the account.
func onAccount[I op.Input, O any](s *Keys, n op.Info, plan func(*op.Call, I) (op.Commit[O], error)) op.Operation {
	return op.Write(n, func(*op.Call, I) (account, error) { return account{n.Name, "*"}, nil },
		func(c *op.Call, in I, _ account) (op.Commit[O], error) { return plan(c, in) })
}

// overAccount makes an operation that reads across the account.
func overAccount[I op.Input, O any](s *Keys, n op.Info, do func(*op.Call, I) (O, error)) op.Operation {
	return op.Read(n, func(*op.Call, I) (account, error) { return account{n.Name, "*"}, nil },
		func(c *op.Call, in I, _ account) (O, error) { return do(c, in) })
}
