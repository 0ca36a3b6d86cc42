package model

import "claviger/internal/op"

// records is how CloudTrail writes down what is asked of itself: all of it reads.
var records = op.Records{
	Dates: "Jan 2, 2006, 3:04:05 PM",
	Operations: map[string]op.Recorded{
		"DescribeTrails":    {},
		"GetEventSelectors": {},
		"GetTrail":          {},
		"GetTrailStatus":    {},
		"ListPublicKeys":    {},
		"ListTrails":        {},
		"LookupEvents":      {},
		"SearchEvents":      {},
	},
}
