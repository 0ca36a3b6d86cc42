package secrets

import (
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/model"
	"claviger/secrets/resourcepolicy"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// PutResourcePolicyInput gives a secret a policy of up to 20,480 characters, in the place of the
// one that it has.
type PutResourcePolicyInput struct {
	SecretId          string `shape:"SecretIdType,required"`
	ResourcePolicy    string `shape:"NonEmptyResourcePolicyType,required"`
	BlockPublicPolicy *bool  `shape:"BooleanType"` // absent: a policy for everybody is taken
	op.ByShape
}

func (in PutResourcePolicyInput) SecretID() string { return in.SecretId }

// Conditions implements [domain.Conditional].
func (in PutResourcePolicyInput) Conditions(v policy.Values) {
	domain.Set(v, model.BlockPublic, in.BlockPublicPolicy, strconv.FormatBool)
}

func (s *Secrets) putResourcePolicy(c *op.Call, in PutResourcePolicyInput,
	t *target.Target) (*secretrows.Change, target.Output, error) {
	out := target.OutputOf(t.Entry.Secret)
	p, err := s.readPolicy(c, in.ResourcePolicy)
	switch {
	case err != nil:
		return nil, out, err
	case domain.Or(in.BlockPublicPolicy, false) && p.IsPublic():
		return nil, out, resourcepolicy.ErrPublic
	case locksOut(c, t, p):
		return nil, out, resourcepolicy.ErrLockout
	}
	return &secretrows.Change{
		Secret: t.Entry.Next(c, func(n *secret.Secret) { n.Policy = p.Stored }),
	}, out, nil
}

// readPolicy reads the policy of a request.
func (s *Secrets) readPolicy(c *op.Call, text string) (resourcepolicy.Policy, error) {
	p, err := resourcepolicy.Read(c, s.people, text)
	if err != nil {
		return p, err
	}
	if err := s.unknown.Check(c, p.Document); err != nil {
		return p, resourcepolicy.Malformed(err.Error())
	}
	return p, nil
}

// locksOut reports whether the caller could not replace a policy once the secret has it.
func locksOut(c *op.Call, t *target.Target, p resourcepolicy.Policy) bool {
	next := *t.Entry.Secret
	next.Rules = &policy.Rules{Document: p.Document}
	return t.Could(c, "PutResourcePolicy", &next) != nil
}
