package trail

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/trail/model"
)

var routes = domain.Routes{Service: model.CloudTrail}

// Operations is the table of contents.
func (s *Trails) Operations() []op.Operation {
	return []op.Operation{
		domain.ReadAccount(routes.Get("DescribeTrails", "/v1/trails",
			"Describes the account's trails."),
			s.describeTrails),
		domain.ReadAccount(routes.Get("ListTrails", "/v1/trail-names",
			"Lists the account's trails by name."),
			s.listTrails),
		readTrail[GetTrailInput](s, routes.Get("GetTrail", "/v1/trails/{Name...}",
			"Describes one trail."),
			s.getTrail),
		readTrail[GetTrailStatusInput](s, routes.Get("GetTrailStatus", "/v1/trail-status/{Name...}",
			"Says how far a trail was exported."),
			s.getTrailStatus),
		readTrail[GetEventSelectorsInput](s, routes.Get("GetEventSelectors",
			"/v1/trail-selectors/{TrailName...}", "Says what a trail records: everything."),
			s.getEventSelectors),
		domain.ReadAccount(routes.Get("ListPublicKeys", "/v1/trail-keys",
			"Returns the public keys that digests are signed by."),
			s.listPublicKeys),

		domain.ReadAccount(routes.Get("LookupEvents", "/v1/event-history",
			"Lists the events of the last 90 days in the account and Region, by one attribute or all."),
			s.lookupEvents),
		op.Read(routes.Get("SearchEvents", "/v1/trail-events",
			"Finds events in the account and Region by everything that is asked for at once."),
			findSearch, s.searchEvents),
	}
}
