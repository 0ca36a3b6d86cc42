package hsm

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// Token is an open token. Its methods are safe for concurrent use and answer [custody.ErrUnavailable] while the
// device can't be used, within the caller's deadline and [Config.Timeout].
type Token struct {
	config   Config
	selected Config // config, but by serial number: labels may come to be shared
	module   *module
	holds    holding
	dialect  dialect
	wrap     mechanism
	limit    int32                 // sessions in the pool
	kinds    map[custody.Kind]bool // that it can keep wrapped
	info     pkcs11.TokenInfo
	facts    Facts

	// What the token was when it was opened, to know it again: its root and canary, and what the canary sealed.
	resident resident
	pulse    []byte

	// mu is held for reading by whoever is inside the module for this token, and for writing to end an epoch.
	mu    sync.RWMutex
	epoch *epoch
	gone  bool // Close is over: nobody may enter the module any more

	current atomic.Pointer[epoch] // epoch, read without a lock; nil while there is none
	down    atomic.Pointer[reason]
	epochs  atomic.Uint64
	workers atomic.Int32 // of all epochs

	reloads int // in vain, since the token was last well; the watch's own

	examMu sync.Mutex
	exam   *exam // wanted and not begun
	wake   chan struct{}
	stop   chan struct{}
	over   chan struct{} // the watch has ended
	once   sync.Once
}

// reason is why a token can't be used.
type reason struct{ err error }

var errClosed = errors.New("the token is closed")

// Open loads the module, selects the token, logs in, finds root and canary, and tries the forbidden things. On
// failure the error is one of this package's and says what to do; a wrong PIN is tried once. The token is
// watched until Close.
func Open(ctx context.Context, c Config) (*Token, error) {
	return openAs(ctx, c, rooted{})
}

// openAs is Open for a token that holds a root, or the keys themselves.
func openAs(ctx context.Context, c Config, holds holding) (*Token, error) {
	c, err := c.settled()
	if err != nil {
		return nil, err
	}
	type opened struct {
		t   *Token
		err error
	}
	done := make(chan opened, 1)
	go func() {
		t, err := open(c, holds)
		done <- opened{t, err}
	}()
	select {
	case o := <-done:
		return o.t, o.err
	case <-ctx.Done():
		go func() { // the module may hang: what comes of it late is closed again
			if o := <-done; o.t != nil {
				o.t.Close()
			}
		}()
		return nil, unavailable(context.Cause(ctx))
	}
}

// open is openAs without its deadline.
func open(c Config, holds holding) (*Token, error) {
	m, err := acquire(context.Background(), c.Module)
	if err != nil {
		return nil, err
	}
	t := &Token{config: c, module: m, holds: holds, wake: make(chan struct{}, 1), stop: make(chan struct{}), over: make(chan struct{})}
	if err := t.begin(); err != nil {
		return nil, errors.Join(err, m.release(context.Background()))
	}
	go t.watch()
	return t, nil
}

// begin finds the token, learns what it can do and establishes the first epoch.
func (t *Token) begin() error {
	if err := t.module.lock(context.Background()); err != nil {
		return err
	}
	defer t.module.unlock()
	slot, info, err := t.holds.locate(t)
	if err != nil {
		return err
	}
	t.info, t.selected = info, t.config
	if info.SerialNumber != "" {
		t.selected.TokenLabel, t.selected.TokenSerial = "", info.SerialNumber
	}
	mechanisms, err := t.module.driver.Mechanisms(slot)
	if err != nil {
		return err
	}
	t.dialect = dialectOf(info.ManufacturerID).on(t.module.driver, mechanisms)
	if err = t.holds.suits(t, mechanisms); err != nil {
		return err
	}
	t.limit = int32(t.config.sessions(t.dialect, info.MaxRwSessionCount))
	t.facts = factsOf(t.module, info, mechanisms)
	t.kinds = map[custody.Kind]bool{}
	for _, k := range t.facts.Kinds {
		t.kinds[k] = true
	}
	if err := t.establish(); err != nil {
		return err
	}
	t.module.join(t)
	return nil
}

// Close ends all use of the token and leaves the module, which is finalised when nobody else uses it. It waits
// for calls in flight, but no longer than the timeout for one that hangs.
func (t *Token) Close() error {
	var err error
	t.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*t.config.Timeout)
		defer cancel()
		t.down.Store(&reason{errClosed})
		close(t.stop)
		select {
		case <-t.over:
		case <-ctx.Done():
		}
		t.end()
		// Nobody may be inside when the module is finalised, and a device counts the sessions that are left open.
		for t.workers.Load() > 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond) // they close their sessions
		}
		err = t.module.leave(ctx, t)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.gone = true
		err = errors.Join(err, t.module.release(ctx))
	})
	return err
}

// Root returns the identifier of the root key: its CKA_ID, 32 hex digits.
func (t *Token) Root() string { return t.resident.id }

// Supports reports whether the token can make, keep and use keys of a kind. It was decided when the token was opened.
func (t *Token) Supports(k custody.Kind) bool { return t.kinds[k] || t.Resident(k) }

// Generate makes a key or key pair on the token and returns it wrapped by the root. The key exists unwrapped only on
// the token; its handle under id is cached, and replaces one that was. An RSA pair may take [Config.Generation], and
// nobody else waits for it. The answer to a kind that the token can't make, or doesn't after all, is
// [custody.ErrUnsupported].
func (t *Token) Generate(ctx context.Context, id string, k custody.Kind) (m custody.Material, err error) {
	defer t.observe("Generate", time.Now(), &err)
	f, err := t.dialect.form(k)
	if err != nil {
		return m, fault.Of(err)
	}
	if !t.kinds[k] {
		return m, custody.ErrUnsupported
	}
	of := func(e *epoch) *lane { return e.pool }
	if f.slow() {
		of = func(e *epoch) *lane { return e.slow }
	}
	var public []byte
	wrapped, err := t.useIn(ctx, of, nil, func(e *epoch, _ *handle, s cryptoki.Session) (wrapped []byte, err error) {
		wrapped, public, err = bear(e.driver(), s, f, t.wrap, e.root)
		return wrapped, err
	})
	if err != nil {
		return m, cannot(err)
	}
	// What rests is unwrapped once before it is handed out: a material that can't be opened again never reaches a store.
	m = custody.Material{ID: id, Kind: k, Root: t.resident.id, Mechanism: t.wrap.name, Wrapped: wrapped, Public: public}
	t.Forget(id)
	ref := m.Rest()
	m.Check, err = t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		check, err := e.check(s, h)
		h.verified.Store(err == nil)
		return check, err
	})
	return m, err
}

// Seal encrypts by AES-GCM (NIST SP 800-38D) and returns IV (12 bytes), ciphertext and tag (16 bytes). The IV is
// new for each call and is the device's own where it insists. ref must name an AES_256 material.
func (t *Token) Seal(ctx context.Context, ref custody.Ref, plaintext, aad []byte) (sealed []byte, err error) {
	defer t.observe("Seal", time.Now(), &err)
	if n := t.dialect.largest; n > 0 && len(plaintext) > n {
		return nil, fault.Newf(fault.Invalid, "", "The value is longer than the %d bytes that the device encrypts at once.", n)
	}
	return t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		if err := e.trust(s, h); err != nil {
			return nil, err
		}
		return e.encrypt(s, h.object, plaintext, aad)
	})
}

// Unseal undoes [Token.Seal] with the same material and additional data. Whatever is wrong with sealed, the answer
// is [custody.ErrForged].
func (t *Token) Unseal(ctx context.Context, ref custody.Ref, sealed, aad []byte) (plaintext []byte, err error) {
	defer t.observe("Unseal", time.Now(), &err)
	if len(sealed) < cryptoki.IVSize+cryptoki.TagSize {
		return nil, custody.ErrForged
	}
	return t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		plaintext, err := e.driver().Decrypt(s, h.object, t.dialect.encryption(aad), sealed)
		return plaintext, decrypting(err)
	})
}

// Random returns n bytes from the token's generator.
func (t *Token) Random(ctx context.Context, n int) (random []byte, err error) {
	defer t.observe("Random", time.Now(), &err)
	if n <= 0 {
		return []byte{}, nil
	}
	return t.use(ctx, nil, func(e *epoch, _ *handle, s cryptoki.Session) ([]byte, error) {
		return e.driver().GenerateRandom(s, n)
	})
}

// Forget drops the cached handle of a material, so that the next use has to load it again. A use in progress
// ends undisturbed.
func (t *Token) Forget(id string) {
	if e := t.current.Load(); e != nil && e.handles.forgetID(id) {
		t.nudge() // so that the key is destroyed soon
	}
}

// Ready returns nil while the token can be used, and custody.ErrUnavailable with the reason while it can't. A renewal
// that is going well is no reason: calls wait for it.
func (t *Token) Ready() error {
	if r := t.down.Load(); r != nil {
		return unavailable(r.err)
	}
	return nil
}

// observe reports one call when it ends.
func (t *Token) observe(function string, start time.Time, err *error) {
	if t.config.Observe != nil {
		t.config.Observe.Call(function, time.Since(start), *err != nil)
	}
}
