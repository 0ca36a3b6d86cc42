package target

import (
	"context"
	"strings"
	"sync/atomic"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/grant"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
)

// Finder finds the keys that operations touch.
type Finder struct {
	rows    *keyrows.Rows
	related *multiregion.Keys
	grants  *grant.Grants
	inStore func(context.Context, *key.Key) (*key.Key, error) // with its store's state

	pendingUses atomic.Uint64 // uses refused because their key is pending deletion
}

// NewFinder returns what finds keys. inStore returns a key in a custom key store with the state and
// the connection of that store.
func NewFinder(rows *keyrows.Rows, related *multiregion.Keys, grants *grant.Grants,
	inStore func(context.Context, *key.Key) (*key.Key, error)) *Finder {
	return &Finder{rows: rows, related: related, grants: grants, inStore: inStore}
}

// Named is what a caller calls a key, read but not yet looked up.
type Named struct {
	key.Ref
	Alias string // the alias used, with its prefix, or nothing
}

// AliasRef is the alias that was used.
func (n Named) AliasRef() keyrows.AliasRef {
	return keyrows.AliasRef{Account: n.Account, Region: n.Region, Name: n.Alias}
}

// AskedARN is the ARN of what the caller named: the alias, if one was used.
func (n Named) AskedARN() string {
	if n.Alias != "" {
		return n.AliasRef().ARN()
	}
	return n.ARN()
}

// ErrNoAlias says that an alias is absent to those who may know it.
func ErrNoAlias(ref keyrows.AliasRef) error {
	return fault.Newf(fault.NotFound, "NotFoundException", "Alias %s is not found.", ref.ARN())
}

// ErrNoKey says that a key is absent to those who may know it.
func ErrNoKey(ref key.Ref) error {
	return kmsfault.NoKey(ref.ARN())
}

func errKeyID(id string) error {
	return fault.Newf(fault.NotFound, "NotFoundException", "Invalid keyId '%s'", id)
}

// errAliasAsKey is AWS's answer to an alias where an operation takes key ids and key ARNs only,
// whether there is such an alias or not.
var errAliasAsKey = fault.New(fault.Invalid, "InvalidArnException",
	"Key Aliases are not supported for this operation.")

// parseARN reads the ARN of a key or an alias of this Region. It may be another account's: that is
// for the policy to decide on.
func parseARN(c *op.Call, text string) (domain.ARN, error) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[2] != "kms" || parts[5] == "" {
		return domain.ARN{}, fault.Newf(fault.Invalid, "InvalidArnException", "Invalid arn %s", text)
	}
	arn, ok := domain.ParseARN(text)
	switch {
	case !ok || arn.Region != c.Region:
		return arn, fault.Newf(fault.NotFound, "NotFoundException", "Invalid arn %s", parts[3])
	case !domain.IsAccount(arn.Account):
		return arn, fault.Newf(fault.Denied, "AccessDeniedException", "The resource %s does not exist "+
			"in this account, or you are not allowed to access it.", text)
	}
	return arn, nil
}

// ParseName reads any form of KeyId: key id, key ARN and, where aliases are allowed, alias name and
// alias ARN.
func ParseName(c *op.Call, keyID string, aliases bool) (n Named, err error) {
	n.Account, n.Region = c.Namespace()
	id := keyID
	if strings.HasPrefix(keyID, "arn:") {
		arn, err := parseARN(c, keyID)
		if err != nil {
			return n, err
		}
		n.Account = arn.Account
		isKey := false
		if id, isKey = strings.CutPrefix(arn.Resource, "key/"); isKey {
			// key/alias/app is no name of anything
			if n.ID = id; !key.IsID(id) {
				return n, errKeyID(id)
			}
			return n, nil
		}
		if !strings.HasPrefix(id, "alias/") {
			return n, errKeyID(keyID)
		}
	}
	switch {
	case strings.HasPrefix(id, "alias/") && !aliases:
		return n, errAliasAsKey
	case strings.HasPrefix(id, "alias/"):
		n.Alias = id
	case key.IsID(id):
		n.ID = id
	default:
		return n, errKeyID(keyID)
	}
	return n, nil
}

// KeyARN returns the ARN of the key that a KeyId names, or nothing if it can't be one: that is said
// when the key is used. An alias leads to its key. Where that of another account leads to is no
// business of who doesn't use the key, so that it keeps its own ARN.
func (s *Finder) KeyARN(c *op.Call, keyID string) (string, error) {
	n, err := ParseName(c, keyID, true)
	switch {
	case err != nil:
		return "", nil
	case n.Alias == "" || n.Account != c.Caller.Account:
		return n.AskedARN(), nil
	}
	a, err := s.rows.Alias(c, n.AliasRef())
	if a == nil || err != nil {
		return n.AskedARN(), err
	}
	return key.ARN(n.Account, n.Region, a.KeyID), nil
}

// Resolve looks up what n names. A key that is absent is nil.
func (s *Finder) Resolve(c *op.Call, n Named) (Named, *key.Key, error) {
	if n.Alias != "" {
		a, err := s.rows.Alias(c, n.AliasRef())
		if a == nil || err != nil {
			return n, nil, err
		}
		n.ID = a.KeyID
	}
	k, err := s.Key(c, n.Ref)
	if err == nil && k == nil && n.Alias != "" {
		return s.resolveAgain(c, n)
	}
	return n, k, err
}

// resolveAgain looks up an alias whose key was not there. Either both are gone by now, or the alias
// has moved: a key takes its aliases with it. If neither, the key is lost.
func (s *Finder) resolveAgain(c *op.Call, n Named) (Named, *key.Key, error) {
	a, err := s.rows.LoadAlias(c, n.AliasRef())
	if a == nil || err != nil {
		return n, nil, err
	}
	n.ID = a.KeyID
	k, err := s.Key(c, n.Ref)
	if k == nil && err == nil {
		err = key.ErrGone("the key " + n.ARN() + " of " + n.AliasRef().ARN())
	}
	return n, k, err
}

// Key returns the facts of a key, from the cache or from its verified rows, as the state of its
// custom key store leaves it; nil if there is none.
func (s *Finder) Key(ctx context.Context, ref key.Ref) (*key.Key, error) {
	k, err := s.rows.Key(ctx, ref)
	if err != nil || k == nil || k.CustomKeyStoreID == "" {
		return k, err
	}
	return s.inStore(ctx, k)
}

// Find names and looks up the key of an operation. Aliases are taken where AWS takes them. That a
// key can't be read fails later, in [Target.Missing].
func (s *Finder) Find(c *op.Call, operation, keyID string, aliases bool) (*Target, error) {
	n, err := ParseName(c, keyID, aliases)
	if err != nil {
		return nil, err
	}
	t := s.at(c, operation)
	if t.Named, t.Key, t.unread = s.Resolve(c, n); t.unread != nil {
		t.Key = nil
	}
	return t, nil
}

// At is [Finder.Find] for a key whose name was read before.
func (s *Finder) At(c *op.Call, operation string, n Named) *Target {
	t := s.at(c, operation)
	t.Named = n
	if t.Key, t.unread = s.Key(c, n.Ref); t.unread != nil {
		t.Key = nil
	}
	return t
}

func (s *Finder) at(c *op.Call, operation string) *Target {
	return &Target{Action: operation, Operation: operation, finder: s, call: c, now: c.Time}
}
