package topics

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/topics/snsfault"
	"claviger/topics/topic"
)

// Condition keys of SNS's own.
const (
	protocolKey = "sns:Protocol"
	endpointKey = "sns:Endpoint"
)

// target is a topic that an operation touches, there or not.
type target struct {
	topic.Ref
	found    *topic.Topic // nil if there is none
	unread   error        // why it could not be read
	absent   error        // what is said where there is none
	action   string       // the operation
	says     func(policy.Values)
	byPolicy bool // nothing but the topic's policy lets a service in
}

// Demands implements [op.Target].
func (t *target) Demands() []policy.Demand { return []policy.Demand{t.demand()} }

// demand is for the operation's action on the topic. Actions are spelt as SNS spells them.
func (t *target) demand() policy.Demand {
	d := domain.On(topic.Prefix+t.action, t.ARN(), t.Account)
	d.Resource.PolicyOpens = t.byPolicy
	if t.says != nil {
		d.Values = func() policy.Values {
			v := policy.Values{}
			t.says(v)
			return v
		}
	}
	if found := t.found; found != nil {
		d.Resource.Tags = func() (map[string]string, error) { return domain.TagMap(found.Tags), nil }
		d.Resource.Policy = func() (*policy.Document, error) { return found.Rules.Document, nil }
	}
	return d
}

// Missing implements [op.Target].
func (t *target) Missing() error {
	switch {
	case t.unread != nil:
		return t.unread
	case t.found == nil:
		return t.absent
	}
	return nil
}

// Ready implements [op.Target]: a topic has no states.
func (t *target) Ready() error { return nil }

// find looks for a topic. That it can't be read is said only after the policies have let the caller
// pass.
func (s *Topics) find(c *op.Call, operation string, ref topic.Ref, in op.Input) *target {
	t := &target{Ref: ref, action: operation, absent: snsfault.NoTopic}
	if said, ok := in.(domain.Conditional); ok {
		t.says = said.Conditions
	}
	t.found, t.unread = s.rows.Topic(c, ref)
	if t.unread == nil && t.found != nil && t.found.Rules.Err != nil {
		// It was looked at before it was stored, so that somebody has stored it otherwise.
		c.Log().Error("the policy of a topic can't be read, so that it lets nobody in",
			"topic", ref.ARN(), "error", t.found.Rules.Err)
	}
	return t
}

// named is an input that names one topic by its ARN.
type named interface {
	op.Input
	topicARN() (member, arn string)
}

// tagging is a [named] input that calls the topic a resource, and misses it as one.
type tagging interface{ misses() error }

// finding finds the topic that an input names.
func finding[I named](s *Topics, operation string) func(*op.Call, I) (*target, error) {
	return func(c *op.Call, in I) (*target, error) {
		member, arn := in.topicARN()
		ref, err := topic.ReadARN(member, arn, c.Region)
		if err != nil {
			return nil, err
		}
		t := s.find(c, operation, ref, in)
		if of, ok := op.Input(in).(tagging); ok {
			t.absent = of.misses()
		}
		return t, nil
	}
}

// read makes an operation that reads one topic.
func read[I named, O any](s *Topics, n op.Info,
	do func(*op.Call, I, *topic.Topic) (O, error)) op.Operation {
	return op.Read(n, finding[I](s, n.Name), func(c *op.Call, in I, t *target) (O, error) {
		return do(c, in, t.found)
	})
}

// change makes an operation that changes one topic and answers nothing, in an O of its own. Its
// plan returns the topic as it shall be, or nil if all is as asked already.
func change[O any, I named](s *Topics, n op.Info,
	plan func(*op.Call, I, *topic.Topic) (*topic.Topic, error)) op.Operation {
	return op.Write(n, finding[I](s, n.Name), func(c *op.Call, in I, t *target) (
		op.Commit[O], error) {
		next, err := plan(c, in, t.found)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return op.Unchanged(*new(O)), nil
		}
		stored, err := s.rows.Update(c, t.found, next)
		if err != nil {
			return nil, err
		}
		return op.Apply(stored, *new(O)), nil
	})
}
