package parameters

import (
	"cmp"
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/ssmfault"
	"claviger/parameters/target"
	"claviger/policy"
)

// GetParametersInput names up to ten parameters, each as GetParameter has it.
type GetParametersInput struct {
	Names          []string `shape:"ParameterNameList,required"`
	WithDecryption *bool    `shape:"Boolean"`
	op.ByShape
}

// GetParametersOutput has each name either among the parameters, in order of name, or among the
// invalid ones, as it was asked for.
type GetParametersOutput struct {
	Parameters        []Parameter
	InvalidParameters []string
}

// several are the parameters of one request, each of which the caller must be allowed.
type several struct {
	targets []*target.Target
	op.There
}

// Demands implements [op.Target]: one that is denied denies the request.
func (s several) Demands() (all []policy.Demand) {
	for _, t := range s.targets {
		all = append(all, t.Demands()...)
	}
	return all
}

// findSeveral finds what up to ten names name. One that stands twice is one.
func (s *Parameters) findSeveral(c *op.Call, operation string, names []string, in op.Input,
	read func(*op.Call, string) (parameter.Asked, error)) (all several, err error) {
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		asked, err := read(c, name)
		switch {
		case ssmfault.IsInvalid(err):
			all.targets = append(all.targets, target.Nowhere(operation, asked, err))
		case err != nil:
			return all, err
		default:
			all.targets = append(all.targets, s.finder.Find(c, operation, asked, in,
				s.source(asked, s.rows.WithValue)))
		}
	}
	return all, nil
}

func (s *Parameters) findGetSeveral(c *op.Call, in GetParametersInput) (several, error) {
	return s.findSeveral(c, "GetParameters", in.Names, in, parameter.Read)
}

func (s *Parameters) getParameters(c *op.Call, in GetParametersInput,
	all several) (out GetParametersOutput, err error) {
	out.Parameters, out.InvalidParameters = []Parameter{}, []string{}
	for _, t := range all.targets {
		one, err := s.readTarget(c, t, domain.Or(in.WithDecryption, false))
		switch {
		case ssmfault.IsInvalid(err):
			out.InvalidParameters = append(out.InvalidParameters, t.Asked.Text)
		case err != nil:
			return out, err
		default:
			out.Parameters = append(out.Parameters, one)
		}
	}
	slices.SortStableFunc(out.Parameters, func(a, b Parameter) int {
		return cmp.Compare(a.Name, b.Name)
	})
	return out, nil
}

func (s *Parameters) readTarget(c *op.Call, t *target.Target, decrypt bool) (Parameter, error) {
	if err := t.Missing(); err != nil {
		return Parameter{}, err
	}
	return s.read(c, t.Entry, t.Asked, decrypt)
}
