// Package target finds the secret that an operation is on, says what the caller must be allowed
// for it, and makes the operations that read or change one secret.
package target

import (
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/model"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
)

// Finder finds secrets.
type Finder struct {
	rows  *secretrows.Rows
	keys  envelope.Keys
	etags domain.ETags
}

// New returns a Finder in rows, whose secrets are sealed by keys.
func New(rows *secretrows.Rows, keys envelope.Keys, etags domain.ETags) *Finder {
	return &Finder{rows, keys, etags}
}

// Target is a secret that an operation touches, there or not.
type Target struct {
	Asked       ID
	Entry       *secretrows.Entry // nil if there is none
	OtherRegion bool              // than the call's, so that nobody looked
	Unread      error             // why it could not be read
	Operation   string
	Says        func(policy.Values) // puts in what the request says to condition keys; or nil
	call        *op.Call
}

// Demands implements [op.Target].
func (t *Target) Demands() []policy.Demand { return []policy.Demand{t.Demand(t.Operation)} }

// Demand returns the demand for an operation's action on the secret. One of another account is
// there for those alone whom its policy lets in: its ARN and its tags would decide in policies of
// their own, and so tell them what it is.
func (t *Target) Demand(operation string) policy.Demand {
	absent := t.Asked.Demand(operation, t.Says)
	if t.Entry == nil {
		return absent
	}
	c, rules := t.call, t.Entry.Rules
	if rules != nil && rules.Err != nil {
		// It was looked at before it was stored, so that somebody has stored it otherwise.
		c.Log().Error("the policy of a secret can't be read, so that nobody may use the secret",
			"secret", t.Entry.ARN(), "error", rules.Err)
	}
	d := demandOn(t.Entry.Secret, absent)
	if t.Entry.Account != c.Caller.Account && (rules == nil ||
		!rules.Document.Admits(c.Caller, c.Facts(), d)) {
		return absent
	}
	return d
}

// Demand returns the demand for an operation's action on what was asked for, as if it weren't
// there.
func (id ID) Demand(operation string, says func(policy.Values)) policy.Demand {
	d := domain.On(Action(operation), id.ARN, id.Account)
	d.Resource.Asked = id.text
	d.Values = func() policy.Values {
		v := policy.Values{}
		if says != nil {
			says(v)
		}
		return v
	}
	return d
}

// demand adds to what is demanded of a secret what is known of it.
func demandOn(s *secret.Secret, d policy.Demand) policy.Demand {
	said := d.Values
	d.Values = func() policy.Values {
		v := said()
		v[model.SecretID] = []string{s.ARN()}
		for key, text := range map[string]string{model.AllowRotationLambda: s.Rotation.Function,
			model.ResourceType: s.Type, model.PrimaryRegion: s.PrimaryRegion} {
			if text != "" {
				v[key] = []string{text}
			}
		}
		return v
	}
	d.Resource.ARN = s.ARN()
	d.Resource.Tags = func() (map[string]string, error) { return domain.TagMap(s.Tags), nil }
	if s.Rules != nil {
		d.Resource.Policy = func() (*policy.Document, error) { return s.Rules.Document, nil }
	}
	return d
}

// Could says whether the caller might do the target's operation if the secret were another: no
// change may take that from who makes it. The error is its refusal.
func (t *Target) Could(c *op.Call, operation string, next *secret.Secret) error {
	return c.Authorize(demandOn(next, t.Asked.Demand(operation, t.Says)))
}

// Action is the IAM action of an operation.
func Action(operation string) string { return secret.Service + ":" + operation }

// Missing implements [op.Target].
func (t *Target) Missing() error {
	switch {
	case t.Unread != nil:
		return t.Unread
	case t.Entry == nil:
		return smfault.NotFound
	}
	return nil
}

// Ready implements [op.Target]: a copy answers what reads it, and a secret scheduled for deletion
// little.
func (t *Target) Ready() error {
	if err := t.Primary(); err != nil {
		return err
	}
	if t.Entry.ScheduledForDeletion() && !servedUntilDeleted[t.Operation] {
		return smfault.MarkedForDeletion
	}
	if t.Operation == restoring && t.Entry.ScheduledForDeletion() &&
		!t.Entry.DeletionDate.After(t.call.Time) {
		return smfault.NotFound // whether its job has come to it or not
	}
	if t.Entry.Owner != "" && changesValue[t.Operation] {
		return smfault.Managed
	}
	return nil
}

// Primary refuses a copy what its primary alone answers.
func (t *Target) Primary() error {
	if t.Entry != nil && t.Entry.IsReplica() && !servedByReplica[t.Operation] {
		return smfault.OnReplica
	}
	return nil
}

// Find reads the SecretId of an operation and looks where it says, in whichever account that is.
// No request reaches another Region. That a secret can't be read is said only after the policy
// has let the caller pass.
func (s *Finder) Find(c *op.Call, operation, id string, in op.Input,
	look secretrows.LookUp) (*Target, error) {
	asked, err := ReadID(c, id)
	if err != nil {
		return nil, err
	}
	says, err := s.says(c, asked, in)
	if err != nil {
		return nil, err
	}
	t := &Target{Asked: asked, OtherRegion: asked.Region != c.Region, Operation: operation,
		Says: says, call: c}
	if t.OtherRegion {
		return t, nil
	}
	e, err := look(c, asked.Ref)
	switch {
	case err != nil:
		t.Unread = err
	case e != nil && (asked.suffix == "" || asked.suffix == e.Suffix):
		t.Entry = e
	}
	return t, nil
}

// Keyed is an input that names the KMS key of a secret, or nil.
type Keyed interface{ KMSKeyID() *string }

// says returns what puts into the values of condition keys what a request says. A key is looked
// up for it, so that a policy about the key holds for it under each of its names.
func (s *Finder) says(c *op.Call, asked ID, in op.Input) (func(policy.Values), error) {
	said, ok := in.(domain.Conditional)
	if !ok {
		return nil, nil
	}
	k, ok := in.(Keyed)
	if !ok || k.KMSKeyID() == nil {
		return said.Conditions, nil
	}
	of := &secret.Secret{Account: asked.Account, Region: asked.Region}
	of.KeepKey(*k.KMSKeyID())
	arn, err := s.keys.KeyARN(c, secret.Service, of.KeyFor(c))
	return func(v policy.Values) {
		said.Conditions(v)
		v[model.KMSKeyID] = []string{*k.KMSKeyID()}
		if arn != "" {
			v[model.KMSKeyARN] = []string{arn}
		}
	}, err
}

// Identified is an input that names a secret, by any form of SecretId.
type Identified interface {
	op.Input
	SecretID() string
}

// SecretInput is the input of operations that take a secret and nothing else.
type Input struct {
	SecretId string `shape:"SecretIdType,required"`
	op.ByShape
}

func (in Input) SecretID() string { return in.SecretId }

// SecretOutput is the output of operations that name the secret they changed.
type Output struct{ ARN, Name string }

// OutputOf names a secret.
func OutputOf(s *secret.Secret) Output { return Output{ARN: s.ARN(), Name: s.Name} }

// Read makes an operation that reads one secret. Its do is called with an entry that is there
// and in a state for it.
func Read[I Identified, O any](s *Finder, n op.Info,
	do func(*op.Call, I, *secretrows.Entry) (O, error)) op.Query[I, O] {
	find := func(c *op.Call, in I) (*Target, error) {
		return s.Find(c, n.Name, in.SecretID(), in, s.rows.WithValue)
	}
	return op.Read(n, find, func(c *op.Call, in I, t *Target) (O, error) {
		return do(c, in, t.Entry)
	})
}

// Change makes an operation that changes one secret. Its plan returns what shall be
// different, or nil if all is as asked already, and what to answer. The rows are signed here, and
// committed against the revision that was read.
func Change[I Identified, O any](s *Finder, n op.Info,
	plan func(*op.Call, I, *secret.Secret) (*secretrows.Change, O, error)) op.Operation {
	return ChangeTarget(s, n, func(c *op.Call, in I, t *Target) (*secretrows.Change, O, error) {
		return plan(c, in, t.Entry.Secret)
	})
}

// ChangeTarget is [changeSecret] for plans that ask whether the caller could do it again.
func ChangeTarget[I Identified, O any](s *Finder, n op.Info,
	plan func(*op.Call, I, *Target) (*secretrows.Change, O, error)) op.Operation {
	find := func(c *op.Call, in I) (*Target, error) {
		return s.Find(c, n.Name, in.SecretID(), in, s.rows.WithoutValue)
	}
	return op.Write(n, find, func(c *op.Call, in I, t *Target) (op.Commit[O], error) {
		ch, out, err := plan(c, in, t)
		if err != nil {
			return nil, err
		}
		return domain.Planned(c, s.rows.Prepare, ch, out)
	})
}

// changesValue names the operations that a secret refuses whose value a service manages.
var changesValue = map[string]bool{"PutSecretValue": true, "UpdateSecret": true,
	"UpdateSecretVersionStage": true}

// servedByReplica names the operations that a copy answers. All others, those that are still to
// come too, are its primary's.
var servedByReplica = map[string]bool{
	"GetSecretValue": true, "DescribeSecret": true, "ListSecretVersionIds": true,
	"GetResourcePolicy": true, "ValidateResourcePolicy": true, "StopReplicationToReplica": true,
}

// servedUntilDeleted names the operations that a secret scheduled for deletion still answers. All
// others refuse.
var servedUntilDeleted = map[string]bool{
	"DescribeSecret": true, "ListSecretVersionIds": true, restoring: true,
}

// restoring is the operation that takes a deletion back.
const restoring = "RestoreSecret"
