package events

import (
	"claviger/events/eventfault"
	"claviger/events/model"
	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"strings"
)

// tagRules are AWS's rules for tags, in EventBridge's words.
var tagRules = domain.TagRules{Most: rule.MostTags, NoKey: eventfault.NoTag,
	Reserved: eventfault.ReservedTag, Invalid: eventfault.BadTag,
	Duplicate: eventfault.DuplicateTag, TooMany: eventfault.TooManyTags}

// tagged is a rule or a bus that may have tags.
type tagged struct {
	operation string
	arn       string
	account   string
	rule      *rule.Rule
	bus       *rulerows.Bus
	unread    error
	says      func(policy.Values)
}

func (t *tagged) tags() []rule.Tag {
	switch {
	case t.rule != nil:
		return t.rule.Tags
	case t.bus != nil:
		return t.bus.Tags
	}
	return nil
}

// Demands implements [op.Target].
func (t *tagged) Demands() []policy.Demand {
	d := domain.On(action(t.operation), t.arn, t.account)
	d.Values = func() policy.Values {
		v := policy.Values{}
		if t.says != nil {
			t.says(v)
		}
		if t.rule != nil {
			v[model.CreatorAccount] = []string{t.rule.CreatedBy}
		}
		return v
	}
	if t.rule != nil || t.bus != nil {
		d.Resource.Tags = func() (map[string]string, error) { return domain.TagMap(t.tags()), nil }
	}
	return []policy.Demand{d}
}

// Missing implements [op.Target].
func (t *tagged) Missing() error {
	switch {
	case t.unread != nil:
		return t.unread
	case t.rule == nil && t.bus == nil:
		return t.absent()
	}
	return nil
}

func (t *tagged) absent() error {
	at, _ := domain.ParseARN(t.arn)
	if name, ok := strings.CutPrefix(at.Resource, "rule/"); ok {
		return eventfault.NoRule(name)
	}
	if name, ok := strings.CutPrefix(at.Resource, "event-bus/"); ok {
		return eventfault.NoBus(name)
	}
	return eventfault.NoResource(t.arn)
}

// Ready implements [op.Target].
func (t *tagged) Ready() error { return nil }

// onResource is an input that names a resource by its ARN.
type onResource interface {
	op.Input
	resource() string
}

// findTagged finds the rule or bus that an input names.
func findTagged[I onResource](s *Events, operation string) func(*op.Call, I) (*tagged, error) {
	return func(c *op.Call, in I) (*tagged, error) {
		at, ok := domain.ParseARN(in.resource())
		if !ok || at.Service != rule.Service {
			return nil, eventfault.BadParameter("ResourceARN", "Provided Arn is not in correct format.")
		}
		t := &tagged{operation: operation, arn: in.resource(), account: at.Account}
		if said, ok := op.Input(in).(domain.Conditional); ok {
			t.says = said.Conditions
		}
		account, region := c.Namespace()
		if at.Account != account || at.Region != region {
			return t, nil
		}
		if t.arn == rule.BusARN(account, region) {
			t.bus, t.unread = s.rows.Bus(c, account, region)
			return t, nil
		}
		name, ok := strings.CutPrefix(at.Resource, "rule/")
		if !ok {
			return t, nil
		}
		book, err := s.rows.Book(c, account, region)
		if err != nil {
			t.unread = err
			return t, nil
		}
		t.rule = book.Rule(strings.TrimPrefix(name, rule.DefaultBus+"/"))
		return t, nil
	}
}

// retag commits other tags of a rule or bus.
func (s *Events) retag(c *op.Call, t *tagged, tags []rule.Tag) (op.Commit[op.None], error) {
	if t.bus != nil {
		return domain.Done(s.rows.PrepareBus(c, t.bus, tags))
	}
	return domain.Done(s.rows.Prepare(c, &rulerows.Change{Before: t.rule,
		After: t.rule.Next(func(n *rule.Rule) { n.Tags = tags })}))
}
