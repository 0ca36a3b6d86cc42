package model

import "claviger/internal/shape"

// members say what each member is for, in a sentence of ours. What a member means in one structure
// and not in all has that one's name before it.
var members = shape.Sentences{
	"AWSAccountId":  "The accounts that are let in, by their numbers.",
	"ActionName":    "What they may do, by the names of operations: Publish.",
	"AttributeName": "Which attribute is set.",
	"AttributeValue": "What it is set to. An empty text takes it away, where that can be; absent: " +
		"likewise.",
	"Attributes": "Attributes by their names. All values are texts.",
	"AuthenticateOnUnsubscribe": "true: only a signed request of the owner of topic or subscription " +
		"ends the subscription; absent: whoever has its link does, too.",
	"BinaryValue":            "The value of the type Binary, in Base64.",
	"DataProtectionPolicy":   "A policy on what messages may hold.",
	"DataType":               "String, String.Array, Number or Binary, or one of these with a name of one's own behind a dot.",
	"Endpoint":               "Where messages go: a URL, or a mail address.",
	"Failed":                 "The messages that were not published, with the reasons.",
	"Id":                     "The name of a message within its batch: letters, digits, hyphens and underscores.",
	"Label":                  "The name of a statement in the topic's policy.",
	"Message":                "What receivers get, up to 256 KiB.",
	"MessageAttributes":      "Attributes by their names, which filter policies go by and receivers get.",
	"MessageDeduplicationId": "Belongs to FIFO topics.",
	"MessageGroupId": "Messages to a subscription with one of these are sent in the order in which " +
		"they were published; those without are sent in any.",
	"MessageId":                  "The message's id, a UUID, which is the same in each attempt to deliver it.",
	"MessageStructure":           "json: Message is an object of texts by protocol, with one for default.",
	"Name":                       "The topic's name: letters, digits, hyphens and underscores, up to 256.",
	"NextToken":                  "Where the next page begins, as the page before has told; absent: there is none.",
	"Owner":                      "The account that has made the subscription.",
	"PhoneNumber":                "A phone that a message goes to.",
	"Protocol":                   "http, https, email or email-json.",
	"PublishBatchRequestEntries": "The messages, one to ten of them and up to 256 KiB in all.",
	"ResourceArn":                "The topic, by its ARN.",
	"ReturnSubscriptionArn": "Answers the subscription's ARN although it is still to be confirmed; " +
		"absent: false.",
	"SequenceNumber": "Belongs to FIFO topics.",
	"StringValue":    "The value of the other types.",
	"Subject":        "The subject of mails, up to 100 characters in a line.",
	"SubscriptionArn": "The subscription, by its ARN; of one that is still to be confirmed a list says " +
		"PendingConfirmation.",
	"Subscriptions": "The subscriptions of this page.",
	"Successful":    "The messages that were published.",
	"TagKeys":       "The keys of the tags to take away.",
	"Tags":          "Pairs that people and policies tell topics apart by.",
	"TargetArn":     "The topic, as TopicArn.",
	"Token":         "What came with the request for confirmation, or in its link.",
	"TopicArn":      "The topic, by its ARN.",
	"Topics":        "The topics of this page.",

	"BatchResultErrorEntry.Code":        "The error's name.",
	"BatchResultErrorEntry.Message":     "What is wrong.",
	"BatchResultErrorEntry.SenderFault": "Whether it is the sender's fault.",

	"Tag.Key":   "The tag's key, unique on its topic.",
	"Tag.Value": "The tag's value, which may be empty.",
}
