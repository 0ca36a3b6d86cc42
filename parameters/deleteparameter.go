package parameters

import (
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
)

// DeleteParameterInput names a parameter by its name alone.
type DeleteParameterInput struct {
	Name string `shape:"PSParameterName,required"`
	op.ByShape
}

// ParameterName implements [target.Named].
func (in DeleteParameterInput) ParameterName() string { return in.Name }

// deleteParameter deletes a parameter with all its versions, labels and tags. There is no way back.
func (s *Parameters) deleteParameter(_ *op.Call, _ DeleteParameterInput,
	p *parameter.Parameter) (*parameterrows.Change, op.None, error) {
	return &parameterrows.Change{Before: p}, op.None{}, nil
}
