package parameters

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
)

// DeleteParametersInput names up to ten parameters by their names alone.
type DeleteParametersInput struct {
	Names []string `shape:"ParameterNameList,required"`
	op.ByShape
}

// DeleteParametersOutput has each name either among the deleted or among the invalid ones.
type DeleteParametersOutput struct{ DeletedParameters, InvalidParameters []string }

func (s *Parameters) findDeleteSeveral(c *op.Call, in DeleteParametersInput) (several, error) {
	return s.findSeveral(c, "DeleteParameters", in.Names, in, parameter.ReadName)
}

// deleteParameters deletes all of them in one commit or, if one has changed meanwhile, looks again.
func (s *Parameters) deleteParameters(c *op.Call, _ DeleteParametersInput,
	all several) (op.Commit[DeleteParametersOutput], error) {
	out := DeleteParametersOutput{DeletedParameters: []string{}, InvalidParameters: []string{}}
	gone := map[parameter.Ref]bool{}
	var changes []domain.Change
	for _, t := range all.targets {
		err := t.Missing()
		switch {
		case ssmfault.IsAbsent(err), err == nil && gone[t.Asked.Ref]:
			out.InvalidParameters = append(out.InvalidParameters, t.Asked.Text)
			continue
		case err != nil:
			return nil, err
		}
		gone[t.Asked.Ref] = true
		change, err := s.rows.Prepare(c, &parameterrows.Change{Before: t.Entry.Parameter})
		if err != nil {
			return nil, err
		}
		out.DeletedParameters = append(out.DeletedParameters, t.Asked.Text)
		changes = append(changes, change)
	}
	return op.Apply(domain.InOrder(changes...), out), nil
}
