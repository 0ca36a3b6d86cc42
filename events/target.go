package events

import (
	"strings"

	"claviger/events/eventfault"
	"claviger/events/model"
	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// target is a rule that an operation touches, there or not.
type target struct {
	ref       rule.Ref
	rule      *rule.Rule // nil if there is none
	unread    error      // why it could not be read
	bus       error      // why there is no such bus
	operation string
	says      func(policy.Values) // puts in what the request says to condition keys; or nil
	absent    error               // what is said where there is none; nil: it will be made
}

// action is the IAM action of an operation.
func action(operation string) string { return rule.Service + ":" + operation }

// Demands implements [op.Target].
func (t *target) Demands() []policy.Demand {
	d := domain.On(action(t.operation), t.ref.ARN(), t.ref.Account)
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
	if t.rule != nil {
		d.Resource.Tags = func() (map[string]string, error) { return domain.TagMap(t.rule.Tags), nil }
	}
	return []policy.Demand{d}
}

// Missing implements [op.Target].
func (t *target) Missing() error {
	switch {
	case t.bus != nil:
		return t.bus
	case t.unread != nil:
		return t.unread
	case t.rule == nil:
		return t.absent
	}
	return nil
}

// Ready implements [op.Target]: a rule has no states that forbid anything.
func (t *target) Ready() error { return nil }

// onBus is an input that may name an event bus.
type onBus interface {
	op.Input
	bus() *string
}

// named is an input that names a rule.
type named interface {
	onBus
	ruleName() string
}

// checkBus refuses buses that there are not: all but the default one of the caller's account.
func checkBus(c *op.Call, name *string) error {
	if name == nil || *name == rule.DefaultBus {
		return nil
	}
	account, region := c.Namespace()
	if *name == rule.BusARN(account, region) {
		return nil
	}
	_, short, _ := strings.Cut(*name, ":event-bus/")
	if short == "" || short == rule.DefaultBus {
		short = *name
	}
	return eventfault.NoBus(short)
}

// find looks for the rule that an input names.
func (s *Events) find(c *op.Call, operation string, in named) *target {
	account, region := c.Namespace()
	t := &target{ref: rule.Ref{Account: account, Region: region, Name: in.ruleName()},
		operation: operation, absent: eventfault.NoRule(in.ruleName()), bus: checkBus(c, in.bus())}
	if said, ok := op.Input(in).(domain.Conditional); ok {
		t.says = said.Conditions
	}
	if t.bus != nil {
		return t
	}
	book, err := s.rows.Book(c, account, region)
	if err != nil {
		t.unread = err
		return t
	}
	t.rule = book.Rule(t.ref.Name)
	return t
}

// read makes an operation that reads one rule.
func read[I named, O any](s *Events, n op.Info,
	do func(*op.Call, I, *rule.Rule) (O, error)) op.Operation {
	return op.Read(n, func(c *op.Call, in I) (*target, error) { return s.find(c, n.Name, in), nil },
		func(c *op.Call, in I, t *target) (O, error) { return do(c, in, t.rule) })
}

// change makes an operation that changes one rule. Its plan returns what shall be different, or nil
// if all is as asked already, and what to answer.
func change[I named, O any](s *Events, n op.Info,
	plan func(*op.Call, I, *rule.Rule) (*rulerows.Change, O, error)) op.Operation {
	find := func(c *op.Call, in I) (*target, error) {
		t := s.find(c, n.Name, in)
		if n.Name == "DeleteRule" {
			t.absent = nil // that it isn't there is what was asked for
		}
		return t, nil
	}
	return op.Write(n, find, func(c *op.Call, in I, t *target) (op.Commit[O], error) {
		ch, out, err := plan(c, in, t.rule)
		if err != nil {
			return nil, err
		}
		return domain.Planned(c, s.rows.Prepare, ch, out)
	})
}

// busTarget is an event bus, or what is on it.
type busTarget struct {
	demand policy.Demand
	absent error
}

// Demands implements [op.Target].
func (t busTarget) Demands() []policy.Demand { return []policy.Demand{t.demand} }

// Missing implements [op.Target].
func (t busTarget) Missing() error { return t.absent }

// Ready implements [op.Target].
func (t busTarget) Ready() error { return nil }

// findOnBus finds the bus that an input names, or what of it the resource is.
func findOnBus[I onBus](operation, resource string) func(*op.Call, I) (busTarget, error) {
	return func(c *op.Call, in I) (busTarget, error) {
		account, region := c.Namespace()
		arn := rule.BusARN(account, region)
		if resource != "" {
			arn = domain.ARN{Service: rule.Service, Region: region, Account: account,
				Resource: resource}.String()
		}
		return busTarget{domain.On(action(operation), arn, account), checkBus(c, in.bus())}, nil
	}
}
