package parameters

import (
	"errors"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/sharing"
	"claviger/parameters/ssmfault"

	"github.com/google/uuid"
)

// PutResourcePolicyInput shares a parameter of the advanced tier by a policy of up to 1,024 bytes.
// The one that there is makes way for it only if both its id and its hash are given.
type PutResourcePolicyInput struct {
	ResourceArn string  `shape:"ResourceArnString,required"` // of the parameter
	Policy      string  `shape:"Policy,required"`
	PolicyId    *string `shape:"PolicyId"`   // absent or empty: there is none yet
	PolicyHash  *string `shape:"PolicyHash"` // likewise
	op.ByShape
}

// ParameterARN implements [target.Resource].
func (in PutResourcePolicyInput) ParameterARN() string { return in.ResourceArn }

// PutResourcePolicyOutput is by what the next change has to know the policy.
type PutResourcePolicyOutput struct{ PolicyId, PolicyHash string }

func (s *Parameters) putResourcePolicy(c *op.Call, in PutResourcePolicyInput,
	e *parameterrows.Entry) (ch *parameterrows.Change, out PutResourcePolicyOutput, err error) {
	if err := s.mayBeShared(c, e); err != nil {
		return nil, out, err
	}
	stored, err := s.readPolicy(c, in.Policy, e.ARN())
	if err != nil {
		return nil, out, err
	}
	err = e.Sharing.Check(domain.Or(in.PolicyId, ""), domain.Or(in.PolicyHash, ""))
	if err != nil {
		return nil, out, err
	}
	next := parameter.Sharing{PolicyID: e.Sharing.PolicyID, Policy: stored}
	if next.PolicyID == "" {
		next.PolicyID = uuid.NewString()
	}
	out = PutResourcePolicyOutput{PolicyId: next.PolicyID, PolicyHash: next.Hash()}
	if next == e.Sharing {
		return nil, out, nil
	}
	return reshared(e.Parameter, next), out, nil
}

// mayBeShared holds a parameter to what AWS asks of those that are shared.
func (s *Parameters) mayBeShared(c *op.Call, e *parameterrows.Entry) error {
	if e.Tier != parameter.Advanced {
		return ssmfault.NotAdvanced
	}
	managed, err := s.sealer.Managed(c, e.Newest)
	if err != nil {
		return err
	}
	if managed {
		return ssmfault.NoCustomerKey
	}
	return nil
}

// readPolicy returns a policy of a request as it is stored.
func (s *Parameters) readPolicy(c *op.Call, text, arn string) (stored string, err error) {
	if len(text) > sharing.Most {
		return "", ssmfault.PolicySize(sharing.Most)
	}
	d, err := sharing.Parse(text, arn)
	if err != nil {
		return "", ssmfault.BadPolicy(err)
	}
	if err := s.unknown.Check(c, d); err != nil {
		return "", ssmfault.BadPolicy(err)
	}
	stored, err = domain.StoredPolicy(c, s.people, text)
	if errors.Is(err, domain.ErrNobody) {
		return "", ssmfault.BadPolicy(sharing.ErrPrincipal)
	}
	return stored, err
}

// reshared gives a parameter another resource policy, or takes it away. Its dates stay.
func reshared(p *parameter.Parameter, by parameter.Sharing) *parameterrows.Change {
	return &parameterrows.Change{Before: p,
		After: p.Next(func(n *parameter.Parameter) { n.Sharing = by })}
}
