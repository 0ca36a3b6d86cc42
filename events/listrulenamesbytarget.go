package events

import (
	"slices"

	"claviger/events/rule"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// ListRuleNamesByTargetInput names a target.
type ListRuleNamesByTargetInput struct {
	TargetArn    string  `shape:"TargetArn,required"`
	EventBusName *string `shape:"EventBusNameOrArn"`
	NextToken    *string `shape:"NextToken"`
	Limit        *int32  `shape:"LimitMax100"` // 1 to 100; absent: 100
	op.ByShape
}

func (in ListRuleNamesByTargetInput) bus() *string { return in.EventBusName }

// ListRuleNamesByTargetOutput is a page in order of name.
type ListRuleNamesByTargetOutput struct {
	RuleNames []string
	NextToken string `json:",omitzero"`
}

func (s *Events) listRuleNamesByTarget(c *op.Call, in ListRuleNamesByTargetInput,
	_ busTarget) (out ListRuleNamesByTargetOutput, err error) {
	p, err := s.pages.Page(c, "ListRuleNamesByTarget", in.TargetArn,
		int(domain.Or(in.Limit, usualPage)), in.NextToken)
	if err != nil {
		return out, err
	}
	book, err := s.rows.Book(c, c.Caller.Account, c.Region)
	if err != nil {
		return out, err
	}
	names := []string{}
	for _, r := range book.After(p.After, "") {
		if slices.ContainsFunc(r.Targets, func(t rule.Target) bool { return t.Arn == in.TargetArn }) {
			names = append(names, r.Name)
		}
	}
	out.RuleNames, out.NextToken = domain.Cut(p, names, func(name string) string { return name })
	return out, nil
}
