package optest

import (
	"context"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
)

// Asker asks the operations of a [Kit] as the root user of an account, or as whoever is set.
type Asker struct {
	*Kit
	T     testing.TB
	Of    *op.Service // whose operations have no service before their names
	Owner string      // the account whose root user asks
	who   *policy.Caller
}

// NewAsker returns an Asker for the root user of [Account]. Its Kit is still to be set.
func NewAsker(t testing.TB, of *op.Service) *Asker { return &Asker{T: t, Of: of, Owner: Account} }

// M is a request's document.
type M = map[string]any

// By has somebody ask from now on, and returns what gives the root user back.
func (a *Asker) By(c policy.Caller) (back func()) {
	a.who = &c
	return func() { a.who = nil }
}

// As has another account's root user ask from now on.
func (a *Asker) As(account string) { a.Owner = account }

// Ask performs an operation of the Asker's service, or of the one named before a colon.
func (a *Asker) Ask(ctx context.Context, name string, in M) (any, error) {
	if !strings.Contains(name, ":") {
		name = a.Of.Name + ":" + name
	}
	caller := Root(a.Owner)
	if a.who != nil {
		caller = *a.who
	}
	return a.Serve(As(ctx, caller), a.Operation(name), in)
}

// Ask is [Asker.Ask] for those who know what is answered.
func Ask[O any](a *Asker, name string, in M) (out O, err error) {
	answer, err := a.Ask(context.Background(), name, in)
	if err != nil {
		return out, err
	}
	return answer.(O), nil
}

// Must is [Ask] for what has to succeed.
func Must[O any](a *Asker, name string, in M) O {
	a.T.Helper()
	out, err := Ask[O](a, name, in)
	if err != nil {
		a.T.Fatalf("%s %v: %v", name, in, err)
	}
	return out
}

// Do performs what has to succeed and whose answer nobody needs.
func (a *Asker) Do(name string, in M) {
	a.T.Helper()
	Must[any](a, name, in)
}

// Refused performs an operation that has to fail with a code and, if one is given, a message.
func (a *Asker) Refused(name string, in M, code, message string) {
	a.T.Helper()
	_, err := a.Ask(context.Background(), name, in)
	f := fault.Of(err)
	switch {
	case f == nil:
		a.T.Errorf("%s %v succeeded, want %s", name, in, code)
	case a.Of.Code(f) != code:
		a.T.Errorf("%s %v: %v, want %s", name, in, err, code)
	case message != "" && f.Message != message:
		a.T.Errorf("%s: message %q, want %q", name, f.Message, message)
	}
}
