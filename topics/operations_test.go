package topics_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/topics"
)

func TestTopic_MadeSetAndDeleted_IsAsItWasSaid(t *testing.T) {
	s := start(t)
	arn := must[topics.CreateTopicOutput](s, "CreateTopic", M{"Name": "t",
		"Attributes": M{"DisplayName": "d", "FifoTopic": "false"}}).TopicArn
	if arn != prefix+"t" {
		t.Errorf("it is %s", arn)
	}
	again := must[topics.CreateTopicOutput](s, "CreateTopic", M{"Name": "t",
		"Attributes": M{"DisplayName": "d"}})
	if again.TopicArn != arn {
		t.Errorf("made again it is %s", again.TopicArn)
	}
	want := map[string]string{"TopicArn": arn, "Owner": account, "DisplayName": "d",
		"Policy": `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID",` +
			`"Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes",` +
			`"SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe",` +
			`"SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"` + arn + `",` +
			`"Condition":{"StringEquals":{"AWS:SourceOwner":"` + account + `"}}}]}`,
		"EffectiveDeliveryPolicy": `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,` +
			`"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,` +
			`"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,` +
			`"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`,
		"SubscriptionsConfirmed": "0", "SubscriptionsPending": "0", "SubscriptionsDeleted": "0"}
	if got := s.attributes(arn); !maps.Equal(got, want) {
		t.Errorf("it has %v\nwant   %v", got, want)
	}
	const open = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sns:publish","Resource":"*"}}`
	for _, c := range []struct{ name, value, want string }{
		{"DisplayName", "", ""},
		{"SignatureVersion", "2", "2"},
		{"KmsMasterKeyId", "alias/aws/sns", "alias/aws/sns"},
		{"Policy", open, open},
		{"TracingConfig", "PassThrough", "PassThrough"},
	} {
		s.Do("SetTopicAttributes", M{"TopicArn": arn, "AttributeName": c.name,
			"AttributeValue": c.value})
		if got := s.attributes(arn)[c.name]; got != c.want {
			t.Errorf("%s is %q", c.name, got)
		}
	}
	s.subscribe(arn, "https", s.receiver.URL, nil)
	s.Do("DeleteTopic", M{"TopicArn": arn})
	s.Do("DeleteTopic", M{"TopicArn": arn})
	s.Refused("GetTopicAttributes", M{"TopicArn": arn}, "NotFound", "Topic does not exist")
	s.topic("t")
	if got := s.attributes(arn); got["SubscriptionsConfirmed"] != "0" || got["KmsMasterKeyId"] != "" {
		t.Errorf("made anew it has %v", got)
	}
}

func TestTopic_Tags_AreAddedAndTaken(t *testing.T) {
	s := start(t)
	arn := must[topics.CreateTopicOutput](s, "CreateTopic", M{"Name": "t",
		"Tags": []M{{"Key": "b", "Value": "1"}}}).TopicArn
	s.Do("TagResource", M{"ResourceArn": arn, "Tags": []M{{"Key": "a", "Value": "2"},
		{"Key": "b", "Value": "3"}}})
	list := func() string {
		return fmt.Sprint(must[topics.ListTagsForResourceOutput](s, "ListTagsForResource",
			M{"ResourceArn": arn}).Tags)
	}
	if got := list(); got != "[{a 2} {b 3}]" {
		t.Errorf("they are %s", got)
	}
	s.Do("UntagResource", M{"ResourceArn": arn, "TagKeys": []string{"b", "absent"}})
	if got := list(); got != "[{a 2}]" {
		t.Errorf("they are %s", got)
	}
}

func TestSubscription_Attributes_AreAsTheyWereSet(t *testing.T) {
	s := start(t)
	topic := s.topic("t")
	const filter = `{"kind":["a"]}`
	sub := s.subscribe(topic, "https", s.receiver.URL,
		M{"FilterPolicy": filter, "RawMessageDelivery": "true"})
	want := map[string]string{"SubscriptionArn": sub, "TopicArn": topic, "Protocol": "https",
		"Endpoint": s.receiver.URL, "Owner": account, "FilterPolicy": filter,
		"SubscriptionPrincipal": "arn:aws:iam::" + account + ":root", "PendingConfirmation": "false",
		"ConfirmationWasAuthenticated": "true", "RawMessageDelivery": "true",
		"FilterPolicyScope": "MessageAttributes",
		"EffectiveDeliveryPolicy": `{"healthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,` +
			`"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,` +
			`"backoffFunction":"linear"},"sicklyRetryPolicy":null,"throttlePolicy":null,` +
			`"requestPolicy":{"headerContentType":"text/plain; charset=UTF-8"},"guaranteed":false}`}
	if got := s.attributes(sub); !maps.Equal(got, want) {
		t.Errorf("it has %v\nwant   %v", got, want)
	}
	set := func(name, value string) map[string]string {
		s.Do("SetSubscriptionAttributes", M{"SubscriptionArn": sub, "AttributeName": name,
			"AttributeValue": value})
		return s.attributes(sub)
	}
	if got := set("FilterPolicyScope", "MessageBody"); got["FilterPolicyScope"] != "MessageBody" {
		t.Errorf("it has %v", got)
	}
	set("FilterPolicy", `{"a":{"b":["c"]}}`)
	s.Refused("SetSubscriptionAttributes", M{"SubscriptionArn": sub,
		"AttributeName": "FilterPolicyScope", "AttributeValue": "MessageAttributes"},
		"InvalidParameter", "")
	if got := set("FilterPolicy", "{}"); got["FilterPolicy"] != "" || got["FilterPolicyScope"] != "" {
		t.Errorf("without a filter policy it has %v", got)
	}
	set("DeliveryPolicy", `{"healthyRetryPolicy":{"numRetries":5,"minDelayTarget":1,"maxDelayTarget":2}}`)
	var effective struct {
		Retries struct{ NumRetries int } `json:"healthyRetryPolicy"`
	}
	err := json.Unmarshal([]byte(s.attributes(sub)["EffectiveDeliveryPolicy"]), &effective)
	if err != nil || effective.Retries.NumRetries != 5 {
		t.Errorf("it has %+v, %v", effective, err)
	}
	s.Do("SetTopicAttributes", M{"TopicArn": topic, "AttributeName": "DeliveryPolicy",
		"AttributeValue": `{"http":{"disableSubscriptionOverrides":true}}`})
	err = json.Unmarshal([]byte(s.attributes(sub)["EffectiveDeliveryPolicy"]), &effective)
	if err != nil || effective.Retries.NumRetries != 3 {
		t.Errorf("where the topic decides it has %+v, %v", effective, err)
	}
}

// TestSubscribe_SameEndpointAgain_IsTheSame, and is asked once more while it isn't confirmed.
func TestSubscribe_SameEndpointAgain_IsTheSame(t *testing.T) {
	s := start(t)
	topic := s.topic("t")
	in := M{"TopicArn": topic, "Protocol": "https", "Endpoint": s.receiver.URL,
		"ReturnSubscriptionArn": true}
	first := must[topics.SubscribeOutput](s, "Subscribe", in).SubscriptionArn
	again := must[topics.SubscribeOutput](s, "Subscribe", in).SubscriptionArn
	s.deliver()
	if n := len(s.receiver.All()); first != again || n != 2 {
		t.Errorf("%s and %s were asked %d times", first, again, n)
	}
	delete(in, "ReturnSubscriptionArn")
	s.Do("Subscribe", in)
	s.confirm(topic)
	if got := must[topics.SubscribeOutput](s, "Subscribe", in).SubscriptionArn; got != first {
		t.Errorf("once it is confirmed it is %s", got)
	}
	s.deliver()
	if n := len(s.receiver.All()); n != 0 {
		t.Errorf("it was asked %d times more", n)
	}
	s.Do("Unsubscribe", M{"SubscriptionArn": first})
	if got := s.subscribe(topic, "https", s.receiver.URL, nil); got == first {
		t.Errorf("anew it is the same")
	}
}

func TestConfirmSubscription_TopicIsGone_IsRefused(t *testing.T) {
	s := start(t)
	topic := s.topic("t")
	s.Do("Subscribe", M{"TopicArn": topic, "Protocol": "https", "Endpoint": s.receiver.URL})
	s.deliver()
	in := M{"TopicArn": topic, "Token": s.token()}
	s.Do("DeleteTopic", M{"TopicArn": topic})
	s.Refused("ConfirmSubscription", in, "NotFound", "Topic does not exist")
}

func TestSubscription_NeverConfirmed_GoesAfterTwoDays(t *testing.T) {
	s := start(t)
	topic := s.topic("t")
	kept := s.subscribe(topic, "https", s.receiver.URL+"/kept", nil)
	s.Do("Subscribe", M{"TopicArn": topic, "Protocol": "https", "Endpoint": s.receiver.URL})
	s.deliver()
	token := s.token()
	s.Clock.Pass(47 * time.Hour)
	s.Kit.Jobs.RunDue(t.Context())
	if got := s.attributes(topic)["SubscriptionsPending"]; got != "1" {
		t.Errorf("after 47 hours %s wait", got)
	}
	s.Clock.Pass(2 * time.Hour)
	s.Refused("ConfirmSubscription", M{"TopicArn": topic, "Token": token}, "InvalidParameter",
		"Invalid parameter: Token")
	s.Kit.Jobs.RunDue(t.Context())
	got := s.attributes(topic)
	if got["SubscriptionsPending"] != "0" || got["SubscriptionsConfirmed"] != "1" {
		t.Errorf("after 49 hours it has %v; the log says %s", got, s.Log)
	}
	s.attributes(kept)
}

func TestSubscribe_MoreThanATopicMayHave_IsRefused(t *testing.T) {
	s := start(t)
	topic := s.topic("t")
	for i := range 1000 {
		s.Do("Subscribe", M{"TopicArn": topic, "Protocol": "email",
			"Endpoint": fmt.Sprintf("a%d@example.com", i)})
	}
	s.Refused("Subscribe", M{"TopicArn": topic, "Protocol": "email", "Endpoint": "b@example.com"},
		"SubscriptionLimitExceeded", "")
}

func TestTopics_Pages_HaveAllOnce(t *testing.T) {
	s := start(t)
	want := map[string]bool{}
	for i := range 101 {
		want[s.topic(fmt.Sprintf("t%d", i))] = true
	}
	in := M{}
	for {
		out := must[topics.ListTopicsOutput](s, "ListTopics", in)
		for _, one := range out.Topics {
			if !want[one.TopicArn] {
				t.Errorf("%s comes twice", one.TopicArn)
			}
			delete(want, one.TopicArn)
		}
		if out.NextToken == "" {
			break
		}
		in["NextToken"] = out.NextToken
	}
	if len(want) > 0 {
		t.Errorf("there lack %v", want)
	}
}

func TestSubscriptions_Pages_HaveAllOnce(t *testing.T) {
	s := start(t)
	one, other := s.topic("a"), s.topic("b")
	for i := range 101 {
		s.Do("Subscribe", M{"TopicArn": one, "Protocol": "email",
			"Endpoint": fmt.Sprintf("a%d@example.com", i)})
	}
	s.Do("Subscribe", M{"TopicArn": other, "Protocol": "email", "Endpoint": "a@example.com"})
	ofOne, ofAll := map[string]bool{}, map[string]bool{}
	for in := (M{"TopicArn": one}); ; {
		out := must[topics.ListSubscriptionsByTopicOutput](s, "ListSubscriptionsByTopic", in)
		for _, sub := range out.Subscriptions {
			ofOne[sub.Endpoint] = sub.SubscriptionArn == "PendingConfirmation" && sub.Owner == account
		}
		if in["NextToken"] = out.NextToken; out.NextToken == "" {
			break
		}
	}
	for in := (M{}); ; {
		out := must[topics.ListSubscriptionsOutput](s, "ListSubscriptions", in)
		for _, sub := range out.Subscriptions {
			ofAll[sub.TopicArn+sub.Endpoint] = true
		}
		if in["NextToken"] = out.NextToken; out.NextToken == "" {
			break
		}
	}
	if len(ofOne) != 101 || len(ofAll) != 102 || !ofOne["a7@example.com"] {
		t.Errorf("of the topic there are %d, and of the account %d", len(ofOne), len(ofAll))
	}
}

// TestPublishFor_Service_IsLetInByThePolicyAlone: the account's own rules, too. What comes again
// has the same id.
func TestPublishFor_Service_IsLetInByThePolicyAlone(t *testing.T) {
	s := start(t)
	topic := s.topic("t")
	s.subscribe(topic, "https", s.receiver.URL, nil)
	const rule = "arn:aws:events:" + region + ":" + account + ":rule/r"
	publish := func(id string) error {
		return s.PublishFor(t.Context(), topics.Published{Account: account, Region: region,
			TopicARN: topic, Service: "events", Source: rule, ID: id, Order: "key", Text: `{"id":"1"}`})
	}
	if f := fault.Of(publish("1")); f == nil || f.Kind != fault.Denied {
		t.Errorf("by the default policy it is %v", f)
	}
	s.Do("SetTopicAttributes", M{"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": `{"Statement":` +
		`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish",` +
		`"Resource":"` + topic + `","Condition":{"ArnEquals":{"aws:SourceArn":"` + rule + `"}}}}`})
	for _, id := range []string{"1", "1", "2"} {
		if err := publish(id); err != nil {
			t.Fatal(err)
		}
	}
	s.deliver()
	all := s.receiver.All()
	if len(all) != 3 {
		t.Fatalf("%d came", len(all))
	}
	a, b, c := all[0].Message(t), all[1].Message(t), all[2].Message(t)
	if a.MessageId != b.MessageId || c.MessageId == a.MessageId || a.Message != `{"id":"1"}` ||
		a.Subject != nil {
		t.Errorf("they are %+v", all)
	}
}

// TestPublish_AttributeWithoutType_IsRefusedInAWSsWords: they name the attribute (recorded).
func TestPublish_AttributeWithoutType_IsRefusedInAWSsWords(t *testing.T) {
	s := start(t)
	topic := s.topic("t")
	untyped := M{"a": M{"DataType": "String", "StringValue": "b"}, "kind": M{"StringValue": "b"}}
	s.Refused("Publish", M{"TopicArn": topic, "Message": "m", "MessageAttributes": untyped},
		"ValidationError", "1 validation error detected: Value null at "+
			"'messageAttributes.kind.member.dataType' failed to satisfy constraint: "+
			"Member must not be null")
	s.Refused("PublishBatch", M{"TopicArn": topic, "PublishBatchRequestEntries": []M{
		{"Id": "1", "Message": "m", "MessageAttributes": untyped}}},
		"ValidationError", "1 validation error detected: Value null at "+
			"'publishBatchRequestEntries.1.member.messageAttributes.kind.member.dataType' "+
			"failed to satisfy constraint: Member must not be null")
}
