// Package iamtest starts IAM on a true token and database, below the protocols: requests are
// documents that go down the road, as the account's root user or as users and roles with what they
// may do at that moment.
package iamtest

import (
	"context"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/iam"
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/policy"
)

// Account is the account that requests are made in.
const Account = optest.Account

// Kit is IAM without protocols.
type Kit struct {
	*optest.Kit
	Directory  *entity.Directory
	Operations []op.Operation

	t      testing.TB
	caller policy.Caller
}

// Start starts it, with an account that has nothing but its root user, who asks.
func Start(t testing.TB) *Kit {
	t.Helper()
	k := &Kit{t: t, caller: optest.Root(Account)}
	k.Kit = optest.Start(t, hsmtest.SoftHSM(t), func(o *optest.Kit) optest.Parts {
		k.Directory = entity.New(o.DB, o.Installation.Rows)
		keys := identity.New(o.DB, o.Token, k.Directory, o.Installation, []string{optest.Region})
		all := iam.New(k.Directory, keys, o.Installation.Tokens, domain.UnknownKeys{})
		k.Operations = all.Operations()
		return optest.Parts{Operations: k.Operations}
	})
	k.Commit(k.Directory.NewAccount(t.Context(),
		&entity.Account{Number: Account, Created: k.Clock.Now()}))
	return k
}

// M is a request's document.
type M = map[string]any

// Commit makes a change that was prepared, as an operation would.
func (k *Kit) Commit(change domain.Change, err error) {
	k.t.Helper()
	if err == nil {
		err = k.DB.Commit(change, func(error) []byte { return nil })
	}
	if err != nil {
		k.t.Fatal(err)
	}
}

// As has somebody else ask in the requests of f.
func (k *Kit) As(caller policy.Caller, f func()) {
	before := k.caller
	defer func() { k.caller = before }()
	k.caller = caller
	f()
}

// Caller returns who a user or role is to its next request, by its unique id.
func (k *Kit) Caller(id string) policy.Caller {
	k.t.Helper()
	p, err := k.Directory.Principal(k.t.Context(), Account, id)
	if err != nil || p == nil {
		k.t.Fatalf("%s is no principal: %v", id, err)
	}
	return p.Caller
}

// May reports whether a user or role may do an action on a resource, by its identity policies and
// its boundary alone.
func (k *Kit) May(id, action, resource string) bool {
	k.t.Helper()
	return policy.Decide(policy.Request{Caller: k.Caller(id),
		Facts: policy.Facts{Time: k.Clock.Now(), Region: optest.Region},
		Demands: []policy.Demand{{Action: action,
			Resource: policy.Resource{ARN: resource, Account: Account}}}}).Allowed()
}

// Ask performs an operation.
func (k *Kit) Ask(name string, in M) (any, error) {
	k.t.Helper()
	return k.Serve(optest.As(context.Background(), k.caller), k.Operation("iam:"+name), in)
}

// Do performs what has to succeed.
func (k *Kit) Do(name string, in M) any {
	k.t.Helper()
	out, err := k.Ask(name, in)
	if err != nil {
		k.t.Fatalf("%s %v: %v", name, in, err)
	}
	return out
}

// Must is [Kit.Do] for those who know what is answered.
func Must[O any](k *Kit, name string, in M) O {
	k.t.Helper()
	return k.Do(name, in).(O)
}

// Refused performs an operation that has to fail with a code and, if one is given, a message.
func (k *Kit) Refused(name string, in M, code, message string) {
	k.t.Helper()
	_, err := k.Ask(name, in)
	f := fault.Of(err)
	switch {
	case f == nil:
		k.t.Errorf("%s %v succeeded, want %s", name, in, code)
	case model.IAM.Code(f) != code:
		k.t.Errorf("%s %v: %v, want %s", name, in, err, code)
	case message != "" && f.Message != message:
		k.t.Errorf("%s: message %q, want %q", name, f.Message, message)
	}
}

// NewUser makes a user and returns its unique id.
func (k *Kit) NewUser(name string) (id string) {
	k.t.Helper()
	u := entity.NewUser(Account, name, "/", k.Clock.Now())
	k.Commit(k.Directory.Users.Insert(k.t.Context(), u))
	return u.ID
}

// NewGroup makes a group with members, and returns its unique id.
func (k *Kit) NewGroup(name string, members ...string) (id string) {
	k.t.Helper()
	g := entity.NewGroup(Account, name, "/", k.Clock.Now())
	k.Commit(k.Directory.Groups.Insert(k.t.Context(), g))
	for _, member := range members {
		from, err := k.Directory.Users.ByName(k.t.Context(), Account, member)
		if err != nil || from == nil {
			k.t.Fatalf("there is no user %s: %v", member, err)
		}
		to := *from
		to.Groups = append(to.Groups[:len(to.Groups):len(to.Groups)], g.ID)
		k.Commit(k.Directory.Users.Update(k.t.Context(), from, &to))
	}
	return g.ID
}

// NewRole makes a role that nobody may assume, and returns its unique id.
func (k *Kit) NewRole(name string) (id string) {
	k.t.Helper()
	r := entity.NewRole(Account, name, "/", k.Clock.Now())
	r.Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",` +
		`"Action":"sts:AssumeRole"}]}`
	r.MaxSessionDuration = 3600
	k.Commit(k.Directory.Roles.Insert(k.t.Context(), r))
	return r.ID
}
