package keystore

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"sync"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/keystore/model"
	"claviger/keystore/publickey"
)

// rig is the service for tests of what the device does, or does not.
type rig struct{ *service }

// startOn starts KMS. around may stand between it and the token; nil is the token itself.
func startOn(t testing.TB, around func(*hsm.Token) Token) *rig {
	t.Helper()
	return startOnDevice(t, hsmtest.SoftHSM(t), around)
}

func startOnDevice(t testing.TB, c hsm.Config, around func(*hsm.Token) Token) *rig {
	t.Helper()
	return &rig{startAround(t, c, around)}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// doc is a request's document.
type doc = map[string]any

// send performs an operation in a context of the test's own.
func send[O any](ctx context.Context, s *rig, name string, in doc) (out O, err error) {
	s.t.Helper()
	answer, err := s.Serve(ctx, s.byName[name], in)
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
	f := fault.Of(err)
	if f == nil || model.KMS.Code(f) != code || message != "*" && f.Message != message {
		t.Errorf("got %v, want %s: %q", err, code, message)
	}
}

func (s *rig) key(spec, usage string) string {
	s.t.Helper()
	out := done[CreateKeyOutput](s, "CreateKey", doc{"KeySpec": spec, "KeyUsage": usage})
	return out.KeyMetadata.KeyId
}

// withEd25519 is a token that has the one kind of key that SoftHSM2 can't keep. It performs the key
// operation itself.
type withEd25519 struct {
	*hsm.Token
	mu   sync.Mutex
	keys map[string]ed25519.PrivateKey
}

func (w *withEd25519) Supports(k custody.Kind) bool {
	return k == custody.Ed25519Sign || w.Token.Supports(k)
}

func (w *withEd25519) Signs(alg custody.Algorithm) bool {
	return alg == publickey.Ed25519 || alg == publickey.Ed25519PH || w.Token.Signs(alg)
}

func (w *withEd25519) Generate(ctx context.Context, id string,
	k custody.Kind) (custody.Material, error) {
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
	return custody.Material{ID: id, Kind: k, Root: w.Root(), Mechanism: "CKM_AES_KEY_WRAP_PAD",
		Wrapped: []byte("w"), Public: spki, Check: []byte("c")}, err
}

func (w *withEd25519) Sign(ctx context.Context, ref custody.Ref, alg custody.Algorithm,
	digest []byte) ([]byte, error) {
	w.mu.Lock()
	key := w.keys[ref.ID]
	w.mu.Unlock()
	switch {
	case key == nil:
		return w.Token.Sign(ctx, ref, alg, digest)
	case alg == "ED25519_SHA_512":
		return ed25519.Sign(key, digest), nil
	}
	return key.Sign(nil, digest, &ed25519.Options{Hash: crypto.SHA512}) // Ed25519ph of RFC 8032
}
