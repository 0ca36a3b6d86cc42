package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// failures are the errors of SNS: when each comes, and what to do.
var failures = op.Failures{
	"InvalidParameter": op.Fails(
		"a member can't be as it is, which the text names; or it asks for what this service hasn't",
		"correct the member", fault.Invalid),
	"ParameterValueInvalid": op.Fails(
		"an attribute of a message can't be as it is",
		"correct the attribute that the text names", fault.Invalid),
	"NotFound": op.Fails(
		"there is no such topic or subscription",
		"look at the ARN, and at whose account and Region it is in", fault.NotFound),
	"ResourceNotFound": op.Fails(
		"there is no such topic to have tags",
		"look at the ARN", fault.NotFound),
	"SubscriptionLimitExceeded": op.Fails(
		"the topic has 1,000 subscriptions, those that are to be confirmed included",
		"end some, or use another topic", fault.Limit),
	"TagLimitExceeded": op.Fails(
		"50 tags on one topic",
		"take tags away that aren't needed", fault.Limit),
	"EmptyBatchRequest": op.Fails(
		"a batch without messages", "put one to ten in", fault.Invalid),
	"TooManyEntriesInBatchRequest": op.Fails(
		"more than ten messages in a batch", "make more batches", fault.Invalid),
	"BatchEntryIdsNotDistinct": op.Fails(
		"two messages of a batch have one `Id`", "name them differently", fault.Invalid),
	"InvalidBatchEntryId": op.Fails(
		"an `Id` that is longer than 80 characters, or has others than letters, digits, `-` and `_`",
		"choose another", fault.Invalid),
	"BatchRequestTooLong": op.Fails(
		"the messages of a batch have more than 256 KiB together", "make more batches", fault.Invalid),
	"KMSAccessDenied": op.Fails(
		"the caller may not use the topic's KMS key",
		"have `kms:GenerateDataKey*` and `kms:Decrypt` allowed on it", fault.State),
	"KMSDisabled": op.Fails(
		"the topic's KMS key is disabled", "enable it, or give the topic another", fault.State),
	"KMSInvalidState": op.Fails(
		"the topic's KMS key can't be used as it is", "put it in order, or give the topic another",
		fault.State),
	"KMSNotFound": op.Fails(
		"there is no such KMS key as the topic's", "give the topic another", fault.State),
}

// What operations of one kind may answer.
const (
	invalid = "InvalidParameter"
	onTopic = invalid + " NotFound"
	tagged  = invalid + " ResourceNotFound"
	sealed  = " KMSAccessDenied KMSDisabled KMSInvalidState KMSNotFound"
)

// answers say which of the errors each operation may answer. What isn't said fails the tests that
// see it, and what is said has to be seen by one: package servicetest.
var answers = op.Answers{
	"AddPermission":             onTopic,
	"ConfirmSubscription":       onTopic,
	"CreateTopic":               invalid + " TagLimitExceeded",
	"DeleteTopic":               invalid,
	"GetSubscriptionAttributes": onTopic,
	"GetTopicAttributes":        onTopic,
	"ListSubscriptions":         invalid,
	"ListSubscriptionsByTopic":  onTopic,
	"ListTagsForResource":       tagged,
	"ListTopics":                invalid,
	"Publish":                   onTopic + " ParameterValueInvalid" + sealed,
	"PublishBatch": onTopic + " ParameterValueInvalid EmptyBatchRequest BatchRequestTooLong" +
		" TooManyEntriesInBatchRequest BatchEntryIdsNotDistinct InvalidBatchEntryId" + sealed,
	"RemovePermission":          onTopic,
	"SetSubscriptionAttributes": onTopic,
	"SetTopicAttributes":        onTopic,
	"Subscribe":                 onTopic + " SubscriptionLimitExceeded",
	"TagResource":               tagged + " TagLimitExceeded",
	"Unsubscribe":               invalid,
	"UntagResource":             tagged,
}
