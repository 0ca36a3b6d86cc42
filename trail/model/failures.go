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
	"InvalidLookupAttributesException": op.Fails(
		"more than one attribute, one that there isn't, or a value that is empty, too long or can't be",
		"use one of the attributes that the text names; SearchEvents takes several", fault.Invalid),
	"InvalidMaxResultsException": op.Fails(
		"`MaxResults` is not from 1 to 50",
		"ask for less at a time, or leave it out", fault.Invalid),
	"InvalidNextTokenException": op.Fails(
		"a `NextToken` that was not returned for a request with the same other members",
		"begin at the first page", fault.Invalid),
	"InvalidEventCategoryException": op.Fails(
		"an `EventCategory` that there isn't",
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
	"LookupEvents": " InvalidLookupAttributesException InvalidTimeRangeException" +
		" InvalidMaxResultsException InvalidNextTokenException InvalidEventCategoryException",
	"SearchEvents": " InvalidTimeRangeException InvalidNextTokenException",
}
