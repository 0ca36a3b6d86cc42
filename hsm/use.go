package hsm

import (
	"context"
	"errors"
	"fmt"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// undecryptable marks a failure of a decryption, whose blame may be the ciphertext's.
type undecryptable struct{ error }

func (u undecryptable) Unwrap() error { return u.error }

// decrypting marks err as one of a decryption.
func decrypting(err error) error {
	if err == nil {
		return nil
	}
	return undecryptable{err}
}

// rounds bounds how often one use is begun again because the device failed under it. Renewals don't count: under them
// nothing failed, and however many there are, the use has its time.
const rounds = 4

// use does f in a session of the pool, with the handle of ref if there is one, and begins again where a failure
// was the device's and recovery succeeded, for no longer than the timeout. All uses of keys go through it.
func (t *Token) use(ctx context.Context, ref *custody.Ref, f func(*epoch, *handle, cryptoki.Session) ([]byte, error)) ([]byte, error) {
	return t.useIn(ctx, func(e *epoch) *lane { return e.pool }, ref, f)
}

// useIn is use in a session of another lane, whose timeout it keeps.
func (t *Token) useIn(ctx context.Context, of func(*epoch) *lane, ref *custody.Ref, f func(*epoch, *handle, cryptoki.Session) ([]byte, error)) ([]byte, error) {
	bounded := false
	for round := 1; ; {
		e, err := t.live(ctx)
		if err != nil {
			return nil, err
		}
		out, loading, err := t.attempt(ctx, e, of(e), ref, f)
		if err == nil {
			return out, nil
		}
		if again, err := t.ponder(ctx, e, err, loading, round); !again {
			return nil, err
		}
		if !errors.Is(err, errRenewed) {
			round++
		}
		if !bounded {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeoutCause(ctx, of(e).timeout, errTimeout)
			defer cancel()
			bounded = true
		}
	}
}

// attempt is one attempt. It reports whether it failed before the key was on the token.
func (t *Token) attempt(ctx context.Context, e *epoch, in *lane, ref *custody.Ref, f func(*epoch, *handle, cryptoki.Session) ([]byte, error)) (out []byte, loading bool, err error) {
	if ref == nil {
		out, err = in.run(ctx, nil, func(s cryptoki.Session) ([]byte, error) { return f(e, nil, s) })
		return out, false, err
	}
	h, err := e.handles.get(ctx, *ref, t.config.Observe, func(h *handle) error { return e.load(ctx, *ref, h) })
	if err != nil {
		return nil, true, err
	}
	out, err = in.run(ctx, h, func(s cryptoki.Session) ([]byte, error) { return f(e, h, s) })
	if err != nil && (judge(err) == onHandle || errors.Is(err, errUntrusted)) {
		e.handles.forget(h)
	}
	return out, false, err
}

// ponder decides what a failure means: begin again, or tell the caller.
func (t *Token) ponder(ctx context.Context, e *epoch, err error, loading bool, round int) (again bool, _ error) {
	// The order matters: what is certainly not the device's comes first, then what only time can help, and the canary
	// is asked last.
	if f := (*fault.Error)(nil); errors.As(err, &f) {
		return false, err // a fault of Load's, or a panic: not the device's
	}
	if errors.Is(err, errTimeout) || ctx.Err() != nil {
		t.suspect(e)
		return false, unavailable(err)
	}
	var p11 *cryptoki.Error
	switch {
	case errors.Is(err, errRenewed):
		return true, nil
	case errors.Is(err, errWrongKey), !errors.As(err, &p11) && !errors.Is(err, errAbsent):
		return false, fault.Of(err)
	}
	blamed := judge(err)
	if blamed == onInput {
		return false, t.refuse(err, loading)
	}
	if (blamed == onHandle || blamed == onSession) && round == 1 {
		return true, nil
	}
	// The failure came before the canary is asked, so a token that was lost in between is found to be lost: a good
	// ciphertext is never called forged because of it.
	healthy, down := t.examine(ctx)
	switch {
	case down != nil:
		return false, down
	case healthy == e && blamed == onUnknown:
		return false, t.refuse(err, loading)
	case healthy == e && blamed == onAbsence:
		return false, unavailable(err) // somebody removed it, and may put it back from a backup
	}
	return round < rounds, unavailable(err)
}

// refuse is the answer when the input was to blame: a ciphertext is forged, and anything else is a defect of ours.
func (t *Token) refuse(err error, loading bool) error {
	if errors.As(err, new(undecryptable)) {
		return custody.ErrForged.Because(err)
	}
	if errors.As(err, new(unsuitable)) {
		return custody.ErrUnfit.Because(err)
	}
	if loading {
		err = fmt.Errorf("hsm: the wrapped material is not what the root wrapped: %w", err)
	}
	return fault.Of(err)
}

// trust makes sure, once for each time a key is unwrapped, that it is the key it should be. Without that a wrong
// one would encrypt what can't be decrypted again; decryption shows it by itself.
func (e *epoch) trust(s cryptoki.Session, h *handle) error {
	if h.verified.Load() {
		return nil
	}
	if err := e.verify(s, h); err != nil {
		return fmt.Errorf("%w: %w", errUntrusted, err)
	}
	h.verified.Store(true)
	return nil
}
