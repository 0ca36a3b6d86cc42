package keystore

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
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

const theirAccount = "111122223333"

// rig is KMS on a true token and database, without protocols: requests are JSON documents that go down the road.
type rig struct {
	t      testing.TB
	keys   *Keys
	runner *op.Runner
	byName map[string]op.Operation
	calls  atomic.Int64 // of the token
}

// startOn starts KMS. around may stand between it and the token; nil is the token itself.
func startOn(t testing.TB, around func(*hsm.Token) Token) *rig {
	t.Helper()
	return startOnDevice(t, hsmtest.SoftHSM(t), around)
}

func startOnDevice(t testing.TB, c hsm.Config, around func(*hsm.Token) Token) *rig {
	t.Helper()
	s := &rig{t: t, byName: map[string]op.Operation{}}
	c.Observe = s
	token, err := hsm.Open(t.Context(), c)
	noError(t, err)
	t.Cleanup(func() { token.Close() })
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(scratch(t), "claviger.db")})
	noError(t, err)
	t.Cleanup(func() { db.Close() })
	noError(t, install.Create(t.Context(), db, token, time.Now()))
	in, err := install.Load(t.Context(), db, token)
	noError(t, err)
	var device Token = token
	if around != nil {
		device = around(token)
	}
	s.keys = New(db, device, jobs.Queue{}, in, []string{"us-east-1"}, nil)
	s.runner = &op.Runner{Ledger: db, Callers: s, Decide: policy.Decide, Observe: s, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	for _, o := range s.keys.Operations() {
		s.byName[o.Info().Name] = o
	}
	return s
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func scratch(t testing.TB) string {
	t.Helper()
	if dir, err := os.MkdirTemp("/dev/shm", "claviger-keystore-"); err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// Authenticate implements op.Authenticator: everybody is the account's owner.
func (s *rig) Authenticate(context.Context, *http.Request, func() ([]byte, error), string, time.Time) (policy.Caller, string, error) {
	return policy.Caller{Type: policy.Root, Account: theirAccount, ARN: "arn:aws:iam::" + theirAccount + ":root", PrincipalID: theirAccount}, "us-east-1", nil
}

func (s *rig) Operation(string, string, string, time.Duration) {}
func (s *rig) Unknown(string, string)                          {}
func (s *rig) Call(string, time.Duration, bool)                { s.calls.Add(1) }
func (s *rig) Handle(bool)                                     {}

// doc is a request's document.
type doc = map[string]any

// send performs an operation.
func send[O any](ctx context.Context, s *rig, name string, in doc) (out O, err error) {
	s.t.Helper()
	body, err := wire.Encode(in)
	noError(s.t, err)
	q := &op.Request{HTTP: httptest.NewRequest("POST", "/", nil), Read: func() ([]byte, error) { return body, nil }, ID: uuid.NewString(),
		Decode:  func(v any) error { return wire.Decode(body, v) },
		Present: func(pointer string) bool { return wire.Present(body, pointer) }}
	q.Name = func() (op.Operation, string, error) { return s.byName[name], "", nil }
	answer, err := s.runner.Serve(ctx, model.KMS, q)
	if err != nil {
		return out, err
	}
	return answer.(O), nil
}

// done is send for what has to succeed.
func done[O any](s *rig, name string, in doc) O {
	s.t.Helper()
	out, err := send[O](s.t.Context(), s, name, in)
	noError(s.t, err)
	return out
}

// refused checks that err is a fault with a code and, unless it is "*", a message.
func refused(t testing.TB, err error, code, message string) {
	t.Helper()
	if f := fault.Of(err); f == nil || model.KMS.Code(f) != code || message != "*" && f.Message != message {
		t.Errorf("got %v, want %s: %q", err, code, message)
	}
}

func (s *rig) key(spec, usage string) string {
	s.t.Helper()
	return done[CreateKeyOutput](s, "CreateKey", doc{"KeySpec": spec, "KeyUsage": usage}).KeyMetadata.KeyId
}

// withEd25519 is a token that has the one kind of key that SoftHSM2 can't keep. It performs the key operation itself.
type withEd25519 struct {
	*hsm.Token
	mu   sync.Mutex
	keys map[string]ed25519.PrivateKey
}

func (w *withEd25519) Supports(k custody.Kind) bool {
	return k == custody.Ed25519Sign || w.Token.Supports(k)
}

func (w *withEd25519) Generate(ctx context.Context, id string, k custody.Kind) (custody.Material, error) {
	if k != custody.Ed25519Sign {
		return w.Token.Generate(ctx, id, k)
	}
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return custody.Material{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keys[id] = key
	spki, err := x509.MarshalPKIXPublicKey(pub)
	return custody.Material{ID: id, Kind: k, Root: w.Root(), Mechanism: "CKM_AES_KEY_WRAP_PAD", Wrapped: []byte("w"), Public: spki, Check: []byte("c")}, err
}

func (w *withEd25519) Sign(ctx context.Context, ref custody.Ref, alg custody.Algorithm, digest []byte) ([]byte, error) {
	w.mu.Lock()
	key := w.keys[ref.ID]
	w.mu.Unlock()
	switch {
	case key == nil:
		return w.Token.Sign(ctx, ref, alg, digest)
	case alg == "ED25519_SHA_512":
		return ed25519.Sign(key, digest), nil
	}
	return key.Sign(nil, digest, &ed25519.Options{Hash: crypto.SHA512}) // RFC 8032 section 5.1, Ed25519ph
}
