package dispatch

import (
	"cmp"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/delivery"
)

// AWS's retry policy, where a target says nothing.
const (
	usualRetries = 185
	usualAge     = 24 * 60 * 60 // seconds
)

// event is one in EventBridge's envelope.
type event struct {
	account, region string
	text            []byte
	order           string // what it is about; empty: it is looked for in the text
}

// work is what was made of events.
type work struct {
	messages []delivery.Message
	bad      []bad
	bytes    int // of bodies that aren't the events themselves
	// aside are accounts whose rules couldn't be read.
	aside map[rulerows.Place]late
}

// bad is a message that can't be delivered.
type bad struct {
	message delivery.Message
	why     *delivery.Failure
}

func (w *work) size() int { return len(w.messages) + len(w.bad) }

// full reports whether what was made is put before anything else is.
func (w *work) full() bool { return w.size() >= mostPut || w.bytes >= mostBytes/4 }

// Context is what a message says of the rule that it is by.
type Context struct {
	RuleARN   string               `json:"rule"`
	TargetID  string               `json:"target"`
	TargetARN string               `json:"arn"`
	HTTP      *rule.HttpParameters `json:"http,omitzero"`
	// DeadLetterARN is that of the queue which the target has for what can't be delivered, or nothing.
	DeadLetterARN string `json:"dead,omitzero"`
	// ReadAt is when the secret was read whose rotation the message begins, if that is why.
	ReadAt string `json:"readAt,omitzero"`
}

// ReadContext reads what a message says of its rule.
func ReadContext(m delivery.Message) (c Context, err error) {
	return c, json.Unmarshal(m.Context, &c)
}

// KindOf is the kind of receivers, for the queue of deliveries, that targets of a kind are.
func KindOf(k rule.Kind) string { return rule.Service + ":" + string(k) }

// match adds a message for each target of each rule that an event matches.
func (d *Dispatcher) match(all *work, book *rulerows.Book, e event) error {
	rules := book.Match(e.text)
	if len(rules) == 0 {
		return nil
	}
	about := read(e.text)
	about.order = cmp.Or(e.order, about.order)
	for _, r := range rules {
		for i := range r.Targets {
			if err := d.add(all, e, about, r, &r.Targets[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds the message for one target.
func (d *Dispatcher) add(all *work, e event, about facts, r *rule.Rule, t *rule.Target) error {
	said := Context{RuleARN: r.ARN(), TargetID: t.Id, TargetARN: t.Arn, HTTP: t.HttpParameters}
	if t.DeadLetterConfig != nil && t.DeadLetterConfig.Arn != nil {
		said.DeadLetterARN = *t.DeadLetterConfig.Arn
	}
	kind, _, _, _ := rule.ReadTarget(t.Arn)
	if kind == rule.Secret {
		var ok bool
		if said.ReadAt, ok = about.rotates(e.text, t.Arn); !ok {
			return nil
		}
	}
	text, err := json.Marshal(said, json.Deterministic(true))
	if err != nil {
		return err
	}
	m := delivery.Message{Account: e.account, Region: e.region, Kind: KindOf(kind), Receiver: t.Arn,
		Order: about.order, ID: about.ID, Context: text, Policy: policyOf(t.RetryPolicy)}
	if all.bytes >= mostBytes {
		m.Body = e.text
		all.bad = append(all.bad, bad{m, &delivery.Failure{Code: delivery.ResourceLimit,
			Text: "what the rules of the account make of this event is too much together"}})
		return nil
	}
	m.Body, err = d.config.Shape(r, t, e.text, d.config.Now())
	if err != nil {
		m.Body = e.text
		all.bad = append(all.bad, bad{m, &delivery.Failure{Code: delivery.InvalidJSON,
			Text: "the target's input can't be made of the event: " + err.Error()}})
		return nil
	}
	if t.InputTransformer != nil {
		all.bytes += len(m.Body)
	}
	all.messages = append(all.messages, m)
	return nil
}

func policyOf(p *rule.RetryPolicy) delivery.Policy {
	retries, age := int32(usualRetries), int32(usualAge)
	if p != nil && p.MaximumRetryAttempts != nil {
		retries = *p.MaximumRetryAttempts
	}
	if p != nil && p.MaximumEventAgeInSeconds != nil {
		age = *p.MaximumEventAgeInSeconds
	}
	return delivery.EventBridge(int(retries), int(age))
}

// facts are what a message needs to know of its event.
type facts struct {
	ID         string         `json:"id"`
	Source     string         `json:"source"`
	DetailType string         `json:"detail-type"`
	Resources  []string       `json:"resources"`
	Detail     jsontext.Value `json:"detail"`

	order string
}

// read looks for an event's id and for what it is about: its first resource, that of the record
// which it has as its detail, or its source.
func read(text []byte) (f facts) {
	if json.Unmarshal(text, &f) != nil {
		return f
	}
	if len(f.Resources) > 0 {
		f.order = f.Resources[0]
		return f
	}
	var record struct {
		Resources []struct {
			ARN string `json:"ARN"`
		} `json:"resources"`
	}
	if json.Unmarshal(f.Detail, &record) == nil && len(record.Resources) > 0 {
		f.order = record.Resources[0].ARN
	}
	f.order = cmp.Or(f.order, f.Source)
	return f
}
