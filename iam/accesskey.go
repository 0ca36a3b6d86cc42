package iam

import (
	"context"
	"time"

	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
)

// AccessKeys are the access keys of the installation; *identity.Directory is them. A change holds
// once it is committed, for the next request: nobody keeps an access key in memory.
type AccessKeys interface {
	// NewAccessKey prepares an access key, whose secret can't be read again.
	NewAccessKey(ctx context.Context, principal policy.Caller, now time.Time) (
		id, secret string, change domain.Change, err error)
	AccessKey(ctx context.Context, id string) (*identity.AccessKey, error) // nil if there is none
	AccessKeys(ctx context.Context, account string) ([]*identity.AccessKey, error)
	SetStatus(ctx context.Context, k *identity.AccessKey, status string) (domain.Change, error)
	Delete(k *identity.AccessKey) domain.Change
}

// namedKey is an access key that an operation changes, there or not. AWS knows no resource for it
// but the principal that it belongs to.
type namedKey struct {
	key     *identity.AccessKey // nil if the account has none of this id, or it could not be read
	unread  error
	id      string
	account string
	action  string
	op.There
}

// Demands implements [op.Target].
func (t namedKey) Demands() []policy.Demand {
	arn := "*"
	if t.key != nil {
		arn = t.key.Caller.ARN
	}
	return []policy.Demand{domain.On("iam:"+t.action, arn, t.account)}
}

// Missing implements [op.Target].
func (t namedKey) Missing() error {
	switch {
	case t.unread != nil:
		return t.unread
	case t.key == nil:
		return errNoKey(t.id)
	}
	return nil
}

// errNoKey is IAM's answer, letter by letter.
func errNoKey(id string) error {
	return fault.Newf(fault.NotFound, "NoSuchEntity", "The Access Key with id %s cannot be found.", id)
}

// findKey looks up an access key of the caller's account.
func (s *Identities) findKey(c *op.Call, action, id string) namedKey {
	t := namedKey{id: id, account: c.Caller.Account, action: action}
	t.key, t.unread = s.keys.AccessKey(c, id)
	if t.unread != nil || t.key != nil && t.key.Caller.Account != t.account {
		t.key = nil
	}
	return t
}

// AccountOf returns the account of an access key. Whoever runs the service names keys without it.
func (s *Identities) AccountOf(ctx context.Context, id string) (string, error) {
	k, err := s.keys.AccessKey(ctx, id)
	switch {
	case err != nil:
		return "", err
	case k == nil:
		return "", errNoKey(id)
	}
	return k.Caller.Account, nil
}
