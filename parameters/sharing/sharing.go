// Package sharing is what Parameter Store asks of a parameter's resource policy before it is
// attached. It is about the text alone and knows no parameter.
package sharing

import (
	"errors"
	"slices"
	"strings"

	"claviger/policy"
)

// What is wrong with a policy. Nothing is recorded of what AWS says of them.
const (
	ErrSyntax    policy.Malformed = "The resource policy is not a policy document."
	ErrPrincipal policy.Malformed = "Each statement of a parameter's resource policy names " +
		"accounts, users or roles that there are."
	ErrAction policy.Malformed = "A parameter's resource policy is about ssm:DescribeParameters, " +
		"ssm:GetParameter, ssm:GetParameterHistory and ssm:GetParameters alone, by their whole names."
	ErrResource policy.Malformed = "The Resource of a parameter's resource policy is the " +
		`parameter's own ARN or "*".`
)

// Most is how many bytes the resource policy of a parameter has at most
// (ResourcePolicyLimitExceededException of the API reference).
const Most = 1024

// actions are what other accounts may do with a parameter, in small letters: what AWS's managed
// permissions of Resource Access Manager have for it ("Working with shared parameters" of the user
// guide of Systems Manager).
var actions = []string{"ssm:describeparameters", "ssm:getparameter", "ssm:getparameterhistory",
	"ssm:getparameters"}

// Parse reads the resource policy of the parameter with an ARN. It can open nothing but reading to
// others, however it is written: a pattern of actions would take in those that change. That its
// principals exist is for the caller to find out.
func Parse(text, arn string) (*policy.Document, error) {
	d, err := policy.ParseResource(text)
	switch {
	case errors.Is(err, policy.ErrPrincipal), errors.Is(err, policy.ErrPrincipalARN),
		errors.Is(err, policy.ErrNoPrincipal):
		return nil, ErrPrincipal
	case err != nil:
		return nil, ErrSyntax
	}
	for i := range d.Statements {
		if err := check(&d.Statements[i], arn); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func check(s *policy.Statement, arn string) error {
	switch {
	case s.Principal == nil && s.NotPrincipal == nil, !arePeople(s.Principal),
		!arePeople(s.NotPrincipal):
		return ErrPrincipal
	case len(s.Action) == 0, slices.ContainsFunc(s.Action, func(action string) bool {
		return !slices.Contains(actions, strings.ToLower(action))
	}):
		return ErrAction
	case len(s.Resource) == 0, slices.ContainsFunc(s.Resource, func(at string) bool {
		return at != "*" && at != arn
	}):
		return ErrResource
	}
	return nil
}

// arePeople reports whether the element names nobody but accounts, users and roles, or isn't there.
func arePeople(p *policy.Principals) bool {
	return p == nil || len(p.Service)+len(p.Federated) == 0
}
