package op_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/internal/shape"
	"claviger/policy"
	"claviger/store"
	"claviger/store/storetest"
)

const (
	account = optest.Account
	region  = optest.Region
)

// vault is a service of its own, so that the road is tested with no domain on it.
var vault = &op.Service{
	Name: "vault", Title: "Vault", Target: "Vault", Version: "2026-01-01", Message: "message",
	Internal: "VaultInternalException", Down: "VaultDownException",
	Uncertain: "VaultTimeoutException",
	Shapes:    shape.Table{"Name": {Min: 1, Max: 8}, "Bool": {}, "Value": {Max: 64, Sensitive: true}},
	Records: op.Records{Operations: map[string]op.Recorded{"Look": listed, "Change": listed,
		"Own": listed, "Outer": listed, "Quiet": listed, "First": listed, "Plan": listed,
		"Watch": listed, "Read": listed, "Write": listed, "Enter": listed}},
}

var listed = op.Recorded{Touched: op.Listed}

// input is the input of every operation of vault.
type input struct {
	Name   string  `shape:"Name,required"`
	Value  *string `shape:"Value"`
	DryRun *bool   `shape:"Bool"`
}

func (in input) Validate() error {
	if in.Name == "odd" {
		return fault.New(fault.Invalid, "ValidationException", "odd names are refused")
	}
	return nil
}

type output struct{ Said string }

// road is the one road over a true database, with an operation that reads and one that changes.
// Every station is written down, and a test may have something happen at it.
type road struct {
	t      testing.TB
	db     *store.DB
	runner *op.Runner
	log    *optest.Log
	clock  *optest.Clock
	look   op.Query[input, output]
	change op.Command[input, output]

	mu         sync.Mutex
	stations   []string
	at         map[string]func() error // what happens at a station; nothing by default
	inside     func(*op.Call) error    // what do does, besides
	down       error                   // what the ledger answers instead of storing anything
	commits    int                     // asked of the ledger
	ended      []string                // operation and code, as the observer heard of them
	unknown    int
	unrecorded int
	inFlight   int
	waiting    int
}

func build(t testing.TB) *road {
	t.Helper()
	r := &road{t: t, db: storetest.Open(t, filepath.Join(storetest.Dir(t), "claviger.db")),
		clock: optest.NewClock(optest.Began), log: new(optest.Log), at: map[string]func() error{}}
	r.runner = &op.Runner{Ledger: r, Callers: r, Decide: r.decide, Observe: r,
		Log: slog.New(slog.NewTextHandler(r.log, nil)), Now: r.clock.Now}
	r.look = op.Read(op.Info{Name: "Look", Service: vault}, r.find,
		func(c *op.Call, _ input, _ *target) (output, error) { return output{"seen"}, r.do(c) })
	r.change = op.Write(op.Info{Name: "Change", Service: vault}, r.find,
		func(c *op.Call, in input, _ *target) (op.Commit[output], error) {
			return r.insert(in.Name), r.do(c)
		})
	return r
}

// station writes down that the road came by, and has happen what the test wants to happen there.
func (r *road) station(name string) error {
	r.mu.Lock()
	r.stations = append(r.stations, name)
	f := r.at[name]
	r.mu.Unlock()
	if f != nil {
		return f()
	}
	return nil
}

func (r *road) find(*op.Call, input) (*target, error) {
	return &target{r}, r.station("find")
}

func (r *road) do(c *op.Call) error {
	if err := r.station("do"); err != nil || r.inside == nil {
		return err
	}
	return r.inside(c)
}

// target is a thing of vault.
type target struct{ road *road }

func (t *target) Demands() []policy.Demand {
	if t.road.station("demands") != nil {
		return nil
	}
	return []policy.Demand{
		{Action: "vault:Use", Resource: policy.Resource{ARN: "arn:aws:vault:::thing"}},
		{Action: "vault:Pass", Resource: policy.Resource{ARN: "*"}},
	}
}
func (t *target) Missing() error { return t.road.station("absence") }
func (t *target) Ready() error   { return t.road.station("ready") }

func (r *road) decide(q policy.Request) policy.Decision {
	if err := r.station("authorize"); err != nil {
		return policy.Decision{Effect: policy.Deny, Err: err}
	}
	return policy.Decide(q)
}

// A change is a row of a table that holds nothing else here.
var (
	qInsert = store.SQL(`INSERT INTO jobs
		(id, kind, account, region, subject, due, rev, lease, expires, attempts)
		VALUES ($1, $2, '', '', $3, 0, 0, 0, 0, 0)`)
	qCount = store.Wide(`SELECT count(*) FROM jobs`, "a test counts all rows")
)

func (r *road) insert(name string) op.Commit[output] {
	return func(tx *store.Tx) (output, error) {
		if _, err := tx.Exec(qInsert, name, name, name); err != nil {
			return output{}, err
		}
		return output{"changed"}, r.station("commit")
	}
}

func (r *road) changes() (n int) {
	r.t.Helper()
	if err := r.db.Row(qCount, nil, &n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// Authenticate implements op.Authenticator.
func (r *road) Authenticate(context.Context, *http.Request, func() ([]byte, error), string,
	time.Time) (policy.Caller, string, error) {
	c := optest.Root(account)
	c.AccessKeyID = "AKIATEST"
	return c, region, r.station("authenticate")
}

// Renew implements op.Authenticator.
func (r *road) Renew(context.Context, *http.Request, string, time.Time, time.Time) (
	policy.Caller, error) {
	c := optest.Root(account)
	c.AccessKeyID = "AKIATEST"
	return c, r.station("renew")
}

// Enter, Leave and Commit implement op.Ledger.
func (r *road) Enter() { r.flight(1) }
func (r *road) Leave() { r.flight(-1) }

func (r *road) flight(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight += n
}

func (r *road) Commit(apply func(*store.Tx) error, record func(error) []byte) error {
	r.mu.Lock()
	down := r.down
	r.commits++
	r.mu.Unlock()
	if down != nil {
		return down
	}
	return r.db.Commit(apply, record)
}

// Operation and Unknown implement op.Observer.
func (r *road) Operation(_, name, code string, _ time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, strings.TrimSpace(name+" "+code))
}

func (r *road) Unknown(string, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unknown++
}

// Unrecorded and Overload implement op.Observer.
func (r *road) Unrecorded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unrecorded++
}

func (*road) Overload(string) {}

// Waiting implements op.Observer.
func (r *road) Waiting(delta int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting += delta
}

func (r *road) pass(d time.Duration) { r.clock.Pass(d) }

// request is a request with a JSON body from a source of its own. send says for which operation.
func request(body, source string) *op.Request {
	q := optest.RequestOf(nil, []byte(body))
	q.ID = "request-1"
	q.HTTP.RemoteAddr = source + ":1234"
	q.HTTP.Header.Set("User-Agent", "test")
	return q
}

const good = `{"Name":"thing","Value":"a secret value"}`

// send has the runner serve a request for an operation.
func (r *road) send(o op.Operation, q *op.Request) (any, error) {
	q.Name = func() (op.Operation, string, error) { return o, "", r.station("name") }
	return r.runner.Serve(r.t.Context(), vault, q)
}

// serve takes an operation down the road and returns its output and AWS's name of its error.
func (r *road) serve(o op.Operation, body string) (any, string) {
	r.t.Helper()
	out, err := r.send(o, request(body, "192.0.2.1"))
	return out, code(r.t, err)
}

// code returns AWS's name of an error, and sees to it that an error is always a fault.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	f, ok := err.(*fault.Error)
	if !ok {
		t.Errorf("the road answered an error of type %T", err)
	}
	return vault.Code(f)
}

// identity is what the tests look at of who asked.
type identity struct{ Type, PrincipalID, AccountID, AccessKeyID, InvokedBy string }

// record is what the tests look at of a record.
type record struct {
	EventName, ErrorCode, ErrorMessage string
	EventType, RecipientAccountID      string
	SourceIPAddress, UserAgent         string
	RequestID, EventID                 string
	ReadOnly                           bool
	UserIdentity                       identity
	RequestParameters                  map[string]any
	AdditionalEventData                map[string]any
	Resources                          []struct{ ARN string }

	batch int64
}

func (r *road) records() (out []record) {
	r.t.Helper()
	err := r.db.Trail(0, func(batch int64, _ time.Time, lines []byte) error {
		for line := range bytes.SplitSeq(lines, []byte("\n")) {
			x := record{batch: batch}
			if err := json.Unmarshal(line, &x); err != nil {
				return errors.Join(errors.New(string(line)), err)
			}
			out = append(out, x)
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// only returns the one record there is.
func (r *road) only() record {
	r.t.Helper()
	all := r.records()
	if len(all) != 1 {
		r.t.Fatalf("%d records, want one: %+v", len(all), all)
	}
	return all[0]
}

// trail returns the whole audit trail as text.
func (r *road) trail() string {
	r.t.Helper()
	return strings.Join(optest.Records(r.t, r.db), "\n")
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func fails(err error) func() error { return func() error { return err } }

func panics() error { panic("a mistake of ours") }
