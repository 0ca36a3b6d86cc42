// Package simulate answers what policies would do: IAM's simulations and the condition keys that
// policies ask for. It decides nothing itself. Each question goes to policy.Explain, which makes
// the decision that a true request would get and says what it rests on.
package simulate

import (
	"context"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/signedtoken"
	"claviger/policy"
)

// Principals are the users, groups and roles of the installation.
type Principals interface {
	// PoliciesOf returns what decides for a user, group or role of an account. The ARN may have
	// another path than the entity, whose name alone counts. If there is none the error is a fault of
	// kind NotFound.
	PoliciesOf(ctx context.Context, account, arn string) (Principal, error)
}

// Principal is a user, group or role with its policies as texts.
type Principal struct {
	// who it is, without documents; of a group only ARN and Account are known
	Caller   policy.Caller
	Policies []NamedPolicy // attached and inline, of a user also those of its groups
	Boundary *NamedPolicy  // nil: none
}

// The types of a [NamedPolicy]. An inline one has the type of whom it is in.
const (
	OfUser      = "user"
	OfGroup     = "group"
	OfRole      = "role"
	AWSManaged  = "aws-managed"
	UserManaged = "user-managed"
)

// NamedPolicy is the text of a policy that is in force, and where it comes from.
type NamedPolicy struct {
	Name  string
	Type  string // OfUser, ...
	Owner string // name of the entity that an inline policy is in
	ARN   string // of a managed policy
	Text  string // as it is stored
}

func (p *NamedPolicy) isInline() bool { return p.ARN == "" }

// id is how answers name the policy.
func (p *NamedPolicy) id() string {
	if p.isInline() {
		return p.Type + "_" + p.Owner + "_" + p.Name
	}
	return p.Name
}

// Simulator performs the operations. [New] makes it.
type Simulator struct {
	principals Principals
	pages      domain.Pager
}

// New returns a simulator over principals, whose page tokens are made by tokens. Without principals
// it answers only what needs none.
func New(principals Principals, tokens *signedtoken.Maker) *Simulator {
	return &Simulator{principals: principals,
		pages: domain.Pager{Tokens: tokens, Invalid: invalid("Invalid marker for pagination.")}}
}

// invalid is IAM's answer to an input that its shapes allow.
func invalid(format string, args ...any) *fault.Error {
	return fault.Newf(fault.Invalid, "InvalidInput", format, args...)
}
