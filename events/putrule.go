package events

import (
	"unicode/utf8"

	"claviger/events/eventfault"
	"claviger/events/model"
	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/events/schedule"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/pattern"
	"claviger/policy"

	"github.com/google/uuid"
)

// PutRuleInput says all that a rule is but its targets. What is left out of a rule that is there is
// taken away, but for tags, which are for new ones alone.
type PutRuleInput struct {
	Name               string     `shape:"RuleName,required"`
	ScheduleExpression *string    `shape:"ScheduleExpression"`
	EventPattern       *string    `shape:"EventPattern"`
	State              *string    `shape:"RuleState"` // absent: ENABLED
	Description        *string    `shape:"RuleDescription"`
	RoleArn            *string    `shape:"RoleArn"`
	Tags               []rule.Tag `shape:"TagList"`
	EventBusName       *string    `shape:"EventBusNameOrArn"`
}

// Validate implements [op.Input].
func (in PutRuleInput) Validate() error {
	if err := domain.CheckTags(tagRules, in.Tags); err != nil {
		return err
	}
	given, scheduled := domain.Or(in.EventPattern, ""), domain.Or(in.ScheduleExpression, "")
	if given == "" && scheduled == "" {
		return eventfault.NoTrigger
	}
	if scheduled != "" {
		if _, err := schedule.Parse(scheduled); err != nil {
			return eventfault.BadSchedule
		}
	}
	if given == "" {
		return nil
	}
	if utf8.RuneCountInString(given) > rule.LongestRule {
		return eventfault.LongPattern
	}
	return checkPattern(given)
}

// checkPattern says in EventBridge's words why a text is no event pattern.
func checkPattern(text string) error {
	if _, err := pattern.Compile(text, pattern.EventBridge); err != nil {
		return eventfault.BadPattern(err)
	}
	return nil
}

func (in PutRuleInput) bus() *string     { return in.EventBusName }
func (in PutRuleInput) ruleName() string { return in.Name }

// patternKeys are the condition keys that have what a pattern names literally.
var patternKeys = map[string]string{
	model.Source:          "source",
	model.DetailType:      "detail-type",
	model.DetailService:   "detail.service",
	model.DetailEventType: "detail.eventTypeCode",
	model.DetailPrincipal: "detail.userIdentity.principalId",
}

// Conditions implements [domain.Conditional].
func (in PutRuleInput) Conditions(v policy.Values) {
	domain.SetTags(v, in.Tags)
	if in.EventPattern == nil {
		return
	}
	p, err := pattern.Compile(*in.EventPattern, pattern.EventBridge)
	if err != nil {
		return
	}
	for key, path := range patternKeys {
		if texts := p.Texts(path); len(texts) > 0 {
			v[key] = texts
		}
	}
}

// PutRuleOutput is the rule's ARN.
type PutRuleOutput struct{ RuleArn string }

// placement is a rule that shall be made or said anew.
type placement struct {
	*target
	tagged bool // it shall have tags, which takes a permission of its own
}

// Demands implements [op.Target].
func (p placement) Demands() []policy.Demand {
	demands := p.target.Demands()
	if p.tagged {
		also := *p.target
		also.operation = "TagResource"
		demands = append(demands, also.Demands()...)
	}
	return demands
}

func (s *Events) findPutRule(c *op.Call, in PutRuleInput) (placement, error) {
	t := s.find(c, "PutRule", in)
	t.absent = nil // it is made
	if t.rule == nil {
		// Who makes it is its creator.
		says := t.says
		t.says = func(v policy.Values) {
			says(v)
			v[model.CreatorAccount] = []string{t.ref.Account}
		}
	}
	return placement{t, len(in.Tags) > 0}, nil
}

func (s *Events) putRule(c *op.Call, in PutRuleInput,
	t placement) (op.Commit[PutRuleOutput], error) {
	say := func(r *rule.Rule) {
		r.Pattern = domain.Or(in.EventPattern, "")
		r.Schedule = domain.Or(in.ScheduleExpression, "")
		r.State = domain.Or(in.State, rule.Enabled)
		r.Description = domain.Or(in.Description, "")
		r.RoleARN = domain.Or(in.RoleArn, "")
	}
	ch := &rulerows.Change{Before: t.rule}
	if t.rule != nil {
		ch.After = t.rule.Next(say)
	} else {
		tags, err := domain.AddTags(tagRules, nil, in.Tags)
		if err != nil {
			return nil, err
		}
		ch.After = &rule.Rule{Ref: t.ref, ID: uuid.NewString(), Rev: 1, CreatedBy: t.ref.Account,
			Created: c.Time, Tags: tags, Targets: []rule.Target{}}
		say(ch.After)
	}
	if err := s.withinQuotas(c, ch); err != nil {
		return nil, err
	}
	return domain.Planned(c, s.rows.Prepare, ch, PutRuleOutput{RuleArn: t.ref.ARN()})
}

// withinQuotas holds the rules of an account to AWS's quotas.
func (s *Events) withinQuotas(c *op.Call, ch *rulerows.Change) error {
	book, err := s.rows.Book(c, ch.After.Account, ch.After.Region)
	if err != nil {
		return err
	}
	if ch.Before == nil && len(book.Rules) >= rule.MostRules {
		return eventfault.TooMany
	}
	if !hasWildcards(ch.After) {
		return nil
	}
	wild := 0
	for _, r := range book.Rules {
		if r.Name != ch.After.Name && hasWildcards(r) {
			wild++
		}
	}
	if wild >= rule.MostWild {
		return eventfault.TooMany
	}
	return nil
}

func hasWildcards(r *rule.Rule) bool {
	p, err := pattern.Compile(r.Pattern, pattern.EventBridge)
	return err == nil && p.Wildcards() > 0
}
