package simulate

import (
	"strings"

	"claviger/policy"
)

// outcome is what becomes of one action on one resource.
type outcome struct {
	arn          string
	decision     string
	matches      []policy.Match
	missing      []string
	details      map[string]string // by type of policy, across accounts
	boundary     *bool             // what it leaves; nil: there is none
	organization *bool
}

// ofResource decides one action on one resource. Service control policies come first, and where
// they refuse nothing else is told.
func (s *scenario) ofResource(action, arn string) outcome {
	out := outcome{arn: arn}
	if s.control != nil {
		decision := s.controlled(action, arn)
		out.organization = new(bool)
		*out.organization = decision == allowed
		if decision != allowed {
			out.decision = decision
			return out
		}
	}
	r := policy.Resource{ARN: arn, Account: s.owner}
	if s.resource != nil {
		r.Policy = func() (*policy.Document, error) { return s.resource.document, nil }
		r.PolicyDecides = policyDecides(action)
	}
	e := s.explain(policy.Request{Caller: s.caller,
		Demands: []policy.Demand{{Action: action, Resource: r}}})
	out.decision = decisionOf(e.Decision)
	if e.Boundary.Given {
		leaves := said(e.Boundary) == allowed
		out.boundary = &leaves
	}
	switch out.decision {
	case explicitDeny:
		for _, f := range []policy.Finding{e.Boundary, e.Resource, e.Identity} {
			out.matches = append(out.matches, f.Denies...)
		}
	case allowed:
		out.matches = append(out.matches, e.Identity.Allows...)
		out.matches = append(out.matches, e.Resource.Allows...)
	case implicitDeny:
		out.missing = s.missing
	}
	if s.named && s.owner != "" && s.owner != s.caller.Account {
		out.details = map[string]string{identityType: said(e.Identity), resourceType: said(e.Resource)}
		if e.Boundary.Given {
			out.details[boundaryType] = said(e.Boundary)
		}
	}
	return out
}

// policyDecides names the actions whose resource's policy decides alone: of keys, and of roles that
// are assumed.
func policyDecides(action string) bool {
	action = strings.ToLower(action)
	return strings.HasPrefix(action, "kms:") || strings.HasPrefix(action, "sts:")
}

// controlled is what the levels of an organization leave of an action: each has to allow it.
func (s *scenario) controlled(action, arn string) string {
	decision := allowed
	for _, level := range s.control {
		c := policy.Caller{Type: policy.IAMUser, Account: s.caller.Account, ARN: s.caller.ARN}
		for _, one := range level {
			c.Policies = append(c.Policies, one.document)
		}
		e := s.explain(policy.Request{Caller: c, Demands: []policy.Demand{{Action: action,
			Resource: policy.Resource{ARN: arn, Account: c.Account}}}})
		decision = stricter(decision, decisionOf(e.Decision))
	}
	return decision
}

func decisionOf(d policy.Decision) string {
	switch {
	case d.Allowed():
		return allowed
	case d.Reason == policy.ExplicitDeny:
		return explicitDeny
	}
	return implicitDeny
}

// said is what the policies of one kind say.
func said(f policy.Finding) string {
	switch {
	case len(f.Denies) > 0:
		return explicitDeny
	case len(f.Allows) > 0:
		return allowed
	}
	return implicitDeny
}

// specific is the outcome as its own entry of the answer.
func (o *outcome) specific(s *scenario) ResourceSpecificResult {
	out := ResourceSpecificResult{EvalResourceName: o.arn, EvalResourceDecision: o.decision,
		MissingContextValues: o.missing, EvalDecisionDetails: o.details}
	for _, m := range o.matches {
		out.MatchedStatements = append(out.MatchedStatements, s.statement(m))
	}
	if o.boundary != nil {
		out.PermissionsBoundaryDecisionDetail = &PermissionsBoundaryDecisionDetail{*o.boundary}
	}
	return out
}

// add makes an outcome part of the result of its action, in which the strictest counts.
func (r *EvaluationResult) add(o *outcome) {
	r.EvalDecision = stricter(r.EvalDecision, o.decision)
	if o.missing != nil {
		r.MissingContextValues = o.missing
	}
	if o.boundary != nil {
		if r.PermissionsBoundaryDecisionDetail == nil {
			r.PermissionsBoundaryDecisionDetail = &PermissionsBoundaryDecisionDetail{true}
		}
		r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary =
			r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary && *o.boundary
	}
	if o.organization != nil {
		if r.OrganizationsDecisionDetail == nil {
			r.OrganizationsDecisionDetail = &OrganizationsDecisionDetail{true}
		}
		r.OrganizationsDecisionDetail.AllowedByOrganizations =
			r.OrganizationsDecisionDetail.AllowedByOrganizations && *o.organization
	}
	for kind, says := range o.details {
		if before, ok := r.EvalDecisionDetails[kind]; ok {
			says = stricter(before, says)
		}
		r.EvalDecisionDetails[kind] = says
	}
}
