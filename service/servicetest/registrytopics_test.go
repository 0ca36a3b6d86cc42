package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// stageTopics makes the topic that a request needs, with a tag and a subscription that is
// confirmed, and another one that isn't.
func stageTopics(t testing.TB, s *servicetest.Server, request, unique string) (there,
	absent []string) {
	t.Helper()
	if !strings.Contains(request, "TOPIC") && !strings.Contains(request, "SUBSCRIPTION") {
		return nil, nil
	}
	c := s.SNS()
	topic := must(c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("w-" + unique),
		Tags: []types.Tag{{Key: aws.String("t"), Value: aws.String("v")}}}))(t).TopicArn
	const gone = "arn:aws:sns:us-east-1:111122223333:absent"
	subscription := subscribed(t, s, topic, s.Receiver.URL+"/w/"+unique)
	there = []string{"TOPIC", *topic, "SUBSCRIPTION", subscription,
		"RECEIVER", s.Receiver.URL + "/new/" + unique}
	absent = []string{"TOPIC", gone, "SUBSCRIPTION", gone + ":" + unique,
		"RECEIVER", s.Receiver.URL + "/new/" + unique}
	if strings.Contains(request, "CONFIRMATION") {
		must(c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic,
			Protocol: aws.String("https"), Endpoint: aws.String(s.Receiver.URL + "/x/" + unique)}))(t)
		token := s.Token(t, *topic)
		there, absent = append(there, "CONFIRMATION", token), append(absent, "CONFIRMATION", token)
	}
	s.AwaitDeliveries(t)
	return there, absent
}

// subscribed subscribes a URL of the receiver to a topic, and confirms that.
func subscribed(t testing.TB, s *servicetest.Server, topic *string, endpoint string) string {
	t.Helper()
	c := s.SNS()
	must(c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic,
		Protocol: aws.String("https"), Endpoint: &endpoint}))(t)
	out := must(c.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: topic,
		Token: aws.String(s.Token(t, *topic))}))(t)
	return *out.SubscriptionArn
}
