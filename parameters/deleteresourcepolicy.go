package parameters

import (
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
)

// DeleteResourcePolicyInput ends the sharing of a parameter.
type DeleteResourcePolicyInput struct {
	ResourceArn  string  `shape:"ResourceArnString,required"` // of the parameter
	PolicyId     string  `shape:"PolicyId,required"`
	PolicyHash   string  `shape:"PolicyHash,required"`
	DeletionMode *string `shape:"DeletionMode"` // is about documents, and says nothing of parameters
	op.ByShape
}

// ParameterARN implements [target.Resource].
func (in DeleteResourcePolicyInput) ParameterARN() string { return in.ResourceArn }

func (s *Parameters) deleteResourcePolicy(_ *op.Call, in DeleteResourcePolicyInput,
	e *parameterrows.Entry) (*parameterrows.Change, op.None, error) {
	if !e.Sharing.There() {
		return nil, op.None{}, ssmfault.NoPolicy
	}
	if err := e.Sharing.Check(in.PolicyId, in.PolicyHash); err != nil {
		return nil, op.None{}, err
	}
	return reshared(e.Parameter, parameter.Sharing{}), op.None{}, nil
}
