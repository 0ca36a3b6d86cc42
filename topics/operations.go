package topics

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/topics/model"
)

var (
	routes = domain.Routes{Service: model.SNS}
	topics = routes.Of("/v1/topics", "TopicArn")
)

// The paths of a topic, of a subscription and of a topic's tags as resources.
const (
	aTopic        = "/v1/topics/{TopicArn...}"
	aSubscription = "/v1/subscriptions/{SubscriptionArn...}"
	tagsOf        = "/v1/topic-tags/{ResourceArn...}"
)

// Operations is the table of contents.
func (s *Topics) Operations() []op.Operation {
	return []op.Operation{
		op.Write(domain.Large(routes.Post("CreateTopic", "/v1/topics",
			"Makes a topic, or answers the one of that name.")).Makes("/v1/topics/{TopicArn}"),
			s.findNewTopic, s.createTopic),
		op.Read(routes.Get("ListTopics", "/v1/topics", "Lists the account's topics."),
			findAll[ListTopicsInput]("ListTopics"), s.listTopics),
		read(s, routes.Get("GetTopicAttributes", aTopic, "Returns what is set of a topic."),
			s.getTopicAttributes),
		change[op.None](s, domain.Large(topics.Put("SetTopicAttributes", "attributes",
			"Sets an attribute of a topic.")),
			s.setTopicAttributes),
		op.Write(routes.Delete("DeleteTopic", aTopic, "Deletes a topic with all its subscriptions."),
			s.findDeleted, s.deleteTopic),
		change[op.None](s, topics.Post("AddPermission", "permissions",
			"Lets other accounts in, by a statement of the topic's policy."),
			s.addPermission),
		change[op.None](s, topics.Delete("RemovePermission", "permissions",
			"Takes a statement out of the topic's policy."),
			s.removePermission),

		op.Write(domain.Large(topics.Post("Subscribe", "subscriptions",
			"Subscribes a URL or a mail address to a topic.")),
			s.findSubscribe, s.subscribe),
		op.UnsignedWrite(routes.Post("ConfirmSubscription", "/v1/subscription-confirmations",
			"Confirms a subscription, by the token that was sent."),
			s.identifyConfirming, s.findConfirmed, s.confirmSubscription),
		op.UnsignedWrite(routes.Delete("Unsubscribe", aSubscription, "Ends a subscription."),
			s.identifyLeaving, s.findLeft, s.unsubscribe),
		op.Read(routes.Get("ListSubscriptions", "/v1/subscriptions",
			"Lists the account's subscriptions."),
			findAll[ListSubscriptionsInput]("ListSubscriptions"), s.listSubscriptions),
		read(s, topics.Get("ListSubscriptionsByTopic", "subscriptions",
			"Lists the subscriptions of a topic."),
			s.listSubscriptionsByTopic),
		op.Read(routes.Get("GetSubscriptionAttributes", aSubscription,
			"Returns what is set of a subscription."),
			s.findReadSubscription, s.getSubscriptionAttributes),
		op.Write(domain.Large(routes.Put("SetSubscriptionAttributes", aSubscription,
			"Sets an attribute of a subscription.")),
			s.findChangedSubscription, s.setSubscriptionAttributes),

		op.Write(domain.Large(routes.Post("Publish", "/v1/topic-messages",
			"Sends a message to all who subscribe to a topic.")),
			s.findPublish, s.publishOne),
		op.Write(domain.Large(topics.Post("PublishBatch", "message-batches",
			"Sends up to ten messages to all who subscribe to a topic.")),
			s.findPublishBatch, s.publishBatch),

		change[TagResourceOutput](s, routes.Post("TagResource", tagsOf, "Adds tags to a topic or overwrites them."),
			s.tagResource),
		change[UntagResourceOutput](s, routes.Delete("UntagResource", tagsOf,
			"Removes tags from a topic."),
			s.untagResource),
		read(s, routes.Get("ListTagsForResource", tagsOf, "Lists the tags of a topic."),
			s.listTagsForResource),
	}
}
