package parameters

import (
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
)

// UnlabelParameterVersionInput takes up to ten labels from a version.
type UnlabelParameterVersionInput struct {
	Name             string   `shape:"PSParameterName,required"`
	ParameterVersion int64    `shape:"PSParameterVersion,required"`
	Labels           []string `shape:"ParameterLabelList,required"`
	op.ByShape
}

// ParameterName implements [target.Named].
func (in UnlabelParameterVersionInput) ParameterName() string { return in.Name }

// UnlabelParameterVersionOutput has each label either among the removed or among the invalid ones,
// which the version hasn't.
type UnlabelParameterVersionOutput struct{ RemovedLabels, InvalidLabels []string }

func (s *Parameters) unlabelParameterVersion(_ *op.Call, in UnlabelParameterVersionInput,
	p *parameter.Parameter) (*parameterrows.Change, UnlabelParameterVersionOutput, error) {
	var out UnlabelParameterVersionOutput
	if err := hasVersion(p, in.Name, in.ParameterVersion); err != nil {
		return nil, out, err
	}
	labels, removed, absent := p.Labels.Detach(in.ParameterVersion, in.Labels)
	out.RemovedLabels, out.InvalidLabels = removed, absent
	if len(removed) == 0 {
		return nil, out, nil
	}
	return relabelled(p, labels), out, nil
}
