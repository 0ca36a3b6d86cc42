package events

import (
	"time"

	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/events/schedule"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/outbox"
	"claviger/policy"
	"claviger/store"
)

// scheduleJob is the kind of the work that sends the events of a rule's schedule. Its subject is
// the rule's name.
const scheduleJob = "events:ScheduledEvent"

// own are the operations that the service performs as itself.
type own struct {
	send op.Command[sendInput, op.None]
	open op.Query[openInput, opened]
}

func (s *Events) makeOwn() own {
	return own{
		send: op.Write(routes.Internal("SendScheduledEvent"), s.findSend, s.send),
		open: op.Read(routes.Internal("OpenConnection"), s.findOpen, s.open),
	}
}

// schedules keeps the job of a rule at the time at which its schedule is due. It implements
// [rulerows.Follower].
type schedules struct{ jobs domain.Scheduler }

// Follow moves the job of a rule whose schedule or state changes, or takes it back.
func (s schedules) Follow(c *op.Call, ch *rulerows.Change) (domain.Change, error) {
	before, after := active(ch.Before), active(ch.After)
	if before == after {
		return nil, nil
	}
	ref := ch.Ref()
	cancel := func(tx *store.Tx) error {
		return s.jobs.Cancel(tx, scheduleJob, ref.Account, ref.Region, ref.Name)
	}
	if after == "" {
		return cancel, nil
	}
	due := dueAfter(ch.After, c.Time)
	if due.IsZero() {
		return cancel, nil // no minute that is left is one of its own
	}
	return func(tx *store.Tx) error {
		return s.jobs.Schedule(tx, scheduleJob, ref.Account, ref.Region, ref.Name, due)
	}, nil
}

// active is the schedule by which a rule sends events, or nothing.
func active(r *rule.Rule) string {
	if r == nil || r.State == rule.Disabled {
		return ""
	}
	return r.Schedule
}

// dueAfter is when a rule's schedule is due next.
func dueAfter(r *rule.Rule, behind time.Time) time.Time {
	when, err := schedule.Parse(r.Schedule)
	if err != nil {
		return time.Time{}
	}
	return when.Next(r.Created, behind)
}

// scheduled is the job.
func (s *Events) scheduled() domain.Job {
	return domain.Job{Work: func(c *op.Call, name string) error {
		account, region := c.Namespace()
		_, err := op.AsService(c, rule.Service, account, s.own.send, sendInput{Name: name})
		if err != nil {
			return err
		}
		book, err := s.rows.Book(c, account, region)
		if err != nil {
			return err
		}
		r := book.Rule(name)
		if active(r) == "" {
			return nil
		}
		if due := dueAfter(r, c.Time); !due.IsZero() {
			return domain.Later{Due: due}
		}
		return nil
	}}
}

// sendInput names a rule whose schedule is due.
type sendInput struct {
	Name string `shape:"RuleName,required"`
	op.ByShape
}

// sending is a rule that sends an event, if it is still there and enabled.
type sending struct {
	ref  rule.Ref
	rule *rule.Rule
	op.There
}

// Demands implements [op.Target].
func (t sending) Demands() []policy.Demand {
	return []policy.Demand{domain.On(action("PutEvents"), t.ref.ARN(), "")}
}

func (s *Events) findSend(c *op.Call, in sendInput) (t sending, err error) {
	account, region := c.Namespace()
	t.ref = rule.Ref{Account: account, Region: region, Name: in.Name}
	book, err := s.rows.Book(c, account, region)
	if err == nil {
		t.rule = book.Rule(in.Name)
	}
	return t, err
}

func (s *Events) send(c *op.Call, _ sendInput, t sending) (op.Commit[op.None], error) {
	if active(t.rule) == "" {
		return op.Unchanged(op.None{}), nil
	}
	return domain.Done(s.outbox.Put(outbox.Event{Account: t.ref.Account, Region: t.ref.Region,
		Source: "aws.events", DetailType: "Scheduled Event", Resources: []string{t.ref.ARN()},
		Time: c.Time, Detail: struct{}{}}), nil)
}
