package model

import "claviger/internal/op"

// records is how CloudTrail writes down what is done with EventBridge, without resources. What an
// event says is no matter of the trail: AWS doesn't record PutEvents at all.
var records = op.Records{
	Dates: "Jan 2, 2006, 3:04:05 PM",
	Operations: map[string]op.Recorded{
		"PutRule":                {Answer: "RuleArn"},
		"DescribeRule":           {},
		"ListRules":              {},
		"DeleteRule":             {},
		"EnableRule":             {},
		"DisableRule":            {},
		"PutTargets":             {Answer: "FailedEntryCount FailedEntries"},
		"RemoveTargets":          {Answer: "FailedEntryCount FailedEntries"},
		"ListTargetsByRule":      {},
		"ListRuleNamesByTarget":  {},
		"TestEventPattern":       {},
		"PutEvents":              {Left: "Entries", Answer: "FailedEntryCount"},
		"TagResource":            {},
		"UntagResource":          {},
		"ListTagsForResource":    {},
		"DescribeEventBus":       {},
		"ListEventBuses":         {},
		"CreateConnection":       {Answer: "ConnectionArn ConnectionState CreationTime LastModifiedTime"},
		"UpdateConnection":       {Answer: "ConnectionArn ConnectionState CreationTime LastModifiedTime"},
		"DescribeConnection":     {},
		"DeauthorizeConnection":  {Answer: "ConnectionArn ConnectionState CreationTime LastModifiedTime"},
		"DeleteConnection":       {Answer: "ConnectionArn ConnectionState CreationTime LastModifiedTime"},
		"ListConnections":        {},
		"CreateApiDestination":   {Answer: "ApiDestinationArn ApiDestinationState CreationTime LastModifiedTime"},
		"UpdateApiDestination":   {Answer: "ApiDestinationArn ApiDestinationState CreationTime LastModifiedTime"},
		"DescribeApiDestination": {},
		"DeleteApiDestination":   {},
		"ListApiDestinations":    {},

		// What AWS has no name for.
		"SendScheduledEvent": {},
		"OpenConnection":     {},
	},
}
