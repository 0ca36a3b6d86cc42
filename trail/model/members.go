package model

import "claviger/internal/shape"

// members say what each member is for, in a sentence of ours. What a member means in one structure
// and not in all has that one's name before it. The OpenAPI document and the page show them.
var members = shape.Sentences{
	"AccessKeyId": "The access key that signed the request.",
	"AttributeKey": "What events are found by: EventId, EventName, ReadOnly, Username, ResourceType, " +
		"ResourceName, EventSource or AccessKeyId.",
	"AttributeValue":    "The value that they have, letter by letter; of ReadOnly true or false.",
	"CloudTrailEvent":   "The record itself, as JSON.",
	"EndTime":           "The last second in which events were that are asked for; absent: now.",
	"EncryptionContext": "Pairs that the encryption context of the request had, each of them.",
	"ErrorCode":         "The error that the request was refused with, as the record has it.",
	"EventCategory":     "Asks for unusual activity, of which there is none, and not for events.",
	"EventId":           "The event, by its id.",
	"EventName":         "The operation, by its name, or what a service did of its own accord.",
	"EventSource":       "The service, as kms.amazonaws.com.",
	"EventTime":         "When the request was answered.",
	"Events":            "The events, from the newest to the oldest.",
	"LookupAttributes":  "What the events are found by: one attribute or none.",
	"MaxResults":        "How many events a page has at most: 1 to 50, and 50 if it is absent.",
	"NextToken": "Where the next page begins, as the page before has told; absent: there is none. A " +
		"page may be short, or have no events, and yet have one.",
	"ReadOnly":        "Whether it changed nothing, as true or false.",
	"Resource":        "What the request was about, by its ARN or its name.",
	"ResourceName":    "What the event was about, by its name or ARN, as the record has it.",
	"ResourceType":    "The kind of what the event was about, as AWS::KMS::Key.",
	"Resources":       "What the event was about; an empty list if the record doesn't say.",
	"SourceIPAddress": "Where the request came from.",
	"StartTime": "The first second in which events were that are asked for; absent: 90 days ago, and " +
		"with SearchEvents the first that there are.",
	"Username": "Who asked: the user, root, or the name that a role's session was given.",
}
