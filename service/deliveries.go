package service

import (
	"context"
	"time"

	"claviger/events"
	"claviger/events/destination"
	"claviger/events/dispatch"
	"claviger/events/logfile"
	"claviger/events/program"
	"claviger/events/rule"
	"claviger/internal/delivery"
	"claviger/internal/fault"
	"claviger/topics"
	"claviger/topics/sending"

	"github.com/prometheus/client_golang/prometheus"
)

// receivers are who delivers, by kind of receiver. The queue has the map from the start, and it is
// filled when there are the services that the receivers ask.
type receivers map[string]delivery.Receiver

// DeliveryStatus is how what has to reach receivers stands.
type DeliveryStatus struct {
	delivery.Stats
	Receivers []delivery.Standing // those for whom something waits, most first
	Letters   []delivery.DeadLetter
}

// Bounds of what a command is told: the rest is in the counts.
const (
	mostStandings = 100
	mostLetters   = 100
)

// Deliveries returns how deliveries stand, with the first of the receivers that something waits for
// and of the dead letters that are meant.
func (s *Service) Deliveries(of delivery.Which) (d DeliveryStatus, err error) {
	d.Stats, d.Receivers = s.queue.Stats(), s.queue.Standings()
	if len(d.Receivers) > mostStandings {
		d.Receivers = d.Receivers[:mostStandings]
	}
	d.Letters, err = s.queue.DeadLetters(of, 0, mostLetters)
	return d, err
}

// Redrive has dead letters tried again, and returns how many.
func (s *Service) Redrive(of delivery.Which) (int, error) { return s.queue.Redrive(of) }

// openQueue reads what waits for receivers.
func (s *Service) openQueue(c Config) (err error) {
	s.outside = receivers{}
	s.queue, err = delivery.Open(delivery.Config{DB: s.DB, Now: c.Clock.Now, Log: c.Log,
		Receivers: s.outside, Letter: letterOf})
	return err
}

// letterOf makes what is put when a message dies for whoever gets the dead letters of a rule's
// target. Those of subscriptions have none.
func letterOf(d delivery.DeadLetter) (delivery.Message, bool) {
	if d.Kind == sending.Kind {
		return delivery.Message{}, false
	}
	return dispatch.Letter(d)
}

// deliverTo says who delivers, by kind of target, and joins events to their targets.
func (s *Service) deliverTo(ctx context.Context, c Config) (err error) {
	bridge := s.services.eventBridge
	for kind, to := range map[rule.Kind]delivery.Receiver{
		rule.Destination: destination.New(destination.Config{Connections: bridge, Calls: s.runner,
			Door: c.Outbound, Now: c.Clock.Now}),
		rule.Topic:   topicTarget{s.services.topics},
		rule.LogFile: logfile.New(eventTargets(c.EventTargets).files()),
		rule.Program: program.New(ctx, eventTargets(c.EventTargets).programs(), c.Log),
		rule.Secret:  secretTarget{s},
	} {
		s.outside[dispatch.KindOf(kind)] = to
	}
	s.dispatcher, err = dispatch.New(dispatch.Config{DB: s.DB, Feed: s.trail.feed, Rules: bridge,
		Queue: s.queue, Shape: events.Shape, Now: c.Clock.Now, Log: c.Log})
	return err
}

// topicTarget publishes events to topics, as EventBridge's principal: the topic's policy decides.
type topicTarget struct{ topics *topics.Topics }

// Deliver implements [delivery.Receiver].
func (t topicTarget) Deliver(ctx context.Context, m delivery.Message) error {
	said, err := dispatch.ReadContext(m)
	if err != nil {
		return err
	}
	err = t.topics.PublishFor(ctx, topics.Published{Account: m.Account, Region: m.Region,
		TopicARN: m.Receiver, Service: rule.Service, Source: said.RuleARN,
		ID: m.ID + " " + said.TargetID, Order: m.Order, Text: string(m.Body)})
	f := fault.Of(err)
	if f == nil {
		return nil
	}
	failure := &delivery.Failure{Code: delivery.InternalError, Cause: err,
		Text: "the topic can't be published to now"}
	switch f.Kind {
	case fault.Denied:
		failure.Code, failure.Permanent = delivery.NoPermissions, true
		failure.Text = "the topic's policy doesn't let events.amazonaws.com publish"
	case fault.NotFound:
		failure.Code, failure.Permanent = delivery.NoResource, true
		failure.Text = "there is no such topic"
	case fault.Invalid, fault.TooLarge:
		failure.Code, failure.Permanent = delivery.ErrorFromTarget, true
		failure.Text = "the topic doesn't take the message"
	case fault.Throttled, fault.Limit:
		failure.Code = delivery.Throttling
	}
	return failure
}

// watchDeliveries adds what is read from the queue of deliveries when it is asked for.
func (m *metrics) watchDeliveries(q *delivery.Queue, now func() time.Time) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() int64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value()) }))
	}
	gauge("claviger_deliveries_waiting", "Messages that wait for receivers outside.",
		func() float64 { return float64(q.Stats().Waiting) })
	gauge("claviger_deliveries_oldest_seconds", "Age of the oldest of them.", func() float64 {
		if at := q.Stats().Oldest; !at.IsZero() {
			return max(now().Sub(at).Seconds(), 0)
		}
		return 0
	})
	gauge("claviger_deliveries_receivers_failing",
		"Receivers that have failed several times in a row, and for whom something waits.",
		func() float64 { return float64(q.Stats().Sick) })
	gauge("claviger_dead_letters", "Messages that no receiver has got, and that are kept.",
		func() float64 { return float64(q.Stats().Dead) })
	counter("claviger_deliveries_total", "Messages that receivers have taken.",
		func() int64 { return q.Stats().Delivered })
	counter("claviger_delivery_failures_total", "Attempts that failed.",
		func() int64 { return q.Stats().Failed })
	counter("claviger_dead_letters_total", "Messages that became dead letters.",
		func() int64 { return q.Stats().Died })
	counter("claviger_dead_letters_dropped_total",
		"Dead letters that went because they were too old, or too many.",
		func() int64 { return q.Stats().Dropped })
}
