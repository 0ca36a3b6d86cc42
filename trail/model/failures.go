package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// failures are the errors of CloudTrail: when each comes, and what to do.
var failures = op.Failures{
	"InvalidLookupAttributesException": op.Fails(
		"more than one attribute, one that there isn't, or a value that is empty, too long or can't be",
		"use one of the attributes that the text names; SearchEvents takes several", fault.Invalid),
	"InvalidTimeRangeException": op.Fails(
		"the range begins after its end",
		"correct the times", fault.Invalid),
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

// answers say which of the errors each operation may answer. What isn't said fails the tests that
// see it, and what is said has to be seen by one: package servicetest.
var answers = op.Answers{
	"LookupEvents": "InvalidLookupAttributesException InvalidTimeRangeException" +
		" InvalidMaxResultsException InvalidNextTokenException InvalidEventCategoryException",
	"SearchEvents": "InvalidTimeRangeException InvalidNextTokenException",
}
