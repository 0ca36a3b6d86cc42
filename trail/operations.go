package trail

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/trail/model"
)

var routes = domain.Routes{Service: model.CloudTrail}

// Operations is the table of contents.
func (t *Trail) Operations() []op.Operation {
	return []op.Operation{
		domain.ReadAccount(routes.Get("LookupEvents", "/v1/trail/event-history",
			"Lists the events of the last 90 days in the account and Region, by one attribute or all."),
			t.lookupEvents),
		op.Read(routes.Get("SearchEvents", "/v1/trail/events",
			"Finds events in the account and Region by everything that is asked for at once."),
			findSearch, t.searchEvents),
	}
}
