package events

import (
	"slices"

	"claviger/events/rule"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// ListTargetsByRuleInput names a rule.
type ListTargetsByRuleInput struct {
	Rule         string  `shape:"RuleName,required"`
	EventBusName *string `shape:"EventBusNameOrArn"`
	NextToken    *string `shape:"NextToken"`
	Limit        *int32  `shape:"LimitMax100"` // 1 to 100; absent: 100
	op.ByShape
}

func (in ListTargetsByRuleInput) bus() *string     { return in.EventBusName }
func (in ListTargetsByRuleInput) ruleName() string { return in.Rule }

// ListTargetsByRuleOutput is a page in the order in which the targets were put.
type ListTargetsByRuleOutput struct {
	Targets   []rule.Target
	NextToken string `json:",omitzero"`
}

func (s *Events) listTargetsByRule(c *op.Call, in ListTargetsByRuleInput,
	r *rule.Rule) (out ListTargetsByRuleOutput, err error) {
	p, err := s.pages.Page(c, "ListTargetsByRule", in.Rule, int(domain.Or(in.Limit, usualPage)),
		in.NextToken)
	if err != nil {
		return out, err
	}
	targets := r.Targets
	if i := r.Target(p.After); i >= 0 {
		targets = targets[i+1:]
	}
	out.Targets, out.NextToken = domain.Cut(p, slices.Clone(targets),
		func(t rule.Target) string { return t.Id })
	if out.Targets == nil {
		out.Targets = []rule.Target{}
	}
	return out, nil
}
