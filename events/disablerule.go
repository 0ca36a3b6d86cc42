package events

import (
	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/op"
)

// DisableRuleInput names a rule.
type DisableRuleInput struct {
	Name         string  `shape:"RuleName,required"`
	EventBusName *string `shape:"EventBusNameOrArn"`
	op.ByShape
}

func (in DisableRuleInput) bus() *string     { return in.EventBusName }
func (in DisableRuleInput) ruleName() string { return in.Name }

func (s *Events) disableRule(_ *op.Call, _ DisableRuleInput,
	r *rule.Rule) (*rulerows.Change, op.None, error) {
	return inState(r, rule.Disabled), op.None{}, nil
}
