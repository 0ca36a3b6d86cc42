package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// failures are the errors of EventBridge: when each comes, and what to do.
var failures = op.Failures{
	"ResourceNotFoundException": op.Fails(
		"there is no rule, event bus, connection or API destination of that name",
		"look the name up with the listing of its kind", fault.NotFound),
	"ResourceAlreadyExistsException": op.Fails(
		"the name of a connection or API destination is taken",
		"choose another name, or update what there is", fault.Exists),
	"InvalidEventPatternException": op.Fails(
		"`EventPattern` is no event pattern; the text says why and where",
		"correct what the text names", fault.Invalid),
	"LimitExceededException": op.Fails(
		"300 rules, or 3,000 connections or API destinations, in the account and Region, 30 rules with "+
			"wildcards, five targets of a rule, or 50 tags",
		"delete some", fault.Limit),
	contended.Code: op.Fails(
		"others were changing the same thing until the request's time was over",
		"try again after a pause that grows", fault.Conflict),
}

// What operations of one kind may answer.
const (
	absent = " ResourceNotFoundException"
	raced  = " ConcurrentModificationException"
	full   = " LimitExceededException"
	taken  = " ResourceAlreadyExistsException"
	bad    = " InvalidEventPatternException"
)

// answers say which of the errors each operation may answer. What isn't said fails the tests that
// see it, and what is said has to be seen by one: package servicetest.
var answers = op.Answers{
	"PutRule":               absent + raced + full + bad,
	"DescribeRule":          absent,
	"ListRules":             absent,
	"DeleteRule":            absent + raced,
	"EnableRule":            absent + raced,
	"DisableRule":           absent + raced,
	"PutTargets":            absent + raced + full,
	"RemoveTargets":         absent + raced,
	"ListTargetsByRule":     absent,
	"ListRuleNamesByTarget": absent,
	"TestEventPattern":      bad,
	"PutEvents":             "",
	"TagResource":           absent + raced + full,
	"UntagResource":         absent + raced,
	"ListTagsForResource":   absent,
	"DescribeEventBus":      absent,
	"ListEventBuses":        "",

	"CreateConnection":       taken + full,
	"UpdateConnection":       absent + raced,
	"DescribeConnection":     absent,
	"DeauthorizeConnection":  absent + raced,
	"DeleteConnection":       absent + raced,
	"ListConnections":        "",
	"CreateApiDestination":   absent + taken + full,
	"UpdateApiDestination":   absent + raced,
	"DescribeApiDestination": absent,
	"DeleteApiDestination":   absent + raced,
	"ListApiDestinations":    "",
}

// The codes of single entries of PutEvents. They are in answers and are no errors of a request.
const (
	InvalidArgument        = "InvalidArgument"
	MalformedDetail        = "MalformedDetail"
	NotAuthorizedForSource = "NotAuthorizedForSourceException"
	Throttling             = "ThrottlingException"
)
