package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
	"claviger/internal/admission"
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
// was the device's and recovery succeeded, for no longer than the timeout. A request that uses
// several keys has the timeout once for all its long waits. All uses of keys go through it.
func (k *Keeper) Use(ctx context.Context, ref *custody.Ref, f Use) ([]byte, error) {
	whole, began := k.options.Timeout, time.Now()
	bounded := ctx
	if left := admission.Patience(ctx, whole); left < whole {
		var cancel context.CancelFunc
		bounded, cancel = context.WithDeadlineCause(ctx, began.Add(left), failure.ErrTimeout)
		defer cancel()
	}
	out, err := k.useIn(bounded, whole, func(l *Login) *pool { return l.keys }, ref, f)
	admission.Waited(ctx, whole, time.Since(began))
	return out, err
}

// UseSlow is Use for what takes the device seconds, such as making an RSA key pair. It has sessions
// and a timeout of its own: nobody waits for it but its caller.
func (k *Keeper) UseSlow(ctx context.Context, f Use) ([]byte, error) {
	return k.useIn(ctx, k.options.Slow, func(l *Login) *pool { return l.slow }, nil, f)
}

// useIn is Use in a session of a pool, whose timeout it keeps.
func (k *Keeper) useIn(ctx context.Context, timeout time.Duration, in func(*Login) *pool,
	ref *custody.Ref, f Use) ([]byte, error) {
	// What is in time at the first attempt needs no context of its own.
	end, bounded, again := time.Now().Add(timeout), false, false
	for round := 1; ; {
		if !bounded && (again || k.current.Load() == nil) {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadlineCause(ctx, end, failure.ErrTimeout)
			defer cancel()
			bounded = true
		}
		l, err := k.live(ctx)
		if err != nil {
			return nil, err
		}
		out, loading, err := k.attempt(ctx, l, in(l), ref, f)
		if err == nil {
			return out, nil
		}
		var told error
		if again, told = k.decide(ctx, l, err, loading, round); !again {
			return nil, told
		}
		if !errors.Is(err, failure.ErrRenewed) {
			round++
		}
	}
}

// attempt is one attempt. It reports whether it failed before the key was on the token.
func (k *Keeper) attempt(ctx context.Context, l *Login, in *pool, ref *custody.Ref, f Use,
) (out []byte, loading bool, err error) {
	if ref == nil {
		out, err = l.ask(ctx, in, nil, func(s cryptoki.Session) ([]byte, error) {
			return f(l, nil, s)
		})
		return out, false, err
	}
	h, err := l.handles.get(ctx, *ref, in.timeout, k.options.Observe, k.options.Prepare)
	if err != nil {
		return nil, true, err
	}
	out, err = l.ask(ctx, in, h, func(s cryptoki.Session) ([]byte, error) {
		out, err := f(l, &h.Key, s)
		if failure.Blames(err) {
			err = l.compare(s, &h.Key, err)
		}
		return out, err
	})
	if err != nil && (failure.Judge(err) == failure.OnHandle || errors.Is(err, failure.ErrUntrusted)) {
		l.handles.forget(h)
	}
	return out, false, err
}

// compare makes sure that the key by which something was refused is the one it should be. A key
// that only decrypts is not compared before: what it opens shows that it is.
func (l *Login) compare(s cryptoki.Session, k *object.Key, refused error) error {
	if errors.Is(refused, failure.ErrUntrusted) || len(k.Proof) == 0 {
		return refused
	}
	if err := l.Verify(s, k); err != nil {
		return fmt.Errorf("%w: %w", failure.ErrUntrusted, err)
	}
	return refused
}

// ask has f done in a session of a pool. One use of the handle is taken from the caller. That what
// was passed in is to blame counts only if the token is well in that session, and if another
// session says so too.
func (l *Login) ask(ctx context.Context, p *pool, using *handle, f work) ([]byte, error) {
	using.retain() // for the second time
	var first cryptoki.Session
	out, by, err := p.run(ctx, using, 0, l.examined(func(s cryptoki.Session) ([]byte, error) {
		first = s
		return f(s)
	}))
	if !failure.Blames(err) {
		using.release()
		return out, err
	}
	out, other, err := p.run(ctx, using, first, l.examined(f))
	if err == nil && other != by { // one that is the same left that session for another
		by.condemned.Store(true) // it was wrong
	}
	return out, err
}

// examined is f, and a look at the session if the input is blamed in it.
func (l *Login) examined(f work) work {
	return func(s cryptoki.Session) ([]byte, error) {
		out, err := f(s)
		if !failure.Blames(err) {
			return out, err
		}
		sick := l.checkSession(s)
		if check := l.keeper.options.CheckUnwrap; sick == nil && check != nil && failure.OfUnwrap(err) {
			sick = check(l, s)
		}
		if sick != nil {
			return nil, fmt.Errorf("%w: %v", failure.ErrSick, sick)
		}
		return nil, err
	}
}

// decide decides what a failure means: begin again, or tell the caller.
func (k *Keeper) decide(ctx context.Context, l *Login, err error, loading bool,
	round int) (again bool, _ error) {
	// The order matters: what is certainly not the device's comes first, then what only time can
	// help, and the canary is asked last.
	if f := (*fault.Error)(nil); errors.As(err, &f) {
		return false, err // a fault of the material's, or a panic: not the device's
	}
	if errors.Is(err, failure.ErrTimeout) || ctx.Err() != nil {
		return false, failure.Unavailable(err)
	}
	blamed := failure.Judge(err)
	switch {
	case blamed == failure.OnRenewal:
		return true, nil
	case round == 1 && errors.Is(err, failure.ErrUntrusted):
		return true, nil // it may have been unwrapped wrongly
	case failure.Blames(err):
		return false, k.refuse(err, loading)
	case blamed == failure.OnUs:
		return false, fault.Of(err)
	case round == 1 && blamed != failure.OnLogin && blamed != failure.OnDevice &&
		blamed != failure.OnPIN && blamed != failure.OnAbsence:
		return true, nil
	}
	// The failure came before the canary is asked, so a token that was lost in between is found to
	// be lost.
	healthy, down := k.awaitCheck(ctx)
	switch {
	case down != nil:
		return false, down
	case healthy == l && (blamed == failure.OnUnknown || blamed == failure.OnAbsence):
		// a function doesn't work, or somebody removed a key and may put it back from a backup
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
