package policies

import (
	"slices"

	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type CreatePolicyVersionInput struct {
	PolicyArn      string `shape:"arnType,required"`
	PolicyDocument string `shape:"policyDocumentType,required"`
	SetAsDefault   *bool  `shape:"booleanType"`
	op.ByShape
}

// CreatePolicyVersionOutput shows the version without its document, as AWS does.
type CreatePolicyVersionOutput struct{ PolicyVersion model.PolicyVersion }

// mostVersions may be of one policy.
const mostVersions = 5

func (s *Policies) findCreateVersion(c *op.Call, in CreatePolicyVersionInput) (
	policyTarget, error) {
	return s.findToChange(c, "CreatePolicyVersion", in.PolicyArn, nil)
}

func (s *Policies) createVersion(c *op.Call, in CreatePolicyVersionInput, t policyTarget) (
	op.Commit[CreatePolicyVersionOutput], error) {
	if err := s.CheckManaged(c, in.PolicyDocument); err != nil {
		return nil, err
	}
	if len(t.Row.Versions) >= mostVersions {
		return nil, model.LimitExceeded("A managed policy can have up to %d versions. Before you "+
			"create a new version, you must delete an existing version.", mostVersions)
	}
	to := *t.Row
	to.Versions = slices.Clone(to.Versions)
	v := to.AddVersion(in.PolicyDocument, c.Time)
	if domain.Or(in.SetAsDefault, false) {
		to.Default = v.ID
	}
	change, err := s.Directory.Policies.Update(c, t.Row, &to)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, CreatePolicyVersionOutput{model.ListedVersion(&to, v)}), nil
}
