package servicetest_test

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// What is known of SNS beside what the types say. docs/compatibility-sns.md is made of it; see
// compatibility_test.go. The SDK's client is for phones and apps, too.
var coverageOfTopics = coverage{
	service: "sns", title: "SNS",
	client: reflect.TypeFor[*sns.Client](), least: len(topicOperations),
	part: topicOperations,
	page: "docs/compatibility-sns.md", source: "coveragetopics_test.go",
	limited: limitedOfTopics, proofs: proofsOfTopics,
	proven: []string{"service/servicetest", "topics"},
}

// topicOperations are the operations of SNS that are on topics and their subscriptions.
var topicOperations = []string{"AddPermission", "ConfirmSubscription", "CreateTopic", "DeleteTopic",
	"GetSubscriptionAttributes", "GetTopicAttributes", "ListSubscriptions",
	"ListSubscriptionsByTopic", "ListTagsForResource", "ListTopics", "Publish", "PublishBatch",
	"RemovePermission", "SetSubscriptionAttributes", "SetTopicAttributes", "Subscribe",
	"TagResource", "Unsubscribe", "UntagResource"}

var limitedOfTopics = map[string]string{
	"*.MessageGroupId":                  "keeps the order of messages to each receiver; topics are no FIFO topics",
	"*.SequenceNumber":                  "never there: it belongs to FIFO topics",
	"PublishBatch.Failed":               "always empty: what is wrong with one entry fails the call",
	"BatchResultErrorEntry.Code":        "never there",
	"BatchResultErrorEntry.Id":          "never there",
	"BatchResultErrorEntry.Message":     "never there",
	"BatchResultErrorEntry.SenderFault": "never there",
	"Subscribe.Protocol":                "`http`, `https`, `email` and `email-json`",
}

var proofsOfTopics = map[string][]string{
	"AddPermission":             {"TestTopics_OtherAccount_IsLetInByThePolicy"},
	"ConfirmSubscription":       {"TestTopics_GuardedSubscription_EndsByASignedRequestAlone"},
	"CreateTopic":               {"TestTopics_BadInput_IsRefusedInAWSsWords"},
	"DeleteTopic":               {"TestTopic_MadeSetAndDeleted_IsAsItWasSaid"},
	"GetSubscriptionAttributes": {"TestSubscription_Attributes_AreAsTheyWereSet"},
	"GetTopicAttributes":        {"TestTopic_MadeSetAndDeleted_IsAsItWasSaid"},
	"ListSubscriptions":         {"TestSubscriptions_Pages_HaveAllOnce"},
	"ListSubscriptionsByTopic":  {"TestSubscriptions_Pages_HaveAllOnce"},
	"ListTagsForResource":       {"TestTopic_Tags_AreAddedAndTaken"},
	"ListTopics":                {"TestTopics_Pages_HaveAllOnce"},
	"Publish": {"TestPublish_OverHTTPS_IsAWSsFormAndSigned", "TestTopics_BadInput_IsRefusedInAWSsWords",
		"TestPublish_Order_IsKeptByGroup"},
	"PublishBatch":              {"TestPublishBatch_OneBadEntry_FailsTheCall"},
	"RemovePermission":          {"TestTopics_OtherAccount_IsLetInByThePolicy"},
	"SetSubscriptionAttributes": {"TestSubscription_Attributes_AreAsTheyWereSet"},
	"SetTopicAttributes":        {"TestTopic_MadeSetAndDeleted_IsAsItWasSaid"},
	"Subscribe":                 {"TestSubscription_Attributes_AreAsTheyWereSet"},
	"TagResource":               {"TestTopic_Tags_AreAddedAndTaken"},
	"Unsubscribe":               {"TestTopics_GuardedSubscription_EndsByASignedRequestAlone"},
	"UntagResource":             {"TestTopic_Tags_AreAddedAndTaken"},

	"BatchResultErrorEntry": {"TestPublishBatch_OneBadEntry_FailsTheCall"},
	"MessageAttributeValue": {"TestPublish_OverHTTPS_IsAWSsFormAndSigned"},
	"PublishBatchRequestEntry": {"TestPublishBatch_OneBadEntry_FailsTheCall",
		"TestPublish_OverHTTPS_IsAWSsFormAndSigned", "TestTopics_BadInput_IsRefusedInAWSsWords",
		"TestPublish_Order_IsKeptByGroup"},
	"PublishBatchResultEntry": {"TestPublishBatch_OneBadEntry_FailsTheCall",
		"TestPublish_Order_IsKeptByGroup"},
	"Subscription": {"TestSubscriptions_Pages_HaveAllOnce",
		"TestTopics_OtherAccount_IsLetInByThePolicy"},
	"Tag":   {"TestTopic_Tags_AreAddedAndTaken"},
	"Topic": {"TestTopics_Pages_HaveAllOnce"},
}
