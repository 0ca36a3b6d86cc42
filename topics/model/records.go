package model

import "claviger/internal/op"

// records is how CloudTrail writes down what is done with SNS ("Logging AWS SNS API calls using AWS
// CloudTrail" of its developer guide), without resources. What is published is hidden there.
var records = op.Records{
	Dates: "Jan 2, 2006, 3:04:05 PM",
	Operations: map[string]op.Recorded{
		"AddPermission":             {},
		"ConfirmSubscription":       {Answer: "SubscriptionArn"},
		"CreateTopic":               {Answer: "TopicArn"},
		"DeleteTopic":               {},
		"GetSubscriptionAttributes": {},
		"GetTopicAttributes":        {},
		"ListSubscriptions":         {},
		"ListSubscriptionsByTopic":  {},
		"ListTagsForResource":       {},
		"ListTopics":                {},
		"Publish":                   {Hidden: "Message Subject MessageAttributes", Answer: "MessageId"},
		"PublishBatch":              {Answer: "Successful Failed"},
		"RemovePermission":          {},
		"SetSubscriptionAttributes": {},
		"SetTopicAttributes":        {},
		"Subscribe":                 {Answer: "SubscriptionArn"},
		"TagResource":               {},
		"Unsubscribe":               {},
		"UntagResource":             {},

		// What AWS has no name for.
		"OpenMessage":        {},
		"DeleteSubscription": {},
	},
}
