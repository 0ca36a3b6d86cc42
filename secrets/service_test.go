package secrets_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/fault"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/jobs"
	"claviger/keystore"
	"claviger/policy"
	"claviger/secrets"
	"claviger/store"

	"github.com/google/uuid"
)

const (
	account = "111122223333"
	region  = "us-east-1"
	prefix  = "arn:aws:secretsmanager:" + region + ":" + account + ":secret:"
)

// service is KMS and Secrets Manager on a true token and database, without protocols: requests are
// JSON documents that go down the road.
type service struct {
	t         testing.TB
	path      string
	token     *hsm.Token
	db        *store.DB
	runner    *op.Runner
	jobRunner *jobs.Runner
	byName    map[string]op.Operation // kms:CreateKey

	mu    sync.Mutex
	now   time.Time
	owner string       // the account whose root user asks
	deny  string       // the IAM action that nobody may, or nothing
	allow bool         // everything, whoever asks
	calls atomic.Int64 // of the token
}

func start(t testing.TB) *service {
	t.Helper()
	s := &service{t: t, byName: map[string]op.Operation{}, owner: account,
		now: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)}
	c := hsmtest.SoftHSM(t)
	c.Observe = s
	token, err := hsm.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	s.token = token
	t.Cleanup(func() { token.Close() })
	s.path = filepath.Join(memory(t), "claviger.db")
	if s.db, err = store.Open(t.Context(), store.Config{Path: s.path}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	if err := install.Create(t.Context(), s.db, token, s.now); err != nil {
		t.Fatal(err)
	}
	s.assemble(t)
	return s
}

// assemble joins the parts, with empty caches. A second call is as good as a restart.
func (s *service) assemble(t testing.TB) {
	t.Helper()
	in, err := install.Load(t.Context(), s.db, s.token)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s.runner = &op.Runner{Ledger: s.db, Callers: s, Decide: s.decide, Observe: s, Log: log,
		Now: s.time}
	keys := keystore.New(s.db, s.token, jobs.Queue{}, in, []string{region}, nil)
	sm := secrets.New(s.db, keys, s.token, jobs.Queue{}, in)
	for _, o := range append(keys.Operations(), sm.Operations()...) {
		s.byName[o.Info().Service.Name+":"+o.Info().Name] = o
	}
	s.jobRunner = &jobs.Runner{DB: s.db, Operations: s.runner, Log: log, Now: s.time,
		Kinds: map[string]jobs.Kind{secrets.DeleteSecretJob: {Work: sm.Finish}}}
}

func memory(t testing.TB) string {
	t.Helper()
	if dir, err := os.MkdirTemp("/dev/shm", "claviger-secrets-"); err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// Authenticate implements op.Authenticator: everybody is the owner of an account.
func (s *service) Authenticate(context.Context, *http.Request, func() ([]byte, error), string,
	time.Time) (policy.Caller, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return policy.Caller{Type: policy.Root, Account: s.owner,
		ARN: "arn:aws:iam::" + s.owner + ":root", PrincipalID: s.owner}, region, nil
}

func (s *service) decide(q policy.Request) policy.Decision {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.allow {
		return policy.Decision{Effect: policy.Allow}
	}
	for _, d := range q.Demands {
		if d.Action == s.deny {
			q.Caller = policy.Caller{Type: policy.IAMUser, ARN: q.Caller.ARN}
			break
		}
	}
	return policy.Decide(q)
}

// as has another account's root user ask from now on.
func (s *service) as(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owner = account
}

// allowAll lets everybody do everything from now on, across accounts too.
func (s *service) allowAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allow = true
}

// forbid refuses an IAM action from now on; nothing lifts it.
func (s *service) forbid(action string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deny = action
}

func (s *service) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *service) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *service) Operation(string, string, string, time.Duration) {}
func (s *service) Unknown(string, string)                          {}
func (s *service) Call(string, time.Duration, bool)                { s.calls.Add(1) }
func (s *service) Handle(bool)                                     {}

// M is a request's document.
type M = map[string]any

// serve performs an operation of Secrets Manager, or of the service named before a colon.
func (s *service) serve(ctx context.Context, name string, in M) (any, error) {
	if !strings.Contains(name, ":") {
		name = "secretsmanager:" + name
	}
	o := s.byName[name]
	if o == nil {
		s.t.Fatalf("there is no operation %s", name)
	}
	body, err := wire.Encode(in)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.runner.Serve(ctx, o.Info().Service, &op.Request{
		Name:    func() (op.Operation, string, error) { return o, "", nil },
		HTTP:    httptest.NewRequest("POST", "/", nil),
		ID:      uuid.NewString(),
		Read:    func() ([]byte, error) { return body, nil },
		Decode:  func(v any) error { return wire.Decode(body, v) },
		Present: func(pointer string) bool { return wire.Present(body, pointer) },
	})
}

// ask is serve for those who know what is answered.
func ask[O any](s *service, name string, in M) (out O, err error) {
	answer, err := s.serve(context.Background(), name, in)
	if err != nil {
		return out, err
	}
	return answer.(O), nil
}

// must is ask for what has to succeed.
func must[O any](s *service, name string, in M) O {
	s.t.Helper()
	out, err := ask[O](s, name, in)
	if err != nil {
		s.t.Fatalf("%s %v: %v", name, in, err)
	}
	return out
}

// do performs what has to succeed and whose answer nobody needs.
func (s *service) do(name string, in M) {
	s.t.Helper()
	must[any](s, name, in)
}

// refused performs an operation that has to fail with a code and, if one is given, a message.
func (s *service) refused(name string, in M, code, message string) {
	s.t.Helper()
	_, err := s.serve(context.Background(), name, in)
	f := fault.Of(err)
	switch {
	case f == nil:
		s.t.Errorf("%s %v succeeded, want %s", name, in, code)
	case secrets.SecretsManager.Code(f) != code:
		s.t.Errorf("%s %v: %v, want %s", name, in, err, code)
	case message != "" && f.Message != message:
		s.t.Errorf("%s: message %q, want %q", name, f.Message, message)
	}
}

// Shorthands for what nearly every test does.

func token() string { return uuid.NewString() }

func (s *service) create(name, value string) secrets.CreateSecretOutput {
	s.t.Helper()
	return must[secrets.CreateSecretOutput](s, "CreateSecret",
		M{"Name": name, "SecretString": value, "ClientRequestToken": token()})
}

func (s *service) put(id, value string, stages ...string) string {
	s.t.Helper()
	in := M{"SecretId": id, "SecretString": value, "ClientRequestToken": token()}
	if stages != nil {
		in["VersionStages"] = stages
	}
	return must[secrets.PutSecretValueOutput](s, "PutSecretValue", in).VersionId
}

func (s *service) get(id string) secrets.GetSecretValueOutput {
	s.t.Helper()
	return must[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": id})
}

func (s *service) text(in M) string {
	s.t.Helper()
	out := must[secrets.GetSecretValueOutput](s, "GetSecretValue", in)
	if out.SecretString == nil {
		s.t.Fatalf("%v: no SecretString", in)
	}
	return *out.SecretString
}

func (s *service) describe(id string) secrets.DescribeSecretOutput {
	s.t.Helper()
	return must[secrets.DescribeSecretOutput](s, "DescribeSecret", M{"SecretId": id})
}

// key makes a customer's KMS key and returns its id.
func (s *service) key() string {
	s.t.Helper()
	return must[keystore.CreateKeyOutput](s, "kms:CreateKey", M{}).KeyMetadata.KeyId
}

// edit changes the database behind the service's back and empties its caches.
func (s *service) edit(statement string, args ...any) {
	s.t.Helper()
	db, err := sql.Open("sqlite3", s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	r, err := db.Exec(statement, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	if n, _ := r.RowsAffected(); n == 0 {
		s.t.Fatalf("%s changed nothing", statement)
	}
	s.assemble(s.t)
}

// records returns the audit trail from the beginning, a record a line.
func (s *service) records() []string {
	s.t.Helper()
	var out []string
	err := s.db.Trail(0, func(_ int64, _ time.Time, records []byte) error {
		out = append(out, strings.Split(string(records), "\n")...)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// eventually waits for what rides in a later transaction.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(fmt.Sprint("it did not happen: ", what))
		}
	}
}
