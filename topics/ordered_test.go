package topics_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/topics"
)

// TestPublish_Order_IsKeptByGroup: a message that fails holds up those of its group and no other.
// No answer has a SequenceNumber, which belongs to FIFO topics.
func TestPublish_Order_IsKeptByGroup(t *testing.T) {
	s := start(t)
	topic := s.topic("ordered")
	s.subscribe(topic, "https", s.receiver.URL, M{"RawMessageDelivery": "true"})
	s.receiver.Answer(func(n int) int {
		if n == 1 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	for i := range 5 {
		out := must[topics.PublishOutput](s, "Publish", M{"TopicArn": topic, "Message": strconv.Itoa(i),
			"MessageGroupId": "g"})
		if out.MessageId == "" || out.SequenceNumber != nil {
			t.Errorf("it answers %+v", out)
		}
	}
	var got []string
	for range 3 {
		s.deliver()
		for _, one := range s.receiver.All() {
			got = append(got, one.Body)
		}
		s.Clock.Pass(time.Minute)
	}
	if text := strings.Join(got, " "); text != "0 0 1 2 3 4" {
		t.Errorf("they came as %s", text)
	}
}

func TestRemovePermission_LastStatement_LetsNobodyIn(t *testing.T) {
	s := start(t)
	topic := s.topic("t")
	s.Do("RemovePermission", M{"TopicArn": topic, "Label": "__default_statement_ID"})
	if got := s.attributes(topic)["Policy"]; got != `{"Version":"2008-10-17","Statement":[]}` {
		t.Errorf("the policy is %s", got)
	}
	s.Do("AddPermission", M{"TopicArn": topic, "Label": "l", "AWSAccountId": []string{"444455556666"},
		"ActionName": []string{"Publish", "GetTopicAttributes"}})
	want := `{"Version":"2008-10-17","Statement":[{"Sid":"l","Effect":"Allow","Principal":{"AWS":` +
		`"arn:aws:iam::444455556666:root"},"Action":["SNS:Publish","SNS:GetTopicAttributes"],"Resource":"` +
		topic + `"}]}`
	if got := s.attributes(topic)["Policy"]; got != want {
		t.Errorf("the policy is %s", got)
	}
}
