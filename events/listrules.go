package events

import (
	"claviger/events/rule"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// usualPage is how many entries a page has where nobody says a number.
const usualPage = 100

// ListRulesInput narrows the listing.
type ListRulesInput struct {
	NamePrefix   *string `shape:"RuleName"`
	EventBusName *string `shape:"EventBusNameOrArn"`
	NextToken    *string `shape:"NextToken"`
	Limit        *int32  `shape:"LimitMax100"` // 1 to 100; absent: 100
	op.ByShape
}

func (in ListRulesInput) bus() *string { return in.EventBusName }

// ListRulesOutput is a page in order of name.
type ListRulesOutput struct {
	Rules     []Rule
	NextToken string `json:",omitzero"`
}

// Rule is what a listing says of a rule.
type Rule struct {
	Name               string
	Arn                string
	EventPattern       string `json:",omitzero"`
	State              string
	Description        string `json:",omitzero"`
	ScheduleExpression string `json:",omitzero"`
	RoleArn            string `json:",omitzero"`
	EventBusName       string
}

func (s *Events) listRules(c *op.Call, in ListRulesInput, _ busTarget) (out ListRulesOutput,
	err error) {
	prefix := domain.Or(in.NamePrefix, "")
	p, err := s.pages.Page(c, "ListRules", prefix, int(domain.Or(in.Limit, usualPage)), in.NextToken)
	if err != nil {
		return out, err
	}
	book, err := s.rows.Book(c, c.Caller.Account, c.Region)
	if err != nil {
		return out, err
	}
	rules, next := domain.Cut(p, book.After(p.After, prefix), nameOf)
	out.Rules, out.NextToken = []Rule{}, next
	for _, r := range rules {
		out.Rules = append(out.Rules, Rule{Name: r.Name, Arn: r.ARN(), EventPattern: r.Pattern,
			State: r.State, Description: r.Description, ScheduleExpression: r.Schedule,
			RoleArn: r.RoleARN, EventBusName: rule.DefaultBus})
	}
	return out, nil
}

func nameOf(r *rule.Rule) string { return r.Name }
