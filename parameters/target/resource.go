package target

import (
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
)

// Resource is an input that names one parameter by its ARN, and calls it a resource.
type Resource interface {
	op.Input
	ParameterARN() string
}

// resource finds the parameter that an input calls a resource, with its newest value: which key has
// sealed that decides whether it may be shared.
func resource[I Resource](s *Finder, operation string) func(*op.Call, I) (*Target, error) {
	return func(c *op.Call, in I) (*Target, error) {
		asked, err := parameter.ReadResource(in.ParameterARN())
		if err != nil {
			return nil, err
		}
		t := s.Find(c, operation, asked, in, s.rows.WithValue)
		t.Absent = ssmfault.NoShared
		return t, nil
	}
}

// ReadResource is [Read] by ARN. No policy of a parameter lets another account do it.
func ReadResource[I Resource, O any](s *Finder, n op.Info,
	do func(*op.Call, I, *parameter.Parameter) (O, error)) op.Query[I, O] {
	return op.Read(n, resource[I](s, n.Name), func(c *op.Call, in I, t *Target) (O, error) {
		return do(c, in, t.Entry.Parameter)
	})
}

// ChangeResource is [Change] by ARN, with what is known of the newest version.
func ChangeResource[I Resource, O any](s *Finder, n op.Info,
	plan func(*op.Call, I, *parameterrows.Entry) (*parameterrows.Change, O, error)) op.Operation {
	return change(s, n, resource[I](s, n.Name), func(c *op.Call, in I, t *Target) (
		*parameterrows.Change, O, error) {
		return plan(c, in, t.Entry)
	})
}
