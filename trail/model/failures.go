package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// failures are the errors of CloudTrail: when each comes, and what to do.
var failures = op.Failures{
	"TrailNotFoundException": op.Fails(
		"there is no trail of that name, or the configuration declares none",
		"look it up with ListTrails", fault.NotFound),
	"InvalidTrailNameException": op.Fails(
		"a name that no trail can have",
		"use 3 to 128 letters, digits, dots, underscores and hyphens", fault.Invalid),
	"CloudTrailARNInvalidException": op.Fails(
		"an ARN that is no trail's",
		"look it up with ListTrails", fault.Invalid),
	"InvalidTimeRangeException": op.Fails(
		"the end comes before the start",
		"swap them", fault.Invalid),
	"InvalidTokenException": op.Fails(
		"a `NextToken`, where there is never a next page",
		"leave it out", fault.Invalid),
}

// named is what operations answer that are asked for one trail.
const named = " TrailNotFoundException InvalidTrailNameException CloudTrailARNInvalidException"

// answers say which of the errors each operation may answer. What isn't said fails the tests that
// see it, and what is said has to be seen by one: package servicetest.
var answers = op.Answers{
	"DescribeTrails":    " InvalidTrailNameException CloudTrailARNInvalidException",
	"GetEventSelectors": named,
	"GetTrail":          named,
	"GetTrailStatus":    named,
	"ListPublicKeys":    " InvalidTimeRangeException InvalidTokenException",
	"ListTrails":        "",
}
