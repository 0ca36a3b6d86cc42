package events

import (
	"claviger/events/rule"
	"claviger/internal/op"
)

// DescribeRuleInput names a rule.
type DescribeRuleInput struct {
	Name         string  `shape:"RuleName,required"`
	EventBusName *string `shape:"EventBusNameOrArn"`
	op.ByShape
}

func (in DescribeRuleInput) bus() *string     { return in.EventBusName }
func (in DescribeRuleInput) ruleName() string { return in.Name }

// DescribeRuleOutput is a rule without its targets.
type DescribeRuleOutput struct {
	Name               string
	Arn                string
	EventPattern       string `json:",omitzero"`
	ScheduleExpression string `json:",omitzero"`
	State              string
	Description        string `json:",omitzero"`
	RoleArn            string `json:",omitzero"`
	EventBusName       string
	CreatedBy          string
}

func (s *Events) describeRule(_ *op.Call, _ DescribeRuleInput,
	r *rule.Rule) (DescribeRuleOutput, error) {
	return DescribeRuleOutput{Name: r.Name, Arn: r.ARN(), EventPattern: r.Pattern,
		ScheduleExpression: r.Schedule, State: r.State, Description: r.Description, RoleArn: r.RoleARN,
		EventBusName: rule.DefaultBus, CreatedBy: r.CreatedBy}, nil
}
