// Package target finds the keys that KMS operations touch: by id, ARN or alias, in the caller's
// account or another's, with the grants that may allow it, and says whether a key's state, usage
// and origin allow the operation.
package target

import (
	"time"

	"claviger/internal/domain"
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
	Fits func(*key.Key) error

	Grants func() ([]policy.Grant, error) // what the caller was granted on the key; nil: no matter
	Says   func(policy.Values)            // puts in what the request says to condition keys; or nil

	// OnPendingDeletion is called when the key can't be used because it is pending deletion; nil for
	// operations that don't use it.
	OnPendingDeletion func()

	InCiphertext bool  // the caller didn't name it: the ciphertext did
	unread       error // why it could not be read

	finder *Finder
	call   *op.Call
	now    time.Time
}

// crossAccount are the operations that have a form for keys of other accounts ("Allowing users in
// other accounts to use a KMS key" of the KMS developer guide). To any other operation no policy of
// a key lets a stranger.
var crossAccount = map[string]bool{"Encrypt": true, "Decrypt": true, "ReEncrypt": true,
	"GenerateDataKey": true, "GenerateDataKeyWithoutPlaintext": true, "GenerateDataKeyPair": true,
	"GenerateDataKeyPairWithoutPlaintext": true, "Sign": true, "Verify": true, "GenerateMac": true,
	"VerifyMac": true, "DeriveSharedSecret": true, "Encapsulate": true, "Decapsulate": true,
	"CreateGrant": true, "ListGrants": true, "RetireGrant": true, "RevokeGrant": true,
	"DescribeKey": true, "GetPublicKey": true, "GetKeyRotationStatus": true}

// Demands implements [op.Target].
func (t *Target) Demands() []policy.Demand {
	asked := t.Named.AskedARN()
	d := policy.Demand{Action: "kms:" + t.Action, Values: t.said, Resource: policy.Resource{
		ARN: asked, Asked: asked, Account: t.Named.Account, Grants: t.Grants}}
	if t.InCiphertext {
		d.Resource.Asked = policy.OfCiphertext
	}
	// Where no key can be read there is no policy of one either. The caller's own account decides who
	// is told so.
	if t.Key == nil {
		return []policy.Demand{d}
	}
	known := d
	r := &known.Resource
	r.ARN, r.PolicyDecides, r.Tags, r.Aliases = t.Named.ARN(), true, t.tags, t.aliases
	r.Policy, known.Values = t.policy, t.values
	if !t.isOpen(known) {
		d.Resource.Grants = nil // one that is made this moment opens nothing past the key's policy
		return []policy.Demand{d}
	}
	return []policy.Demand{known}
}

// isOpen reports whether the caller may see what is known of the key. One of another account is
// there for those alone whom its policy lets in, or a grant. Its ARN, its tags and all else would
// decide in policies of their own, and so tell them what it is.
func (t *Target) isOpen(d policy.Demand) bool {
	c := t.call
	switch {
	case t.Named.Account == c.Caller.Account:
		return true
	case !crossAccount[t.Operation]:
		return false
	case t.Key.Rules.Document.Admits(c.Caller, c.Facts(), d):
		return true
	case t.Grants == nil:
		return false
	}
	granted, err := t.Grants()
	return err != nil || len(granted) > 0 // that they can't be had is said by the decision
}

// policy is the key's. One that can't be read closes the key, and the operator is told: it was
// looked at before it was stored, so that somebody has stored it otherwise.
func (t *Target) policy() (*policy.Document, error) {
	rules := t.Key.Rules
	if rules.Err != nil {
		t.call.Log().Error("the policy of a key can't be read, so that nobody may use the key",
			"key", t.Key.ARN(), "error", rules.Err)
	}
	return rules.Document, nil
}

// aliases are the names of the key.
func (t *Target) aliases() (names []string, err error) {
	k := t.Key
	all, err := t.finder.rows.Aliases(t.call, k.Account, k.Region, k.ID, "", MostAliases)
	for _, a := range all {
		names = append(names, a.Name)
	}
	return names, err
}

// MostAliases is AWS's quota of aliases of a key.
const MostAliases = 50

// tags are the key's.
func (t *Target) tags() (map[string]string, error) {
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
	if err := t.Key.Serves(t.Operation, t.Action); err != nil {
		return err
	}
	if err := t.AllowsInState(); err != nil {
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

// AllowsInState returns nil if the state of the key at the call's time allows the operation.
func (t *Target) AllowsInState() error { return t.Key.AllowsInState(t.Operation, t.now) }

// Keyed is an input that names a key.
type Keyed interface {
	op.Input
	KeyID() string
}

func (s *Finder) findKeyed(c *op.Call, operation string, in Keyed) (*Target, error) {
	t, err := s.Find(c, operation, in.KeyID(), false)
	if says, ok := in.(domain.Conditional); ok && err == nil {
		t.Says = says.Conditions
	}
	return t, err
}

// Read makes an operation that reads one key.
func Read[I Keyed, O any](s *Finder, n op.Info,
	do func(*op.Call, I, *key.Key) (O, error)) op.Operation {
	return op.Read(n,
		func(c *op.Call, in I) (*Target, error) { return s.findKeyed(c, n.Name, in) },
		func(c *op.Call, in I, t *Target) (O, error) { return do(c, in, t.Key) })
}

// Change makes an operation that changes one key: plan returns the key as it shall be and what to
// answer.
func Change[I Keyed, O any](s *Finder, n op.Info,
	plan func(*op.Call, I, *key.Key) (multiregion.Change, O, error)) op.Operation {
	find := func(c *op.Call, in I) (*Target, error) { return s.findKeyed(c, n.Name, in) }
	return op.Write(n, find, func(c *op.Call, in I, t *Target) (op.Commit[O], error) {
		change, out, err := plan(c, in, t.Key)
		if err != nil {
			return nil, err
		}
		amend, err := s.related.Amend(c, t.Key, change)
		return op.Apply(amend, out), err
	})
}
