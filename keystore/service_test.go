package keystore

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/envelope"
	"claviger/internal/fault"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/jobs"
	"claviger/keystore/model"
	"claviger/policy"
	"claviger/store"

	"github.com/google/uuid"
)

const (
	ourAccount = "111122223333"
	ourRegion  = "us-east-1" // where requests are for, unless they say otherwise
	abroad     = "eu-central-1"
	farAway    = "ap-southeast-2"
)

// service is KMS on a true token and database, without protocols: requests are JSON documents that go down the road.
type service struct {
	t         testing.TB
	path      string
	db        *store.DB
	token     *hsm.Token
	keys      *Keys
	runner    *op.Runner
	jobRunner *jobs.Runner
	byName    map[string]op.Operation
	clusters  *vaults

	mu  sync.Mutex
	now time.Time
}

func start(t testing.TB) *service {
	t.Helper()
	return startWith(t, hsmtest.SoftHSM(t))
}

// startWith is start on another device.
func startWith(t testing.TB, device hsm.Config) *service {
	t.Helper()
	s := &service{t: t, now: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC), clusters: &vaults{t: t, tokens: map[string]hsm.Config{}}}
	s.token = hsmtest.Open(t, device)
	dir, err := os.MkdirTemp("/dev/shm", "claviger-keystore-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s.path = filepath.Join(dir, "claviger.db")
	if s.db, err = store.Open(t.Context(), store.Config{Path: s.path}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	if err := install.Create(t.Context(), s.db, s.token, s.now); err != nil {
		t.Fatal(err)
	}
	s.restart()
	return s
}

// restart joins the parts anew, with empty caches.
func (s *service) restart() {
	s.t.Helper()
	in, err := install.Load(s.t.Context(), s.db, s.token)
	if err != nil {
		s.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s.runner = &op.Runner{Ledger: s.db, Callers: s, Decide: policy.Decide, Observe: s, Log: log, Now: s.time}
	s.keys = New(s.db, s.token, jobs.Queue{}, in, []string{ourRegion, abroad, farAway}, s.clusters)
	s.byName = map[string]op.Operation{}
	for _, o := range s.keys.Operations() {
		s.byName[o.Info().Name] = o
	}
	s.jobRunner = &jobs.Runner{DB: s.db, Operations: s.runner, Log: log, Now: s.time,
		Kinds: map[string]jobs.Kind{
			DeleteKeyJob:        {Work: s.keys.Finish},
			RotateKeyJob:        {Work: s.keys.Rotate},
			ConnectStoreJob:     {Work: s.keys.Connect},
			DisconnectStoreJob:  {Work: s.keys.Disconnect},
			DestroyMaterialJob:  {Work: s.keys.DestroyMaterial},
			DeleteImportPairJob: {Work: s.keys.DeleteImportPair},
			ExpireMaterialJob:   {Work: s.keys.Expire},
		}}
}

// Authenticate implements op.Authenticator: everybody is who the context says, or the account's owner.
func (s *service) Authenticate(ctx context.Context, r *http.Request, _ func() ([]byte, error), _ string, _ time.Time) (policy.Caller, string, error) {
	if c, ok := ctx.Value(callerKey{}).(policy.Caller); ok {
		return c, r.Host, nil
	}
	return owner(), r.Host, nil
}

type callerKey struct{}

// client is the service as one caller sees it; *service itself is that of the account's owner.
type client struct {
	*service
	caller policy.Caller
}

// user returns what an IAM user sees.
func (s *service) user(name string) client {
	return client{s, policy.Caller{Type: policy.IAMUser, Account: ourAccount, ARN: arnOf(name), PrincipalID: "AIDA" + name}}
}

func arnOf(user string) string { return "arn:aws:iam::" + ourAccount + ":user/" + user }

// asker is whoever asks.
type asker interface {
	serve(name string, in M) (any, error)
	test() testing.TB
}

func (s *service) test() testing.TB { return s.t }

func owner() policy.Caller {
	return policy.Caller{Type: policy.Root, Account: ourAccount, ARN: "arn:aws:iam::" + ourAccount + ":root", PrincipalID: ourAccount}
}

// Operation and Unknown implement op.Observer.
func (s *service) Operation(string, string, string, time.Duration) {}
func (s *service) Unknown(string, string)                          {}

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

// M is a request's document.
type M = map[string]any

// ask performs an operation and returns its output and AWS's name of its error.
func ask[O any](s asker, name string, in M) (out O, code string) {
	answer, err := s.serve(name, in)
	if err != nil {
		return out, model.KMS.Code(fault.Of(err))
	}
	return answer.(O), ""
}

// fail performs an operation and returns its error.
func fail(s asker, name string, in M) *fault.Error {
	_, err := s.serve(name, in)
	return fault.Of(err)
}

func (s *service) serve(name string, in M) (any, error) {
	return s.serveTo(owner(), ourRegion, name, in)
}

func (c client) serve(name string, in M) (any, error) {
	return c.serveTo(c.caller, ourRegion, name, in)
}

// request is a request for a Region, without a document.
func request(region string) *op.Request {
	q := &op.Request{HTTP: httptest.NewRequest("POST", "/", nil), ID: uuid.NewString(),
		Decode: func(any) error { return nil }, Present: func(string) bool { return true }}
	q.HTTP.Host = region
	return q
}

// askIn performs an operation in a Region.
func askIn[O any](s *service, region, name string, in M) (out O, refused *fault.Error) {
	answer, err := s.serveTo(owner(), region, name, in)
	if err != nil {
		return out, fault.Of(err)
	}
	return answer.(O), nil
}

// mustIn is askIn for what has to succeed.
func mustIn[O any](s *service, region, name string, in M) O {
	s.t.Helper()
	out, refused := askIn[O](s, region, name, in)
	if refused != nil {
		s.t.Fatalf("%s in %s %v: %v", name, region, in, refused)
	}
	return out
}

func (s *service) serveTo(caller policy.Caller, region, name string, in M) (any, error) {
	body, err := wire.Encode(in)
	if err != nil {
		s.t.Fatal(err)
	}
	q := request(region)
	q.Read = func() ([]byte, error) { return body, nil }
	q.Decode = func(v any) error { return wire.Decode(body, v) }
	q.Present = func(pointer string) bool { return wire.Present(body, pointer) }
	q.Name = func() (op.Operation, string, error) { return s.byName[name], "", nil }
	return s.runner.Serve(context.WithValue(context.Background(), callerKey{}, caller), model.KMS, q)
}

// must is ask for what has to succeed.
func must[O any](s asker, name string, in M) O {
	s.test().Helper()
	out, code := ask[O](s, name, in)
	if code != "" {
		s.test().Fatalf("%s %v: %s", name, in, code)
	}
	return out
}

// key makes a key and returns its id.
func (s *service) key() string {
	s.t.Helper()
	return must[CreateKeyOutput](s, "CreateKey", nil).KeyMetadata.KeyId
}

// within runs f as another service's operation would run: on behalf of the account's owner.
func (s *service) within(f func(*op.Call) error) error { return s.withinAs(owner(), ourRegion, f) }

func (s *service) withinRegion(region string, f func(*op.Call) error) error {
	return s.withinAs(owner(), region, f)
}

func (s *service) withinAs(caller policy.Caller, region string, f func(*op.Call) error) error {
	type nothing struct{ op.ByShape }
	o := op.Read(op.Info{Name: "Test", Service: model.KMS}, func(*op.Call, nothing) (op.Open, error) { return op.Open{Action: "kms:Test", Reason: "a test"}, nil },
		func(c *op.Call, _ nothing, _ op.Open) (op.None, error) { return op.None{}, f(c) })
	q := request(region)
	q.Name = func() (op.Operation, string, error) { return o, "", nil }
	_, err := s.runner.Serve(context.WithValue(context.Background(), callerKey{}, caller), model.KMS, q)
	return err
}

func (s *service) sealAs(service, keyID string, context map[string]string, value string) (e envelope.Envelope, err error) {
	err = s.within(func(c *op.Call) (err error) {
		e, err = s.keys.Seal(c, service, keyID, context, []byte(value))
		return err
	})
	return e, err
}

func (s *service) unsealAs(service string, e envelope.Envelope, context map[string]string) (value string, err error) {
	err = s.within(func(c *op.Call) error {
		b, err := s.keys.Unseal(c, service, e, context)
		value = string(b)
		return err
	})
	return value, err
}

// records returns the audit trail, a record a line.
func (s *service) records() (out []string) {
	s.t.Helper()
	err := s.db.Trail(0, func(_ int64, _ time.Time, records []byte) error {
		out = append(out, strings.Split(string(records), "\n")...)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// faultCode returns AWS's name of an error, or nothing.
func faultCode(err error) string {
	if f := fault.Of(err); f != nil {
		return model.KMS.Code(f)
	}
	return ""
}
