package servicetest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"
	"claviger/topics/topicstest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
)

// ofTopics asks as the SDK does.
type ofTopics struct {
	testing.TB
	s *servicetest.Server
	*sns.Client
}

func topicsOf(t testing.TB) ofTopics {
	t.Helper()
	s := servicetest.Start(t)
	return ofTopics{t, s, s.SNS()}
}

func (o ofTopics) topic(name string) *string {
	o.Helper()
	return must(o.CreateTopic(o.Context(), &sns.CreateTopicInput{Name: &name}))(o).TopicArn
}

// next is what comes to the receiver next.
func (o ofTopics) next() topicstest.Received {
	o.Helper()
	return o.s.Receiver.Await(o, 1)[0]
}

// follow gets a link as a browser or a mail program does, unsigned.
func (o ofTopics) follow(link string) (status int, body string) {
	o.Helper()
	a, err := http.Get(link)
	accepted(o, err)
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	accepted(o, err)
	return a.StatusCode, string(b)
}

// TestTopics_LinksOfMessages_NeedNoSignature: a subscription is confirmed, ended and taken up again
// by whoever has the links that were sent, and each of them may come twice.
func TestTopics_LinksOfMessages_NeedNoSignature(t *testing.T) {
	o := topicsOf(t)
	topic, mark := o.topic("links"), o.s.Mark(t)
	must(o.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("https"),
		Endpoint: aws.String(o.s.Receiver.URL + "/hook")}))(t)
	asked := o.next()
	o.s.Verify(t, asked)
	confirm := asked.Message(t).SubscribeURL
	for range 2 {
		status, body := o.follow(confirm)
		if status != 200 || !strings.Contains(body, "<ConfirmSubscriptionResult>") ||
			!strings.Contains(body, `<ConfirmSubscriptionResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">`) ||
			!strings.Contains(body, "<SubscriptionArn>"+*topic+":") {
			t.Fatalf("confirming answers %d %s", status, body)
		}
	}
	must(o.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: aws.String("m")}))(t)
	told := o.next()
	o.s.Verify(t, told)
	for range 2 {
		if status, body := o.follow(told.Message(t).UnsubscribeURL); status != 200 {
			t.Fatalf("unsubscribing answers %d %s", status, body)
		}
	}
	ended := o.next()
	o.s.Verify(t, ended)
	if m := ended.Message(t); m.Type != "UnsubscribeConfirmation" ||
		ended.Get("X-Amz-Sns-Subscription-Arn") != told.Get("X-Amz-Sns-Subscription-Arn") {
		t.Errorf("it is told of its end by %s", ended.Body)
	}
	if status, body := o.follow(confirm); status != 400 ||
		!strings.Contains(body, "<Code>InvalidParameter") {
		t.Errorf("the token of before answers %d %s", status, body)
	}
	if status, body := o.follow(ended.Message(t).SubscribeURL); status != 200 {
		t.Errorf("taking it up again answers %d %s", status, body)
	}
	must(o.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: aws.String("again")}))(t)
	if got := o.next().Message(t); got.Message != "again" {
		t.Errorf("it was told %+v", got)
	}
	confirmed := 0
	for _, r := range o.s.Trail(t, mark) {
		if r.EventName == "ConfirmSubscription" && r.ErrorCode == "" {
			confirmed++
			if r.UserIdentity.Type != "AWSAccount" || r.AWSRegion != servicetest.Region ||
				r.RecipientAccountID != servicetest.Account || strings.Contains(r.Line, "Token") {
				t.Errorf("it is recorded as %s", r.Line)
			}
		}
	}
	if confirmed != 3 {
		t.Errorf("%d confirmations are recorded", confirmed)
	}
}

// TestTopics_LinksThatAreNone_AreRefused, and nobody learns whether there is such a topic.
func TestTopics_LinksThatAreNone_AreRefused(t *testing.T) {
	o := topicsOf(t)
	topic := *o.topic("none")
	long := strings.Repeat("a", 100)
	for query, want := range map[string]string{
		"Action=ConfirmSubscription&TopicArn=" + topic + "&Token=abc":      "Invalid token",
		"Action=ConfirmSubscription&TopicArn=" + topic + "&Token=" + long:  "Invalid parameter: Token",
		"Action=ConfirmSubscription&TopicArn=" + topic + "x&Token=" + long: "Invalid parameter: Token",
		"Action=ConfirmSubscription&TopicArn=abc&Token=" + long: "Invalid parameter: TopicArn Reason: " +
			"An ARN must have at least 6 elements, not 1",
		"Action=ConfirmSubscription&TopicArn=arn:aws:sns:mars-1:111122223333:t&Token=" + long: "Invalid parameter: Topic",
		"Action=Unsubscribe&SubscriptionArn=" + topic + ":" + long:                            "Subscription does not exist",
		"Action=Publish&TopicArn=" + topic + "&Message=m":                                     "Missing Authentication Token",
	} {
		status, body := o.follow(o.s.URL + "/?" + query)
		if status/100 != 4 || !strings.Contains(body, "<Message>"+want) &&
			!strings.Contains(body, "MissingAuthenticationToken") {
			t.Errorf("%s answers %d %s, want %s", query, status, body, want)
		}
	}
	for _, path := range []string{"/SimpleNotificationService-" + strings.Repeat("0", 32) + ".pem",
		"/SimpleNotificationService-.pem", "/SimpleNotificationService.pem"} {
		if status, _ := o.follow(o.s.URL + path); status != 404 {
			t.Errorf("%s answers %d", path, status)
		}
	}
}

// TestTopics_GuardedSubscription_EndsByASignedRequestAlone.
func TestTopics_GuardedSubscription_EndsByASignedRequestAlone(t *testing.T) {
	o := topicsOf(t)
	topic := o.topic("guarded")
	must(o.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("https"),
		Endpoint: aws.String(o.s.Receiver.URL)}))(t)
	asked := o.next().Message(t)
	if status, body := o.follow(asked.SubscribeURL + "&AuthenticateOnUnsubscribe=true"); status != 403 ||
		!strings.Contains(body, "<Code>AuthorizationError</Code>") {
		t.Errorf("unsigned it answers %d %s", status, body)
	}
	sub := must(o.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: topic,
		Token: &asked.Token, AuthenticateOnUnsubscribe: aws.String("true")}))(t).SubscriptionArn
	set := must(o.GetSubscriptionAttributes(t.Context(),
		&sns.GetSubscriptionAttributesInput{SubscriptionArn: sub}))(t).Attributes
	if set["ConfirmationWasAuthenticated"] != "true" {
		t.Errorf("it has %v", set)
	}
	if status, body := o.follow(o.s.URL + "/?Action=Unsubscribe&SubscriptionArn=" + *sub); status != 403 {
		t.Errorf("the link answers %d %s", status, body)
	}
	_, err := o.s.SNS(o.s.AsNobody()).Unsubscribe(t.Context(),
		&sns.UnsubscribeInput{SubscriptionArn: sub})
	refused(t, err, "AuthorizationError", "User: "+servicetest.NobodyARN+" is not authorized to perform: "+
		"SNS:Unsubscribe on resource: "+*topic+" because no identity-based policy allows the SNS:Unsubscribe action")
	must(o.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: sub}))(t)
}

// TestTopics_OtherAccount_IsLetInByThePolicy, and then subscribes for itself.
func TestTopics_OtherAccount_IsLetInByThePolicy(t *testing.T) {
	o := topicsOf(t)
	const other = "444455556666"
	them := o.s.SNS(servicetest.As(o.s.RootOf(t, other)))
	topic := o.topic("shared")
	publish := func() error {
		_, err := them.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: aws.String("m")})
		return err
	}
	refused(t, publish(), "AuthorizationError", "User: arn:aws:iam::"+other+":root is not authorized "+
		"to perform: SNS:Publish on resource: "+*topic+" because no resource-based policy allows the "+
		"SNS:Publish action")
	must(o.AddPermission(t.Context(), &sns.AddPermissionInput{TopicArn: topic, Label: aws.String("l"),
		AWSAccountId: []string{other}, ActionName: []string{"Publish", "Subscribe"}}))(t)
	accepted(t, publish())
	must(them.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic,
		Protocol: aws.String("https"), Endpoint: aws.String(o.s.Receiver.URL)}))(t)
	if status, body := o.follow(o.next().Message(t).SubscribeURL); status != 200 {
		t.Fatalf("confirming answers %d %s", status, body)
	}
	theirs := must(them.ListSubscriptions(t.Context(), &sns.ListSubscriptionsInput{}))(t).Subscriptions
	mine := must(o.ListSubscriptions(t.Context(), &sns.ListSubscriptionsInput{}))(t).Subscriptions
	if len(theirs) != 1 || *theirs[0].Owner != other || *theirs[0].TopicArn != *topic ||
		len(mine) != 0 {
		t.Errorf("they have %+v, and we %+v", theirs, mine)
	}
	must(them.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{
		SubscriptionArn: theirs[0].SubscriptionArn, AttributeName: aws.String("RawMessageDelivery"),
		AttributeValue: aws.String("true")}))(t)
	accepted(t, publish())
	if got := o.next(); got.Body != "m" {
		t.Errorf("they got %s", got.Body)
	}
	must(o.RemovePermission(t.Context(), &sns.RemovePermissionInput{TopicArn: topic,
		Label: aws.String("l")}))(t)
	if publish() == nil {
		t.Error("they may still publish")
	}
	must(them.Unsubscribe(t.Context(), &sns.UnsubscribeInput{
		SubscriptionArn: theirs[0].SubscriptionArn}))(t)
}

// TestTopics_FilterPolicies_LetThroughWhatTheySay, by attributes and by the message itself.
func TestTopics_FilterPolicies_LetThroughWhatTheySay(t *testing.T) {
	o := topicsOf(t)
	topic := o.topic("filtered")
	for path, set := range map[string]map[string]string{
		"/attributes": {"FilterPolicy": `{"kind":["alarm",{"prefix":"al"}],"level":[{"numeric":[">",3]}]}`},
		"/body":       {"FilterPolicy": `{"a":{"b":[1]}}`, "FilterPolicyScope": "MessageBody"},
	} {
		must(o.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("https"),
			Endpoint: aws.String(o.s.Receiver.URL + path), Attributes: set}))(t)
		o.follow(o.next().Message(t).SubscribeURL)
	}
	number := func(n string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("Number"), StringValue: &n}
	}
	text := func(s string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
	}
	list := types.MessageAttributeValue{DataType: aws.String("String.Array"),
		StringValue: aws.String(`["x","alarm"]`)}
	for _, c := range []struct {
		message string
		with    map[string]types.MessageAttributeValue
		want    int
	}{
		{"plain", nil, 0},
		{`{"a":{"b":1}}`, nil, 1},
		{`{"a":{"b":2}}`, nil, 0},
		{"plain", map[string]types.MessageAttributeValue{"kind": text("alert"), "level": number("4")}, 1},
		{"plain", map[string]types.MessageAttributeValue{"kind": list, "level": number("3.5")}, 1},
		{"plain", map[string]types.MessageAttributeValue{"kind": list, "level": number("3")}, 0},
		{"plain", map[string]types.MessageAttributeValue{"kind": list, "level": text("4")}, 0},
		{`{"a":{"b":[2,1]}}`, map[string]types.MessageAttributeValue{"kind": list, "level": number("9")}, 2},
	} {
		must(o.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: &c.message,
			MessageAttributes: c.with}))(t)
		o.s.AwaitDeliveries(t)
		if got := o.s.Receiver.All(); len(got) != c.want {
			t.Errorf("%s with %v went to %d, want %d", c.message, c.with, len(got), c.want)
		}
	}
}

// TestPublishBatch_OneBadEntry_FailsTheCall, and nothing is sent of the good ones. Without one all
// are answered by their ids.
func TestPublishBatch_OneBadEntry_FailsTheCall(t *testing.T) {
	o := topicsOf(t)
	topic := o.topic("batch")
	must(o.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("https"),
		Endpoint: aws.String(o.s.Receiver.URL)}))(t)
	o.follow(o.next().Message(t).SubscribeURL)
	entry := func(id, message string) types.PublishBatchRequestEntry {
		return types.PublishBatchRequestEntry{Id: &id, Message: &message}
	}
	attribute := func(name, kind, value string) map[string]types.MessageAttributeValue {
		return map[string]types.MessageAttributeValue{name: {DataType: &kind, StringValue: &value}}
	}
	publish := func(bad ...types.PublishBatchRequestEntry) (*sns.PublishBatchOutput, error) {
		return o.PublishBatch(t.Context(), &sns.PublishBatchInput{TopicArn: topic,
			PublishBatchRequestEntries: append([]types.PublishBatchRequestEntry{entry("a", "1"),
				entry("c", "3")}, bad...)})
	}
	asJSON, deduplicated := aws.String("json"), aws.String("d")
	for _, c := range []struct {
		bad           types.PublishBatchRequestEntry
		code, message string
	}{
		{types.PublishBatchRequestEntry{MessageAttributes: attribute("n", "Nope", "v")},
			"ParameterValueInvalid", "The message attribute 'n' has an invalid message attribute " +
				"type, the set of supported type prefixes is Binary, Number, and String."},
		{types.PublishBatchRequestEntry{MessageAttributes: attribute(".n", "String", "v")},
			"ParameterValueInvalid", "Invalid message attribute name starting or ending with " +
				"character '.' was found: .n"},
		{types.PublishBatchRequestEntry{MessageAttributes: attribute("n", "String", "")},
			"ParameterValueInvalid", "The message attribute 'n' must contain non-empty message " +
				"attribute value for message attribute type 'String'."},
		{types.PublishBatchRequestEntry{Subject: aws.String("line\nbreak")},
			"InvalidParameter", "Invalid parameter: Subject"},
		{types.PublishBatchRequestEntry{Message: aws.String("")},
			"InvalidParameter", "Invalid parameter: Empty message"},
		{types.PublishBatchRequestEntry{MessageStructure: asJSON, Message: aws.String(`{"http":"m"}`)},
			"InvalidParameter",
			"Invalid parameter: Message Structure - No default entry in JSON message body"},
		{types.PublishBatchRequestEntry{MessageStructure: asJSON},
			"InvalidParameter", "Invalid parameter: Message Structure - JSON message body failed to parse"},
		{types.PublishBatchRequestEntry{MessageDeduplicationId: deduplicated},
			"InvalidParameter", "Invalid parameter: MessageDeduplicationId Reason: The request includes " +
				"MessageDeduplicationId parameter that is not valid for this topic type"},
	} {
		c.bad.Id = aws.String("b")
		if c.bad.Message == nil {
			c.bad.Message = aws.String("2")
		}
		_, err := publish(c.bad)
		failed := new(smithy.APIError)
		if !errors.As(err, failed) || (*failed).ErrorCode() != c.code ||
			(*failed).ErrorMessage() != c.message {
			t.Errorf("%v, want %s: %s", err, c.code, c.message)
		}
	}
	out := must(publish())(t)
	if len(out.Successful) != 2 || *out.Successful[1].Id != "c" || len(out.Failed) != 0 {
		t.Errorf("it answers %+v", out)
	}
	if got := o.s.Receiver.Await(t, 2); len(got) != 2 || len(o.s.Receiver.All()) != 0 {
		t.Errorf("%d came", len(got))
	}
}

// TestTopics_OverREST_AreTheSame, with a message that is JSON.
func TestTopics_OverREST_AreTheSame(t *testing.T) {
	o := topicsOf(t)
	made := o.s.Send(t, servicetest.Request{Method: "POST", Path: "/v1/topics", Service: "sns",
		Body: []byte(`{"Name":"rest","Attributes":{"DisplayName":"d"}}`)})
	arn := "arn:aws:sns:us-east-1:111122223333:rest"
	if made.Status != 201 || made.Header.Get("Location") != "/v1/topics/"+arn {
		t.Fatalf("it answers %d %s %v", made.Status, made.Body, made.Header)
	}
	got := o.s.Send(t, servicetest.Request{Method: "GET", Path: "/v1/topics/" + arn, Service: "sns"})
	var out struct{ Attributes map[string]string }
	accepted(t, json.Unmarshal(got.Body, &out))
	if out.Attributes["DisplayName"] != "d" || out.Attributes["Owner"] != servicetest.Account {
		t.Errorf("it is %s", got.Body)
	}
}

// TestTopics_ByMail_ArriveAtPeople, whose confirmation is a link in the mail.
func TestTopics_ByMail_ArriveAtPeople(t *testing.T) {
	o := topicsOf(t)
	topic := o.topic("people")
	must(o.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("email"),
		Endpoint: aws.String("alice@example.com")}))(t)
	_, subject, text := o.s.Mails.Await(t, 1)[0].Read(t)
	_, link, _ := strings.Cut(text, o.s.URL)
	link, _, _ = strings.Cut(link, "\n")
	if status, body := o.follow(o.s.URL + link); status != 200 ||
		subject != "AWS Notification - Subscription Confirmation" {
		t.Fatalf("%s: the link answers %d %s", subject, status, body)
	}
	must(o.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Subject: aws.String("Fire"),
		Message: aws.String("Leave.")}))(t)
	if _, subject, text = o.s.Mails.Await(t, 1)[0].Read(t); subject != "Fire" ||
		!strings.HasPrefix(text, "Leave.\n\n--\n") {
		t.Errorf("it says %s: %s", subject, text)
	}
	_, err := o.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic,
		Protocol: aws.String("email"), Endpoint: aws.String("alice@elsewhere.example")})
	refused(t, err, "InvalidParameter", "Invalid parameter: Endpoint Reason: the configuration of this "+
		"service allows no mail to this address")
}

// confirming confirms whatever asks for it while a script runs.
func confirming(t *testing.T, s *servicetest.Server) {
	t.Setenv("RECEIVER", s.Receiver.URL)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			for _, got := range s.Receiver.All() {
				if got.Get("X-Amz-Sns-Message-Type") == "SubscriptionConfirmation" {
					if a, err := http.Get(got.Message(t).SubscribeURL); err == nil {
						a.Body.Close()
					}
				}
			}
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-done
	})
}

func TestTopicsAWSCLI_Script_Runs(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	s := servicetest.Start(t)
	confirming(t, s)
	runClient(t, s, "sh", "topics.sh")
}

func TestTopicsBoto3_Script_Runs(t *testing.T) {
	if exec.Command("python3", "-c", "import boto3").Run() != nil {
		t.Skip("python3 has no boto3: `make clients`")
	}
	s := servicetest.Start(t)
	confirming(t, s)
	if _, err := os.Stat("testdata/topics.py"); err != nil {
		t.Fatal(err)
	}
	runClient(t, s, "python3", "topics.py")
}
