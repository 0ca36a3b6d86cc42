package session

import (
	"context"
	"errors"
	"fmt"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// rounds bounds how often one use is begun again because the device failed under it. Renewals don't
// count: under them nothing failed, and however many there are, the use has its time.
const rounds = 4

// Use is what is done with a key, or nil for none, in a session. It must be safe to
// repeat from its beginning.
type Use func(*Login, *object.Key, cryptoki.Session) ([]byte, error)

// Use does f in a session, with the handle of ref if there is one, and begins again where a failure
// was the device's and recovery succeeded, for no longer than the timeout. All uses of keys go
// through it.
func (k *Keeper) Use(ctx context.Context, ref *custody.Ref, f Use) ([]byte, error) {
	return k.useIn(ctx, func(l *Login) *pool { return l.keys }, ref, f)
}

// UseSlow is Use for what takes the device seconds, such as making an RSA key pair. It has sessions
// and a timeout of its own: nobody waits for it but its caller.
func (k *Keeper) UseSlow(ctx context.Context, f Use) ([]byte, error) {
	return k.useIn(ctx, func(l *Login) *pool { return l.slow }, nil, f)
}

// useIn is Use in a session of a pool, whose timeout it keeps.
func (k *Keeper) useIn(ctx context.Context, in func(*Login) *pool, ref *custody.Ref,
	f Use) ([]byte, error) {
	bounded := false
	for round := 1; ; {
		l, err := k.live(ctx)
		if err != nil {
			return nil, err
		}
		out, loading, err := k.attempt(ctx, l, in(l), ref, f)
		if err == nil {
			return out, nil
		}
		if again, err := k.decide(ctx, l, err, loading, round); !again {
			return nil, err
		}
		if !errors.Is(err, failure.ErrRenewed) {
			round++
		}
		if !bounded {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeoutCause(ctx, in(l).timeout, failure.ErrTimeout)
			defer cancel()
			bounded = true
		}
	}
}

// attempt is one attempt. It reports whether it failed before the key was on the token.
func (k *Keeper) attempt(ctx context.Context, l *Login, in *pool, ref *custody.Ref, f Use,
) (out []byte, loading bool, err error) {
	if ref == nil {
		out, err = in.run(ctx, nil, func(s cryptoki.Session) ([]byte, error) {
			return f(l, nil, s)
		})
		return out, false, err
	}
	h, err := l.handles.get(ctx, *ref, k.options.Observe, func(h *handle) error {
		return k.options.Load(ctx, l, *ref, &h.Key)
	})
	if err != nil {
		return nil, true, err
	}
	out, err = in.run(ctx, h, func(s cryptoki.Session) ([]byte, error) { return f(l, &h.Key, s) })
	if err != nil && (failure.Judge(err) == failure.OnHandle || errors.Is(err, failure.ErrUntrusted)) {
		l.handles.forget(h)
	}
	return out, false, err
}

// decide decides what a failure means: begin again, or tell the caller.
func (k *Keeper) decide(ctx context.Context, l *Login, err error, loading bool,
	round int) (again bool, _ error) {
	// The order matters: what is certainly not the device's comes first, then what only time can
	// help, and the canary is asked last.
	if f := (*fault.Error)(nil); errors.As(err, &f) {
		return false, err // a fault of Load's, or a panic: not the device's
	}
	if errors.Is(err, failure.ErrTimeout) || ctx.Err() != nil {
		k.suspect(l)
		return false, failure.Unavailable(err)
	}
	var p11 *cryptoki.Error
	switch {
	case errors.Is(err, failure.ErrRenewed):
		return true, nil
	case errors.Is(err, failure.ErrWrongKey),
		!errors.As(err, &p11) && !errors.Is(err, failure.ErrAbsent):
		return false, fault.Of(err)
	}
	blamed := failure.Judge(err)
	if blamed == failure.OnInput {
		return false, k.refuse(err, loading)
	}
	if (blamed == failure.OnHandle || blamed == failure.OnSession) && round == 1 {
		return true, nil
	}
	// The failure came before the canary is asked, so a token that was lost in between is found to
	// be lost: a good ciphertext is never called forged because of it.
	healthy, down := k.awaitCheck(ctx)
	switch {
	case down != nil:
		return false, down
	case healthy == l && blamed == failure.OnUnknown:
		return false, k.refuse(err, loading)
	case healthy == l && blamed == failure.OnAbsence:
		// somebody removed it, and may put it back from a backup
		return false, failure.Unavailable(err)
	}
	return round < rounds, failure.Unavailable(err)
}

// refuse is the answer when the input was to blame: a ciphertext is forged, and anything else is a
// defect of ours.
func (k *Keeper) refuse(err error, loading bool) error {
	if errors.As(err, new(failure.Undecryptable)) {
		return custody.ErrForged.Because(err)
	}
	if errors.As(err, new(failure.Unfit)) {
		return custody.ErrUnfit.Because(err)
	}
	if loading {
		err = fmt.Errorf("hsm: the wrapped material is not what the root wrapped: %w", err)
	}
	return fault.Of(err)
}
