package policy

import (
	"slices"
	"strings"
)

// Resource policies of parameters. Nothing is recorded of what AWS says of them.
const (
	ErrParameterSyntax    Malformed = "The resource policy is not a policy document."
	ErrParameterPrincipal Malformed = "Each statement of a parameter's resource policy names " +
		"accounts, users or roles that there are."
	ErrParameterAction Malformed = "A parameter's resource policy is about ssm:DescribeParameters, " +
		"ssm:GetParameter, ssm:GetParameterHistory and ssm:GetParameters alone, by their whole names."
	ErrParameterResource Malformed = "The Resource of a parameter's resource policy is the " +
		`parameter's own ARN or "*".`
)

// ParameterLimit is how many bytes the resource policy of a parameter has at most
// (ResourcePolicyLimitExceededException of the API reference).
const ParameterLimit = 1024

// sharedActions are what other accounts may do with a parameter, in small letters: what AWS's
// managed permissions of Resource Access Manager have for it ("Working with shared parameters" of
// the user guide of Systems Manager).
var sharedActions = []string{"ssm:describeparameters", "ssm:getparameter",
	"ssm:getparameterhistory", "ssm:getparameters"}

// ParseParameter reads the resource policy of the parameter with an ARN. It can open nothing but
// reading to others, however it is written: a pattern of actions would take in those that change.
// That its principals exist is for the caller to find out.
func ParseParameter(text, arn string) (*Document, error) {
	raw, err := decode(text)
	if err != nil || !isPrintable(text) {
		return nil, ErrParameterSyntax
	}
	for _, s := range raw.Statement {
		if err := s.checkShared(arn); err != nil {
			return nil, err
		}
	}
	d, err := raw.document(false)
	if err != nil || raw.checkLegacy() != nil {
		return nil, ErrParameterSyntax
	}
	return d, nil
}

func (r *rawStatement) checkShared(arn string) error {
	for _, p := range []*Principals{r.Principal, r.NotPrincipal} {
		if !p.isShared() {
			return ErrParameterPrincipal
		}
	}
	if r.Principal == nil && r.NotPrincipal == nil {
		return ErrParameterPrincipal
	}
	if len(r.Action) == 0 || r.NotAction != nil || slices.ContainsFunc(r.Action, func(a word) bool {
		return !slices.Contains(sharedActions, strings.ToLower(string(a)))
	}) {
		return ErrParameterAction
	}
	if len(r.Resource) == 0 || r.NotResource != nil || slices.ContainsFunc(r.Resource,
		func(at word) bool { return at != "*" && string(at) != arn }) {
		return ErrParameterResource
	}
	return nil
}

// isShared reports whether the element names nobody but accounts, users and roles, or isn't there.
// A unique id is no proof that its principal exists.
func (p *Principals) isShared() bool {
	kind, _ := p.invalid()
	return kind == "" && !p.hasUniqueID() && (p == nil || len(p.Service)+len(p.Federated) == 0)
}
