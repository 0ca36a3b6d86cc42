// Package optest starts what every operation runs on, below the protocols: a true SoftHSM2 token
// and a true SQLite database with an installation between them, the road, and a job runner.
// Requests are documents that go down the road as whoever the test says.
//
//	k := optest.Start(t, hsmtest.SoftHSM(t), func(k *optest.Kit) optest.Parts {
//		keys := keystore.New(keystore.Config{DB: k.DB, Installation: k.Installation, ...})
//		return optest.Parts{Operations: keys.Operations(), Jobs: keys.Jobs()}
//	})
//	out, err := k.Serve(optest.As(ctx, optest.User("alice")), k.Operation("kms:CreateKey"), nil)
//
// It knows no domain, so that the tests inside of any domain's package can use it. Tests of the
// protocols, and of the whole, use package servicetest.
package optest

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/clock"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/jobs"
	"claviger/policy"
	"claviger/store"
	"claviger/store/storetest"
)

// Parts are what the domain under test adds to a [Kit].
type Parts struct {
	Operations []op.Operation
	Jobs       map[string]domain.Job // that the operations schedule, by kind; nil: none
}

// Kit is a service without protocols. Its methods may be called from several goroutines; its fields
// change with [Kit.Restart] only, which may not run beside anything else.
type Kit struct {
	Path  string // of the SQLite file
	DB    *store.DB
	Token *hsm.Token
	Clock *Clock       // stands at Began until the test moves it
	Guard *clock.Guard // of Clock; it outlives every Restart
	Log   *Log

	Installation *install.Installation
	Runner       *op.Runner
	Jobs         *jobs.Runner

	// TokenCalls counts what the token was asked to do, for tests of what asks it seldom.
	TokenCalls atomic.Int64

	t        testing.TB
	assemble func(*Kit) Parts
	kept     *store.DB               // that keeps its sets of rows
	byName   map[string]op.Operation // kms:CreateKey

	mu     sync.Mutex
	decide func(policy.Request) policy.Decision
}

// Start makes a database and an installation for a token, and puts the parts together. All of it
// is closed when t ends.
func Start(t testing.TB, device hsm.Config, assemble func(*Kit) Parts) *Kit {
	t.Helper()
	k := &Kit{
		Path:     filepath.Join(storetest.Dir(t), "claviger.db"),
		Clock:    NewClock(Began),
		Log:      new(Log),
		t:        t,
		assemble: assemble,
		decide:   policy.Decide,
	}
	k.Guard = k.Clock.Guard()
	device.Observe = observer{k}
	k.Token = hsmtest.Open(t, device)
	k.DB = storetest.Open(t, k.Path)
	if _, err := install.Create(t.Context(), k.DB, k.Token, Began); err != nil {
		t.Fatal(err)
	}
	k.Restart()
	return k
}

// Restart puts the parts together anew, as a start of the service would: with empty caches, from
// what the database holds. Token and database stay open, and rows that are missing or older ones
// are not looked for again: [Kit.Reopen] does that.
func (k *Kit) Restart() {
	k.t.Helper()
	var err error
	if k.Installation, err = install.Load(k.t.Context(), k.DB, k.Token); err != nil {
		k.t.Fatal(err)
	}
	if k.kept != k.DB {
		if err = k.DB.KeepRowSets(k.Installation.RowSets); err != nil {
			k.t.Fatal(err)
		}
		k.kept = k.DB
	}
	log := slog.New(slog.NewTextHandler(k.Log, nil))
	k.Runner = &op.Runner{Ledger: k.DB, Callers: callers{}, Decide: k.authorize,
		Observe: observer{k}, Log: log, Now: k.Clock.Now, Clock: k.Guard}
	k.Jobs = &jobs.Runner{DB: k.DB, Operations: k.Runner, Log: log, Now: k.Clock.Now}
	parts := k.assemble(k)
	k.Jobs.Kinds = parts.Jobs
	k.byName = map[string]op.Operation{}
	for _, o := range parts.Operations {
		k.byName[o.Info().Service.Name+":"+o.Info().Name] = o
	}
}

// ReopenAccepted is [Kit.Reopen] of a database from which the test has taken rows. They are
// accepted as they are, as whoever runs the service may do it.
func (k *Kit) ReopenAccepted() {
	k.t.Helper()
	err := k.DB.Commit(func(tx *store.Tx) error {
		return tx.SealRowSets(k.Installation.RowSets)
	}, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	k.Reopen()
}

// Reopen closes the database, which writes what waits, opens it again and restarts.
func (k *Kit) Reopen() {
	k.t.Helper()
	if err := k.DB.Close(); err != nil {
		k.t.Fatal(err)
	}
	k.DB = storetest.Open(k.t, k.Path)
	k.Restart()
}

// Edit changes the database behind the service's back, and restarts: a row that is cached is not
// read again. A statement that changes no row fails the test.
func (k *Kit) Edit(statement string, args ...any) {
	k.t.Helper()
	storetest.Edit(k.t, k.Path, statement, args...)
	k.Restart()
}

// Operation returns an operation by its service's name and its own: kms:CreateKey.
func (k *Kit) Operation(name string) op.Operation {
	k.t.Helper()
	o := k.byName[name]
	if o == nil {
		k.t.Fatalf("there is no operation %s", name)
	}
	return o
}

// Serve takes an operation down the road with a document: anything that is encoded as a JSON
// object; nil is an empty one. The context says who asks and in which Region: see [As] and [In].
func (k *Kit) Serve(ctx context.Context, o op.Operation, document any) (any, error) {
	out, err := k.Runner.Serve(ctx, o.Info().Service, Request(k.t, o, document))
	k.declared(o.Info(), err)
	return out, err
}

// Elsewhere has f ask as another process would that has the same database: who changes something
// there waits for nobody here, and nobody here for it. Nobody else asks meanwhile.
func (k *Kit) Elsewhere(f func()) {
	here := k.Runner
	k.Runner = &op.Runner{Ledger: k.DB, Callers: callers{}, Decide: k.authorize,
		Observe: observer{k}, Log: here.Log, Now: k.Clock.Now}
	defer func() { k.Runner = here }()
	f()
}

// declared fails the test if an operation answered an error that its service's catalogue has not,
// or not as one of that kind.
func (k *Kit) declared(n op.Info, err error) {
	k.t.Helper()
	f := fault.Of(err)
	if _, routed := n.Service.Answers[n.Name]; f == nil || !routed {
		return
	}
	code := n.Service.Code(f)
	if kinds := n.Service.Fails(n.Name, code); !slices.Contains(kinds, f.Kind) {
		k.t.Errorf("%s answered %s as an error of kind %q, and the answers and failures of its "+
			"service don't say so", n.Name, code, f.Kind)
	}
}

// Decide has f authorize from now on, in the place of [policy.Decide].
func (k *Kit) Decide(f func(policy.Request) policy.Decision) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.decide = f
}

// Forbid refuses an IAM action to everybody from now on. It takes the place of an
// earlier Decide or Forbid.
func (k *Kit) Forbid(action string) {
	k.Decide(func(q policy.Request) policy.Decision {
		for _, d := range q.Demands {
			if d.Action == action { // an IAM user may nothing that nobody allows
				q.Caller = policy.Caller{Type: policy.IAMUser, ARN: q.Caller.ARN}
				break
			}
		}
		return policy.Decide(q)
	})
}

func (k *Kit) authorize(q policy.Request) policy.Decision {
	k.mu.Lock()
	decide := k.decide
	k.mu.Unlock()
	return decide(q)
}

// Records returns the audit trail from its beginning, a record a line.
func (k *Kit) Records() []string {
	k.t.Helper()
	return Records(k.t, k.DB)
}

// observer counts the calls of the token. What became of operations is in their answers.
type observer struct{ kit *Kit }

func (observer) Operation(string, string, string, time.Duration) {}
func (observer) Unknown(string, string)                          {}
func (observer) Unrecorded()                                     {}
func (observer) Overload(string)                                 {}
func (observer) Waiting(int)                                     {}
func (o observer) Call(string, time.Duration, bool)              { o.kit.TokenCalls.Add(1) }
func (observer) Handle(bool)                                     {}
func (observer) Shed()                                           {}
