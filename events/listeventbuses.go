package events

import (
	"strings"

	"claviger/events/rule"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// ListEventBusesInput narrows the listing.
type ListEventBusesInput struct {
	NamePrefix *string `shape:"EventBusName"`
	NextToken  *string `shape:"NextToken"`
	Limit      *int32  `shape:"LimitMax100"`
	op.ByShape
}

// ListEventBusesOutput has the one bus that there is, if it is asked for.
type ListEventBusesOutput struct {
	EventBuses []EventBus
	NextToken  string `json:",omitzero"` // never there
}

// EventBus is a bus.
type EventBus struct {
	Name string
	Arn  string
}

func (s *Events) listEventBuses(c *op.Call, in ListEventBusesInput) (out ListEventBusesOutput,
	err error) {
	if _, err := s.pages.Page(c, "ListEventBuses", "", 1, in.NextToken); err != nil {
		return out, err // there never is a second page
	}
	account, region := c.Namespace()
	out.EventBuses = []EventBus{}
	if strings.HasPrefix(rule.DefaultBus, domain.Or(in.NamePrefix, "")) {
		out.EventBuses = append(out.EventBuses,
			EventBus{Name: rule.DefaultBus, Arn: rule.BusARN(account, region)})
	}
	return out, nil
}
