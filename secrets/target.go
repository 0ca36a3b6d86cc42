package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/model"
)

// Finder finds secrets.
type Finder struct {
	rows *Rows
	keys envelope.Keys
}

// newFinder returns a Finder in rows, whose secrets are sealed by keys.
func newFinder(rows *Rows, keys envelope.Keys) *Finder { return &Finder{rows, keys} }

// target is a secret that an operation touches, there or not.
type target struct {
	asked       secretID
	entry       *entry // nil if there is none
	otherRegion bool   // than the call's, so that nobody looked
	unread      error  // why it could not be read
	operation   string
	says        func(policy.Values) // puts in what the request says to condition keys; or nil
	call        *op.Call
}

// Demands implements [op.Target].
func (t *target) Demands() []policy.Demand { return []policy.Demand{t.demand(t.operation)} }

// demand returns the demand for an operation's action on the secret. One of another account is
// there for those alone whom its policy lets in: its ARN and its tags would decide in policies of
// their own, and so tell them what it is.
func (t *target) demand(operation string) policy.Demand {
	absent := t.asked.demand(operation, t.says)
	if t.entry == nil {
		return absent
	}
	c, rules := t.call, t.entry.rules
	if rules != nil && rules.Err != nil {
		// It was looked at before it was stored, so that somebody has stored it otherwise.
		c.Log().Error("the policy of a secret can't be read, so that nobody may use the secret",
			"secret", t.entry.ARN(), "error", rules.Err)
	}
	d := demandOn(t.entry.Secret, absent)
	if t.entry.Account != c.Caller.Account && (rules == nil ||
		!rules.Document.Admits(c.Caller, c.Facts(), d)) {
		return absent
	}
	return d
}

// demand returns the demand for an operation's action on what was asked for, as if it weren't
// there.
func (id secretID) demand(operation string, says func(policy.Values)) policy.Demand {
	d := domain.On(action(operation), id.arn, id.account)
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
func demandOn(s *Secret, d policy.Demand) policy.Demand {
	said := d.Values
	d.Values = func() policy.Values {
		v := said()
		v[model.SecretID] = []string{s.ARN()}
		return v
	}
	d.Resource.ARN = s.ARN()
	d.Resource.Tags = func() (map[string]string, error) { return domain.TagMap(s.Tags), nil }
	if s.rules != nil {
		d.Resource.Policy = func() (*policy.Document, error) { return s.rules.Document, nil }
	}
	return d
}

// could says whether the caller might do the target's operation if the secret were another: no
// change may take that from who makes it. The error is its refusal.
func (t *target) could(c *op.Call, operation string, next *Secret) error {
	return c.Authorize(demandOn(next, t.asked.demand(operation, t.says)))
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
func (s *Finder) find(c *op.Call, operation, id string, in op.Input,
	look lookUp) (*target, error) {
	asked, err := readSecretID(c, id)
	if err != nil {
		return nil, err
	}
	says, err := s.says(c, asked, in)
	if err != nil {
		return nil, err
	}
	t := &target{asked: asked, otherRegion: asked.region != c.Region, operation: operation,
		says: says, call: c}
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

// keyed is an input that names the KMS key of a secret, or nil.
type keyed interface{ kmsKeyID() *string }

// says returns what puts into the values of condition keys what a request says. A key is looked up
// for it, so that a policy about the key holds for it under each of its names.
func (s *Finder) says(c *op.Call, asked secretID, in op.Input) (func(policy.Values), error) {
	said, ok := in.(domain.Conditional)
	if !ok {
		return nil, nil
	}
	k, ok := in.(keyed)
	if !ok || k.kmsKeyID() == nil {
		return said.Conditions, nil
	}
	of := &Secret{Account: asked.account, Region: asked.region}
	of.keepKey(*k.kmsKeyID())
	arn, err := s.keys.KeyARN(c, service, of.keyFor(c))
	return func(v policy.Values) {
		said.Conditions(v)
		v[model.KMSKeyID] = []string{*k.kmsKeyID()}
		if arn != "" {
			v[model.KMSKeyARN] = []string{arn}
		}
	}, err
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
func readSecret[I identified, O any](s *Finder, n op.Info,
	do func(*op.Call, I, *entry) (O, error)) op.Query[I, O] {
	find := func(c *op.Call, in I) (*target, error) {
		return s.find(c, n.Name, in.secretID(), in, s.rows.withValue)
	}
	return op.Read(n, find, func(c *op.Call, in I, t *target) (O, error) {
		return do(c, in, t.entry)
	})
}

// changeSecret makes an operation that changes one secret. Its plan returns what shall be
// different, or nil if all is as asked already, and what to answer. The rows are signed here, and
// committed against the revision that was read.
func changeSecret[I identified, O any](s *Finder, n op.Info,
	plan func(*op.Call, I, *Secret) (*change, O, error)) op.Operation {
	return changeTarget(s, n, func(c *op.Call, in I, t *target) (*change, O, error) {
		return plan(c, in, t.entry.Secret)
	})
}

// changeTarget is [changeSecret] for plans that ask whether the caller could do it again.
func changeTarget[I identified, O any](s *Finder, n op.Info,
	plan func(*op.Call, I, *target) (*change, O, error)) op.Operation {
	find := func(c *op.Call, in I) (*target, error) {
		return s.find(c, n.Name, in.secretID(), in, s.rows.withoutValue)
	}
	return op.Write(n, find, func(c *op.Call, in I, t *target) (op.Commit[O], error) {
		ch, out, err := plan(c, in, t)
		if err != nil {
			return nil, err
		}
		if ch == nil {
			return op.Unchanged(out), nil
		}
		apply, err := s.rows.prepare(c, ch)
		if err != nil {
			return nil, err
		}
		return op.Apply(apply, out), nil
	})
}
