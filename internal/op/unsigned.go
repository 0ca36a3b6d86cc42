package op

import (
	"errors"

	"claviger/internal/admission"
	"claviger/internal/fault"
	"claviger/policy"
)

// unsigned is an operation whose requests nobody signs.
type unsigned[I Input, P any, T Target, O any] struct {
	operation[I, T, O] // without find
	identify           func(*Call, I) (policy.Caller, P, error)
	find               func(*Call, I, P) (T, error)
}

// Unsigned makes an operation that changes nothing and whose requests nobody signs: what is in them
// proves who asks. identify returns that caller, and the proof for find. Until then the request is
// a stranger's, and its failures are. It is reached if its service says that it has such
// operations: see [Service]. A request that is signed all the same has its signer in the call, and
// identify may go by that.
func Unsigned[I Input, P any, T Target, O any](n Info,
	identify func(*Call, I) (policy.Caller, P, error), find func(*Call, I, P) (T, error),
	do func(*Call, I, T) (O, error)) Operation {
	n.ReadOnly, n.Unsigned = true, true
	return &unsigned[I, P, T, O]{*build(n, nil, reading(do)), identify, find}
}

// UnsignedWrite is [Unsigned] for an operation that changes something: a link in a message is
// followed by whoever has it.
func UnsignedWrite[I Input, P any, T Target, O any](n Info,
	identify func(*Call, I) (policy.Caller, P, error), find func(*Call, I, P) (T, error),
	plan func(*Call, I, T) (Commit[O], error)) Operation {
	n.Unsigned = true
	return &unsigned[I, P, T, O]{*build(n, nil, planning(n.Name, plan)), identify, find}
}

// serve implements [Operation]. From identify on it is the road of all operations.
func (u *unsigned[I, P, T, O]) serve(c *Call, q *Request) (any, error) {
	var in I
	var proof P
	signed := c.Caller.Type != ""
	err := safely(func() (err error) {
		if err = q.Decode(&in); err != nil {
			return err
		}
		c.present = q.Present
		if err = u.plan.Validate(in, c.present); err != nil {
			return err
		}
		if err = in.Validate(); err != nil {
			return err
		}
		who, proven, err := u.identify(c, in)
		if err != nil {
			return err
		}
		c.Caller, proof = who, proven
		return nil
	})
	if err != nil && signed {
		return nil, c.run.refused(c, &u.info, err) // by whomever: it is a known caller's
	}
	if err != nil {
		return nil, &stranger{c.run.unknown(c, u.info.Service, err)}
	}
	if !signed {
		if err := c.known(q); err != nil {
			return nil, &stranger{err}
		}
	}
	found := u.operation
	found.find = func(c *Call, in I) (T, error) { return u.find(c, in, proof) }
	out, err := found.whole(c, in)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// stranger is the failure of a request before it was known whose it is, or that it has a place. It
// was counted as that, and is no operation's.
type stranger struct{ error }

func (s *stranger) Unwrap() error { return s.error }

// known takes a place for the caller's request.
func (c *Call) known(q *Request) error {
	c.Context = admission.WithParty(c.Context, party(c.Caller))
	if q.Known == nil {
		return nil
	}
	return q.Known(c.Context)
}

// Pause is called before something is waited for that is not this service's: others are looked at
// meanwhile.
func (c *Call) Pause() {
	if c.pause != nil {
		c.pause()
	}
}

// unsignedOperation returns the operation that a request without a signature asks for, if it is one
// of those that need none. Its body is read for that.
func (r *Runner) unsignedOperation(s *Service, q *Request, err error) (o Operation, failed error) {
	f := fault.Of(err)
	if !s.Unsigned || f.Code != "MissingAuthenticationTokenException" {
		return nil, err
	}
	if _, err := q.Read(); err != nil {
		return nil, err
	}
	failed = safely(func() (err error) {
		o, _, err = q.Name()
		return err
	})
	if failed != nil || !o.Info().Unsigned {
		return nil, err // what it is doesn't matter to who has not signed
	}
	return o, nil
}

// serveUnsigned takes a request that nobody signed down the road.
func (r *Runner) serveUnsigned(c *Call, o Operation, q *Request) (any, error) {
	info := o.Info()
	c.Caller = policy.Caller{}
	out, err := o.serve(c, q)
	var s *stranger
	if errors.As(err, &s) {
		return nil, fault.Of(s.error)
	}
	r.ended(c, &info, err)
	if err != nil {
		return nil, fault.Of(err)
	}
	return out, nil
}
