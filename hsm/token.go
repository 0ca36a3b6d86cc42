package hsm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/module"
	"claviger/hsm/internal/object"
	"claviger/hsm/internal/session"
	"claviger/internal/admission"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// Token is an open token. Its methods are safe for concurrent use and answer
// [custody.ErrUnavailable] while the device can't be used, within the caller's
// deadline and [Config.Timeout].
type Token struct {
	config   Config
	keeper   *session.Keeper
	mode     custodyMode
	resident custody.Kind // the one kind of key that may rest on it
	dialect  dialect.Dialect
	wrap     dialect.Mechanism
	kinds    map[custody.Kind]bool // that it can keep wrapped
	facts    Facts
	root     string // identifier of the root that it had when it was opened

	authority *Token // whose authenticator made the check values of its keys; often itself
	greeting  []byte // what the authenticator made when it was opened
	sample    []byte // a key that nobody uses, wrapped by the root when it was opened

	drawn repetitions // what its generator gave last

	// makers take turns, by party, at what takes the device seconds. A party has half of the sessions
	// for it, so that one that makes many keys leaves another the rest.
	makers admission.Gate
}

// Open loads the module, selects the token, logs in, finds root, canary and authenticator, and
// tries the forbidden things. On failure the error is one of this package's and says what to do; a
// wrong PIN is tried once. The token is watched until Close.
func Open(ctx context.Context, c Config) (*Token, error) {
	t := &Token{mode: wrapped{}, resident: residentBesideRoot}
	t.authority = t
	return t.openAs(ctx, c)
}

// openAs is Open for a token whose custody mode is set.
func (t *Token) openAs(ctx context.Context, c Config) (*Token, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	t.config = c
	t.makers = admission.Gate{Places: session.Generators, Share: max(1, session.Generators/2),
		Patience: c.Generation, Waiting: 16, WaitingAll: 512, Forecasts: true}
	done := make(chan error, 1)
	go func() { done <- t.open() }()
	select {
	case err := <-done:
		if err != nil {
			return nil, err
		}
		return t, nil
	case <-ctx.Done():
		go func() { // the module may hang: what comes of it late is closed again
			if err := <-done; err == nil {
				t.Close()
			}
		}()
		return nil, failure.Unavailable(context.Cause(ctx))
	}
}

// open is openAs without its deadline.
func (t *Token) open() error {
	m, err := module.Acquire(context.Background(), t.config.Module)
	if err != nil {
		return blameFiles(t.config.Module, err)
	}
	if err := t.start(m); err != nil {
		err = blameFiles(t.config.Module, err)
		return errors.Join(err, m.Release(context.Background()))
	}
	return nil
}

// start finds the token, learns what it can do and logs in.
func (t *Token) start(m *module.Module) error {
	if err := m.Lock(context.Background()); err != nil {
		return err
	}
	defer m.Unlock()
	slot, info, err := t.mode.locate(m, t.config.token())
	if err != nil {
		return err
	}
	// SoftHSM2 lets a token that can't be written be used, and loses it a moment later.
	if err := closed(SoftHSMFiles(m.Path, info.SerialNumber)); err != nil {
		return err
	}
	mechanisms, err := m.Driver.Mechanisms(slot)
	if err != nil {
		return err
	}
	t.dialect = dialect.Of(info.ManufacturerID).On(m.Driver, mechanisms)
	if err = t.mode.suits(t, mechanisms); err != nil {
		return err
	}
	t.facts = factsOf(m, info, mechanisms)
	t.kinds = map[custody.Kind]bool{}
	for _, k := range t.facts.Kinds {
		t.kinds[k] = true
	}
	t.keeper, err = session.Start(m, t.options(info))
	return err
}

// options say how the token is kept logged in.
func (t *Token) options(info pkcs11.TokenInfo) session.Options {
	selected := t.config.token()
	if info.SerialNumber != "" { // labels may come to be shared
		selected = module.Selector{Serial: info.SerialNumber}
	}
	// reloads are rare for a token without which others work: they cost these their handles
	o := session.Options{
		Token: selected, Serial: info.SerialNumber, Dialect: t.dialect,
		Handles: t.config.HandleCache,
		Timeout: t.config.Timeout, Slow: t.config.Generation, RareReloads: t.mode == resident{},
		Enter:   func(l *session.Login, s cryptoki.Session) error { return t.mode.enter(t, l, s) },
		Check:   func(l *session.Login, s cryptoki.Session) error { return t.mode.check(t, l, s) },
		Prepare: t.prepare, Bring: t.bring, CheckUnwrap: t.checkUnwrap,
		Observe: t.config.Observe, Log: t.config.Log,
	}
	o.Sessions, o.Loaders, o.Spare = t.config.sessions(t.dialect, info.MaxRwSessionCount)
	return o
}

// checkUnwrap unwraps what the root wrapped when the token was opened.
func (t *Token) checkUnwrap(l *session.Login, s cryptoki.Session) error {
	if t.sample == nil {
		return nil // the token has no root
	}
	template, err := t.dialect.KeyTemplate(custody.AES256)
	if err != nil {
		return err
	}
	o, err := l.Driver.UnwrapKey(s, t.wrap.By(), l.Root, t.sample, t.dialect.InUse(template))
	if err != nil {
		return err
	}
	return l.Driver.DestroyObject(s, o)
}

// prepare fills in what is known of a key, from its material.
func (t *Token) prepare(ctx context.Context, ref custody.Ref, k *object.Key) error {
	m, err := ref.Load(ctx)
	if err != nil {
		return err
	}
	template, err := t.dialect.KeyTemplate(m.Kind)
	switch {
	case err != nil:
		return err
	case m.ID != ref.ID:
		return fmt.Errorf("hsm: material %q was loaded for %q", m.ID, ref.ID)
	}
	if err := t.mode.admit(t, m, template); err != nil {
		return err
	}
	k.Kind, k.Template, k.Resident = m.Kind, template, m.Mechanism == custody.Resident
	k.SPKI, k.Wrapped = m.Public, m.Wrapped
	if k.Proof, err = t.proofOf(ctx, m); err != nil {
		return err
	}
	if k.Public, err = template.ParsePublic(m.Public); err != nil {
		return fmt.Errorf("hsm: material %s: %w", ref.ID, err)
	}
	return nil
}

// bring brings a prepared key within reach, in a session that owns cached keys.
func (t *Token) bring(l *session.Login, s cryptoki.Session,
	k *object.Key) (cryptoki.Object, error) {
	if k.Resident {
		return l.FindResident(s, k.Template, k.Wrapped)
	}
	return l.Driver.UnwrapKey(s, t.wrap.By(), l.Root, k.Wrapped, t.dialect.InUse(k.Template))
}

// Close ends all use of the token and leaves the module, which is finalised when nobody else uses
// it. It waits for calls in flight, but no longer than the timeout for one that hangs.
func (t *Token) Close() error { return t.keeper.Close() }

// Root returns the identifier of the root key: its CKA_ID, 32 hex digits.
func (t *Token) Root() string { return t.root }

// Supports reports whether the token can make, keep and use keys of a kind. It was decided when the
// token was opened.
func (t *Token) Supports(k custody.Kind) bool { return t.kinds[k] || t.Resident(k) }

// Generate makes a key or key pair on the token and returns it wrapped by the root. The key exists
// unwrapped only on the token; its handle under id is cached, and replaces one that was. An RSA
// pair may take [Config.Generation], and nobody waits for it but those who make others: the party
// of ctx ([admission.Party]) takes turns with the other ones, and is told [custody.ErrBusy] if it
// wants too many at once. The answer to a kind that the token can't make, or doesn't after all, is
// [custody.ErrUnsupported].
func (t *Token) Generate(ctx context.Context, id string,
	k custody.Kind) (m custody.Material, err error) {
	defer t.observe("Generate", time.Now(), &err)
	template, err := t.dialect.KeyTemplate(k)
	if err != nil {
		return m, fault.Of(err)
	}
	if !t.kinds[k] && !dialect.OfService(k) {
		return m, custody.ErrUnsupported
	}
	var public []byte
	generate := func(l *session.Login, _ *object.Key, s cryptoki.Session) (wrapped []byte, err error) {
		wrapped, public, err = l.GenerateWrapped(s, template, t.wrap, l.Root)
		return wrapped, err
	}
	var wrapped []byte
	if template.Slow() {
		wrapped, err = t.inTurn(ctx, generate)
	} else {
		wrapped, err = t.keeper.Use(ctx, nil, generate)
	}
	if err != nil {
		return m, failure.Unsupported(err)
	}
	m = custody.Material{
		ID: id, Kind: k, Root: t.root, Mechanism: t.wrap.Name, Wrapped: wrapped, Public: public,
	}
	t.Forget(id)
	m.Check, err = t.firstCheck(ctx, m)
	return m, err
}

// inTurn is a slow use when it is the turn of ctx's party.
func (t *Token) inTurn(ctx context.Context, use session.Use) ([]byte, error) {
	party := admission.Party(ctx)
	if !t.makers.Wait(ctx, party) {
		if ctx.Err() != nil {
			return nil, failure.Unavailable(context.Cause(ctx))
		}
		return nil, custody.ErrBusy
	}
	defer t.makers.Give(party, 1)
	return t.keeper.UseSlow(ctx, use)
}

// firstCheck makes the check value of a material that was just made. For that it is brought within
// reach before it is handed out: one that can't be unwrapped or found again never reaches a store.
func (t *Token) firstCheck(ctx context.Context, m custody.Material) ([]byte, error) {
	ref := m.Rest()
	proof, err := t.keeper.Use(ctx, &ref, func(l *session.Login, k *object.Key,
		s cryptoki.Session) ([]byte, error) {
		proof, err := l.FirstProof(s, k)
		return proof, ofNew(err)
	})
	if err == nil {
		err = t.known(ctx, ref, proof)
	}
	if err != nil {
		return nil, err
	}
	t.keeper.Prove(m.ID, proof)
	return t.withMAC(ctx, m, proof)
}

// known makes sure that a proof that was just made is the key's: under another one the key could
// never be used.
func (t *Token) known(ctx context.Context, ref custody.Ref, proof []byte) error {
	_, err := t.keeper.Use(ctx, &ref, func(l *session.Login, k *object.Key,
		s cryptoki.Session) ([]byte, error) {
		proven := &object.Key{Object: k.Object}
		proven.Inherit(k)
		proven.Proof = proof
		return nil, ofNew(l.Verify(s, proven))
	})
	return err
}

// ofNew is a failure of a key that was just made, which nobody but the device can be to blame for.
func ofNew(err error) error {
	if failure.Blames(err) {
		return fmt.Errorf("%w: a new key that isn't what it should be: %v", failure.ErrNonsense, err)
	}
	return err
}

// Seal encrypts by AES-GCM (NIST SP 800-38D) and returns IV (12 bytes), ciphertext and tag (16
// bytes). The IV is new for each call and is the device's own where it insists. ref must name an
// AES_256 material.
func (t *Token) Seal(ctx context.Context, ref custody.Ref,
	plaintext, aad []byte) (sealed []byte, err error) {
	defer t.observe("Seal", time.Now(), &err)
	if n := t.dialect.Largest; n > 0 && len(plaintext) > n {
		return nil, fault.Newf(fault.Invalid, "",
			"The value is longer than the %d bytes that the device encrypts at once.", n)
	}
	return t.keeper.Use(ctx, &ref, func(l *session.Login, k *object.Key,
		s cryptoki.Session) ([]byte, error) {
		if err := l.Trust(s, k); err != nil {
			return nil, err
		}
		return l.Encrypt(s, k.Object, plaintext, aad)
	})
}

// Unseal undoes [Token.Seal] with the same material and additional data. Whatever is wrong with
// sealed, the answer is [custody.ErrForged].
func (t *Token) Unseal(ctx context.Context, ref custody.Ref,
	sealed, aad []byte) (plaintext []byte, err error) {
	defer t.observe("Unseal", time.Now(), &err)
	if len(sealed) < cryptoki.IVSize+cryptoki.TagSize {
		return nil, custody.ErrForged
	}
	return t.keeper.Use(ctx, &ref, func(l *session.Login, k *object.Key,
		s cryptoki.Session) ([]byte, error) {
		plaintext, err := l.Driver.Decrypt(s, k.Object, t.dialect.Encryption(aad), sealed)
		return plaintext, failure.Decrypting(err)
	})
}

// Forget drops the cached handle of a material, so that the next use has to load it again. A use in
// progress ends undisturbed.
func (t *Token) Forget(id string) { t.keeper.Forget(id) }

// Ready returns nil while the token can be used, and custody.ErrUnavailable with the reason while
// it can't. A renewal that is going well is no reason: calls wait for it.
func (t *Token) Ready() error { return t.keeper.Ready() }

// observe reports one call when it ends.
func (t *Token) observe(function string, start time.Time, err *error) {
	if t.config.Observe != nil {
		t.config.Observe.Call(function, time.Since(start), *err != nil)
	}
}
