package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/resourcepolicy"
	"claviger/secrets/target"
)

// ValidateResourcePolicyInput asks about a policy, for a secret or for whichever.
type ValidateResourcePolicyInput struct {
	SecretId       *string `shape:"SecretIdType"`
	ResourcePolicy string  `shape:"NonEmptyResourcePolicyType,required"`
	op.ByShape
}

// ValidateResourcePolicyOutput: a policy passes if it fails no check. One that can't be read is an
// error and no failure.
type ValidateResourcePolicyOutput struct {
	PolicyValidationPassed bool
	ValidationErrors       []ValidationErrorsEntry
}

// ValidationErrorsEntry is a check that the policy doesn't pass.
type ValidationErrorsEntry = resourcepolicy.Failure

// validation is the secret that a policy is for; without one it is asked on the account.
type validation struct {
	*target.Target
	account domain.Account
}

// Demands implements [op.Target]: only who may give a secret a policy is told about one ("Required
// permissions" of the API reference).
func (v validation) Demands() []policy.Demand {
	if v.Target == nil {
		return v.account.Demands()
	}
	return []policy.Demand{v.Demand(v.Operation), v.Demand("PutResourcePolicy")}
}

// Missing implements [op.Target].
func (v validation) Missing() error {
	if v.Target == nil {
		return nil
	}
	return v.Target.Missing()
}

// Ready implements [op.Target].
func (v validation) Ready() error {
	if v.Target == nil {
		return nil
	}
	return v.Target.Ready()
}

func (s *Secrets) findValidation(c *op.Call,
	in ValidateResourcePolicyInput) (v validation, err error) {
	const operation = "ValidateResourcePolicy"
	if in.SecretId == nil {
		v.account = domain.OnAccount(target.Action(operation), target.Action("PutResourcePolicy"))
		return v, nil
	}
	v.Target, err = s.finder.Find(c, operation, *in.SecretId, in, s.rows.WithoutValue)
	return v, err
}

func (s *Secrets) validateResourcePolicy(c *op.Call, in ValidateResourcePolicyInput,
	v validation) (out ValidateResourcePolicyOutput, err error) {
	p, err := s.readPolicy(c, in.ResourcePolicy)
	if err != nil {
		return out, err
	}
	out.ValidationErrors = p.Failures(v.lockedBy(c, p))
	out.PolicyValidationPassed = len(out.ValidationErrors) == 0
	return out, nil
}

// lockedBy is [locksOut]. Without a secret a policy is looked at for all of them.
func (v validation) lockedBy(c *op.Call, p resourcepolicy.Policy) bool {
	if v.Target != nil {
		return locksOut(c, v.Target, p)
	}
	put := domain.On(target.Action("PutResourcePolicy"), "*", "")
	put.Resource.Policy = func() (*policy.Document, error) { return p.Document, nil }
	return c.Authorize(put) != nil
}
