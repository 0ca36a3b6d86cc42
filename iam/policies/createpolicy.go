package policies

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type CreatePolicyInput struct {
	PolicyName     string       `shape:"policyNameType,required"`
	Path           *string      `shape:"policyPathType"`
	PolicyDocument string       `shape:"policyDocumentType,required"`
	Description    *string      `shape:"policyDescriptionType"`
	Tags           []entity.Tag `shape:"tagListType"`
}

// Validate implements [op.Input].
func (in CreatePolicyInput) Validate() error { return tags.Check(in.Tags) }

// CreatePolicyOutput shows the policy without its description, as AWS does.
type CreatePolicyOutput struct{ Policy model.Policy }

// mostPolicies may be in an account.
const mostPolicies = 1500

func (s *Policies) findCreate(c *op.Call, in CreatePolicyInput) (policyTarget, error) {
	values := model.TagValues(in.Tags)
	asked := []target.Asked{{Action: "CreatePolicy", Values: values}}
	if len(in.Tags) > 0 {
		asked = append(asked, target.Asked{Action: "TagPolicy", Values: values})
	}
	return s.Kinds.Policies.New(c, domain.Or(in.Path, "/"), in.PolicyName, asked...)
}

func (s *Policies) create(c *op.Call, in CreatePolicyInput, t policyTarget) (
	op.Commit[CreatePolicyOutput], error) {
	if t.Row != nil {
		return nil, model.EntityAlreadyExists(
			"A policy called %s already exists. Duplicate names are not allowed.", in.PolicyName)
	}
	if err := s.CheckManaged(c, in.PolicyDocument); err != nil {
		return nil, err
	}
	n, err := s.Directory.Policies.Count(c.Caller.Account)
	switch {
	case err != nil:
		return nil, err
	case n >= mostPolicies:
		return nil, model.CannotExceed("PoliciesPerAccount", mostPolicies)
	}
	p := entity.NewPolicy(c.Caller.Account, in.PolicyName, domain.Or(in.Path, "/"), c.Time)
	p.Description, p.Tags = domain.Or(in.Description, ""), domain.SortTags(in.Tags)
	p.Default = p.AddVersion(in.PolicyDocument, c.Time).ID
	insert, err := s.Directory.Policies.Insert(c, p)
	if err != nil {
		return nil, err
	}
	out := model.ListedPolicy(p, entity.Uses{})
	if len(p.Tags) > 0 {
		out.Tags = p.Tags
	}
	return op.Apply(insert, CreatePolicyOutput{out}), nil
}
