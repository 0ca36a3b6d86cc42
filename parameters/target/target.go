// Package target finds the parameter that an operation is on, says what the caller must be allowed
// for it, and makes the operations that read or change one parameter.
package target

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
	"claviger/policy"
)

// Finder finds parameters.
type Finder struct {
	rows  *parameterrows.Rows
	etags domain.ETags
}

// New returns a Finder in rows.
func New(rows *parameterrows.Rows, etags domain.ETags) *Finder { return &Finder{rows, etags} }

// Target is a parameter that an operation touches, there or not.
type Target struct {
	Asked     parameter.Asked
	Entry     *parameterrows.Entry // nil if there is none
	Unread    error                // why it could not be read
	Operation string
	Says      func(policy.Values) // puts in what the request says to condition keys; or nil
	Absent    error               // what is said where there is none
	Expired   bool                // it is there still, and shows its value to nobody
	call      *op.Call
}

// Action is the IAM action of an operation.
func Action(operation string) string { return parameter.Service + ":" + operation }

// Demands implements [op.Target].
func (t *Target) Demands() []policy.Demand { return []policy.Demand{t.Demand(t.Operation)} }

// Demand returns the demand for an operation's action on the parameter. One of another account is
// there for those alone whom its policy lets in: its tags would decide in policies of their own,
// and so tell them what it is.
func (t *Target) Demand(operation string) policy.Demand {
	absent := t.demandAbsent(operation)
	if t.Entry == nil {
		return absent
	}
	d := Of(t.Entry.Parameter, absent)
	if t.Entry.Account != t.call.Caller.Account && !Admits(t.call, t.Entry.Parameter, d) {
		return absent
	}
	return d
}

// demandAbsent is the demand for an operation's action on what was asked for, as if it weren't
// there.
func (t *Target) demandAbsent(operation string) policy.Demand {
	d := domain.On(Action(operation), t.Asked.ARN(), t.Asked.Account)
	if t.Says != nil {
		d.Values = func() policy.Values {
			v := policy.Values{}
			t.Says(v)
			return v
		}
	}
	return d
}

// Of adds to what is demanded of a parameter what is known of it.
func Of(p *parameter.Parameter, d policy.Demand) policy.Demand {
	d.Resource.Tags = func() (map[string]string, error) { return domain.TagMap(p.Tags), nil }
	if p.Rules != nil {
		d.Resource.Policy = func() (*policy.Document, error) { return p.Rules.Document, nil }
	}
	return d
}

// Admits reports whether a parameter's policy lets the caller have what is demanded, whatever the
// caller's own account says.
func Admits(c *op.Call, p *parameter.Parameter, d policy.Demand) bool {
	if p.Rules == nil {
		return false
	}
	if p.Rules.Err != nil {
		// It was looked at before it was stored, so that somebody has stored it otherwise.
		c.Log().Error("the policy of a parameter can't be read, so that nobody may use the parameter",
			"parameter", p.ARN(), "error", p.Rules.Err)
	}
	return p.Rules.Document.Admits(c.Caller, c.Facts(), d)
}

// Missing implements [op.Target].
func (t *Target) Missing() error {
	switch {
	case t.Unread != nil:
		return t.Unread
	case t.Entry == nil, t.Expired:
		return t.Absent
	}
	return nil
}

// Ready implements [op.Target]: a parameter has no states.
func (t *Target) Ready() error { return nil }

// Find looks for what is asked for. That it can't be read is said only after the policies have let
// the caller pass. No request reaches another Region.
func (s *Finder) Find(c *op.Call, operation string, asked parameter.Asked, in op.Input,
	look parameterrows.LookUp) *Target {
	t := &Target{Asked: asked, Operation: operation, Absent: ssmfault.NotFound, call: c}
	if said, ok := in.(domain.Conditional); ok {
		t.Says = said.Conditions
	}
	if asked.Region == c.Region {
		t.Entry, t.Unread = look(c, asked.Ref)
	}
	if t.Entry != nil && t.Unread == nil && showsValue[operation] {
		t.Expired, t.Unread = t.Entry.Expired(c.Time)
	}
	return t
}

// showsValue names the operations that refuse a parameter that has expired, whether its job has
// come to it or not. The others show how it stands, or change what is there: it can be deleted.
var showsValue = map[string]bool{
	"GetParameter": true, "GetParameters": true, "GetParameterHistory": true,
}

// Named is an input that names one parameter, without a selector or an ARN.
type Named interface {
	op.Input
	ParameterName() string
}

// Tagging is a [Named] input that calls the parameter a resource, and misses it as one.
type Tagging interface{ MissingResource() error }

// named finds the parameter that an input names, its value left out.
func named[I Named](s *Finder, operation string) func(*op.Call, I) (*Target, error) {
	return func(c *op.Call, in I) (*Target, error) {
		asked, err := parameter.ReadName(c, in.ParameterName())
		tagging, ok := op.Input(in).(Tagging)
		switch {
		case err == nil:
			t := s.Find(c, operation, asked, in, s.rows.WithoutValue)
			if ok {
				t.Absent = tagging.MissingResource()
			}
			return t, nil
		case ok:
			return nil, tagging.MissingResource()
		case ssmfault.IsAbsent(err):
			return Nowhere(operation, asked, err), nil
		}
		return nil, err
	}
}

// Nowhere is the target of a name that can't be any parameter's. That it is absent is said only
// after the policies have let the caller pass, as of any other.
func Nowhere(operation string, asked parameter.Asked, absent error) *Target {
	return &Target{Asked: asked, Operation: operation, Absent: absent}
}

// Read makes an operation that reads one parameter of the caller's own, its value left out.
func Read[I Named, O any](s *Finder, n op.Info,
	do func(*op.Call, I, *parameter.Parameter) (O, error)) op.Query[I, O] {
	return op.Read(n, named[I](s, n.Name), func(c *op.Call, in I, t *Target) (O, error) {
		return do(c, in, t.Entry.Parameter)
	})
}

// Change makes an operation that changes one parameter. Its plan returns what shall be different,
// or nil if all is as asked already, and what to answer. The rows are signed here, and committed
// against the revision that was read.
func Change[I Named, O any](s *Finder, n op.Info,
	plan func(*op.Call, I, *parameter.Parameter) (*parameterrows.Change, O, error)) op.Operation {
	return change(s, n, named[I](s, n.Name), func(c *op.Call, in I, t *Target) (
		*parameterrows.Change, O, error) {
		return plan(c, in, t.Entry.Parameter)
	})
}

func change[I op.Input, O any](s *Finder, n op.Info, find func(*op.Call, I) (*Target, error),
	plan func(*op.Call, I, *Target) (*parameterrows.Change, O, error)) op.Operation {
	return op.Write(n, find, func(c *op.Call, in I, t *Target) (op.Commit[O], error) {
		ch, out, err := plan(c, in, t)
		if err != nil {
			return nil, err
		}
		return domain.Planned(c, s.rows.Prepare, ch, out)
	})
}
