// Package model is SNS as its API model describes it: the service's names on the wire, the
// constraints of its shapes, what its members are for, and its errors.
package model

import (
	"claviger/internal/op"
	"claviger/internal/shape"
)

// SNS is what the operations of this domain belong to. Some need no signature: links in messages
// are followed by whoever has them, and have no Version.
var SNS = &op.Service{
	Name:     "sns",
	Title:    "Amazon Simple Notification Service",
	Version:  "2010-03-31",
	XML:      "http://sns.amazonaws.com/doc/2010-03-31/",
	Internal: "InternalError",
	Down:     "InternalError",
	NoStore:  true,
	Shapes:   shapes,
	Members:  members,
	Failures: failures,
	Answers:  answers,
	Records:  records,
	Refused:  refused,

	Large:       true,
	Unsigned:    true,
	Unversioned: true,
	Own: map[string]string{
		"AccessDeniedException": "AuthorizationError",
		"ThrottlingException":   "Throttled",
	},
}

// shapes are the constraints of the model, API version 2010-03-31, by AWS shape name. It has hardly
// any: what is wrong is said in free text.
var shapes = shape.Table{
	"ActionsList":                  {Member: "action"},
	"AmazonResourceName":           {Min: 1, Max: 1011},
	"Binary":                       {},
	"DelegatesList":                {Member: "delegate"},
	"MessageAttributeMap":          {Key: "String", Value: "MessageAttributeValue", Sensitive: true},
	"MessageAttributeValue":        {},
	"PhoneNumber":                  {Sensitive: true},
	"PublishBatchRequestEntry":     {},
	"PublishBatchRequestEntryList": {Member: "PublishBatchRequestEntry"},
	"String":                       {},
	"SubscriptionAttributesMap":    {Key: "attributeName", Value: "attributeValue"},
	"Tag":                          {},
	"TagKey":                       {Min: 1, Max: 128},
	"TagKeyList":                   {Member: "TagKey"},
	"TagList":                      {Member: "Tag"},
	"TagValue":                     {Max: 256},
	"TopicAttributesMap":           {Key: "attributeName", Value: "attributeValue"},
	"action":                       {},
	"attributeName":                {},
	"attributeValue":               {},
	"authenticateOnUnsubscribe":    {},
	"boolean":                      {},
	"delegate":                     {},
	"endpoint":                     {},
	"label":                        {},
	"message":                      {Sensitive: true}, // as CloudTrail hides it
	"messageStructure":             {},
	"nextToken":                    {},
	"protocol":                     {},
	"subject":                      {Sensitive: true},
	"subscriptionARN":              {},
	"token":                        {Sensitive: true},
	"topicARN":                     {},
	"topicName":                    {},

	// The shapes of members that only the service itself sends.
	"epoch": {},
}

// refused are members that belong to what isn't here.
var refused = op.Refused{
	"PhoneNumber":            "InvalidParameter",
	"DataProtectionPolicy":   "InvalidParameter",
	"MessageDeduplicationId": "InvalidParameter",
}
