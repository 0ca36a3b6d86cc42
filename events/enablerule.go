package events

import (
	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/op"
)

// EnableRuleInput names a rule.
type EnableRuleInput struct {
	Name         string  `shape:"RuleName,required"`
	EventBusName *string `shape:"EventBusNameOrArn"`
	op.ByShape
}

func (in EnableRuleInput) bus() *string     { return in.EventBusName }
func (in EnableRuleInput) ruleName() string { return in.Name }

// enableRule has a rule match events. One that also matches what only reads keeps doing so.
func (s *Events) enableRule(_ *op.Call, _ EnableRuleInput,
	r *rule.Rule) (*rulerows.Change, op.None, error) {
	if r.State != rule.Disabled {
		return nil, op.None{}, nil
	}
	return inState(r, rule.Enabled), op.None{}, nil
}

func inState(r *rule.Rule, state string) *rulerows.Change {
	if r.State == state {
		return nil
	}
	return &rulerows.Change{Before: r, After: r.Next(func(n *rule.Rule) { n.State = state })}
}
