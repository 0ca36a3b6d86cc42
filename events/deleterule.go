package events

import (
	"claviger/events/eventfault"
	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/op"
)

// DeleteRuleInput names a rule.
type DeleteRuleInput struct {
	Name         string  `shape:"RuleName,required"`
	EventBusName *string `shape:"EventBusNameOrArn"`
	Force        *bool   `shape:"Boolean"` // of managed rules, of which there are none
	op.ByShape
}

func (in DeleteRuleInput) bus() *string     { return in.EventBusName }
func (in DeleteRuleInput) ruleName() string { return in.Name }

// deleteRule deletes a rule. One that isn't there is deleted already, as with AWS.
func (s *Events) deleteRule(_ *op.Call, _ DeleteRuleInput,
	r *rule.Rule) (*rulerows.Change, op.None, error) {
	switch {
	case r == nil:
		return nil, op.None{}, nil
	case len(r.Targets) > 0:
		return nil, op.None{}, eventfault.HasTargets
	}
	return &rulerows.Change{Before: r}, op.None{}, nil
}
