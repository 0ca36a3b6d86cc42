package topics_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/topics"
	"claviger/topics/topicstest"
)

// TestPublish_OverHTTPS_IsAWSsFormAndSigned goes the whole way: asked to confirm, confirmed, told.
func TestPublish_OverHTTPS_IsAWSsFormAndSigned(t *testing.T) {
	s := start(t)
	topic := s.topic("alarms")
	for _, version := range []string{"1", "2"} {
		s.Do("SetTopicAttributes", M{"TopicArn": topic, "AttributeName": "SignatureVersion",
			"AttributeValue": version})
		endpoint := s.receiver.URL + "/hook/" + version
		pending := must[topics.SubscribeOutput](s, "Subscribe", M{"TopicArn": topic,
			"Protocol": "https", "Endpoint": endpoint})
		if pending.SubscriptionArn != "pending confirmation" {
			t.Errorf("it answers %s", pending.SubscriptionArn)
		}
		s.Do("Publish", M{"TopicArn": topic, "Message": "too early"})
		s.deliver()
		all := s.receiver.All()
		all = slices.DeleteFunc(all, func(r topicstest.Received) bool {
			return version == "2" && r.Message(t).Type == "Notification" // of the first subscription
		})
		asked := all[len(all)-1]
		m := asked.Message(t)
		if len(all) != 1 || m.Type != "SubscriptionConfirmation" || m.TopicArn != topic ||
			m.SubscribeURL != url+"/?Action=ConfirmSubscription&TopicArn="+topic+"&Token="+m.Token ||
			m.SignatureVersion != version {
			t.Fatalf("it was asked %+v", all)
		}
		header(t, asked, "X-Amz-Sns-Message-Type", "SubscriptionConfirmation")
		header(t, asked, "X-Amz-Sns-Subscription-Arn", "")
		s.verify(asked)
		sub := must[topics.ConfirmSubscriptionOutput](s, "ConfirmSubscription",
			M{"TopicArn": topic, "Token": m.Token}).SubscriptionArn
		if text := strings.Join(s.Records(), "\n"); strings.Contains(text, m.Token) {
			t.Error("the trail has the token, by which whoever reads it could confirm")
		}

		id := must[topics.PublishOutput](s, "Publish", M{"TopicArn": topic, "Message": "m\né",
			"Subject": "s", "MessageAttributes": M{"a": M{"DataType": "String", "StringValue": "b"},
				"raw": M{"DataType": "Binary", "BinaryValue": "AQI="}}}).MessageId
		s.deliver()
		for _, got := range s.receiver.All() {
			n := got.Message(t)
			if n.MessageId != id || n.Message != "m\né" || *n.Subject != "s" ||
				n.MessageAttributes["a"].Value != "b" || n.MessageAttributes["raw"].Value != "AQI=" ||
				!strings.HasPrefix(n.UnsubscribeURL, url+"/?Action=Unsubscribe&SubscriptionArn="+topic) {
				t.Errorf("it is %s", got.Body)
			}
			header(t, got, "X-Amz-Sns-Message-Type", "Notification")
			header(t, got, "X-Amz-Sns-Message-Id", id)
			header(t, got, "X-Amz-Sns-Topic-Arn", topic)
			header(t, got, "X-Amz-Sns-Rawdelivery", "")
			header(t, got, "Content-Type", "text/plain; charset=UTF-8")
			header(t, got, "User-Agent", "Amazon Simple Notification Service Agent")
			header(t, got, "Accept-Encoding", "gzip,deflate")
			s.verify(got)
			sub = got.Header.Get("X-Amz-Sns-Subscription-Arn")
		}
		if !strings.HasPrefix(sub, topic+":") {
			t.Errorf("the subscription is %s", sub)
		}
	}
}

func header(t *testing.T, r interface{ Get(string) string }, name, want string) {
	t.Helper()
	if got := r.Get(name); got != want {
		t.Errorf("%s is %q, want %q", name, got, want)
	}
}

func TestPublish_Raw_IsTheTextAlone(t *testing.T) {
	s := start(t)
	topic := s.topic("raw")
	sub := s.subscribe(topic, "https", s.receiver.URL, M{"RawMessageDelivery": "true",
		"DeliveryPolicy": `{"requestPolicy":{"headerContentType":"text/csv"}}`})
	s.Do("Publish", M{"TopicArn": topic, "Message": "a;b", "Subject": "s",
		"MessageAttributes": M{"a": M{"DataType": "String", "StringValue": "b"}}})
	s.deliver()
	all := s.receiver.All()
	if len(all) != 1 || all[0].Body != "a;b" {
		t.Fatalf("it got %+v", all)
	}
	header(t, all[0], "X-Amz-Sns-Rawdelivery", "true")
	header(t, all[0], "Content-Type", "text/csv")
	header(t, all[0], "X-Amz-Sns-Subscription-Arn", sub)
}

// TestPublish_ManyReceivers_IsSignedOnce: what is signed is the same for all of them, and nobody
// who publishes waits for the device.
func TestPublish_ManyReceivers_IsSignedOnce(t *testing.T) {
	s := start(t)
	topic := s.topic("many")
	for _, path := range []string{"/a", "/b", "/c", "/d"} {
		s.subscribe(topic, "https", s.receiver.URL+path, nil)
	}
	before := s.TokenCalls.Load()
	s.Do("Publish", M{"TopicArn": topic, "Message": "m"})
	if n := s.TokenCalls.Load() - before; n != 0 {
		t.Errorf("publishing asked the token %d times", n)
	}
	s.deliver()
	if n := s.TokenCalls.Load() - before; n != 1 {
		t.Errorf("four deliveries asked the token %d times", n)
	}
	for _, got := range s.receiver.All() {
		s.verify(got)
	}
}

func TestPublish_ReceiverFails_IsTriedAsItsPolicySays(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		status    int
		attempts  []int // after each of three pauses
		delivered bool
	}{
		{http.StatusInternalServerError, []int{2, 1, 1, 0}, false},
		{http.StatusTooManyRequests, []int{2, 1, 1, 0}, false},
		{http.StatusNotFound, []int{1, 0, 0, 0}, false},
		{http.StatusFound, []int{1, 0, 0, 0}, false},
		{http.StatusAccepted, []int{1, 0, 0, 0}, true},
	} {
		s.receiver.Answer(func(int) int { return http.StatusOK })
		topic := s.topic("retries-" + strconv.Itoa(c.status))
		s.subscribe(topic, "https", s.receiver.URL, M{"DeliveryPolicy": `{"healthyRetryPolicy":` +
			`{"numRetries":3,"numNoDelayRetries":1,"minDelayTarget":10,"maxDelayTarget":10}}`})
		s.receiver.Answer(func(int) int { return c.status })
		dead := s.queue.Stats().Dead
		s.Do("Publish", M{"TopicArn": topic, "Message": "m"})
		ids := map[string]bool{}
		for pause, want := range c.attempts {
			s.deliver()
			all := s.receiver.All()
			if len(all) != want {
				t.Errorf("%d: after pause %d there were %d attempts, want %d", c.status, pause, len(all),
					want)
			}
			for _, got := range all {
				ids[got.Get("X-Amz-Sns-Message-Id")] = true
			}
			s.Clock.Pass(time.Minute)
		}
		if len(ids) != 1 || (s.queue.Stats().Dead == dead) != c.delivered {
			t.Errorf("%d: %d ids, and %d dead letters after %d", c.status, len(ids),
				s.queue.Stats().Dead, dead)
		}
	}
}

func TestPublish_Throttled_WaitsAndLosesNothing(t *testing.T) {
	s := start(t)
	topic := s.topic("throttled")
	s.subscribe(topic, "https", s.receiver.URL,
		M{"DeliveryPolicy": `{"throttlePolicy":{"maxReceivesPerSecond":1}}`})
	for range 3 {
		s.Do("Publish", M{"TopicArn": topic, "Message": "m"})
	}
	for range 3 {
		s.deliver()
		if n := len(s.receiver.All()); n != 1 {
			t.Errorf("%d came within a second", n)
		}
		s.Clock.Pass(time.Second)
	}
}

func TestPublish_ByMail_IsPlainTextWithALink(t *testing.T) {
	s := start(t)
	topic := s.topic("mails")
	s.Do("SetTopicAttributes", M{"TopicArn": topic, "AttributeName": "DisplayName",
		"AttributeValue": "Älarm, \"one\""})
	out := must[topics.SubscribeOutput](s, "Subscribe", M{"TopicArn": topic, "Protocol": "email",
		"Endpoint": "a@example.com"})
	if out.SubscriptionArn != "pending confirmation" {
		t.Errorf("it answers %s", out.SubscriptionArn)
	}
	sub := s.confirm(topic)
	s.Do("Publish", M{"TopicArn": topic, "Message": "x\n.\nBcc: b@example.com\n" +
		strings.Repeat("é", 500), "Subject": "Straße =?utf-8?q?x?="})
	s.Do("Publish", M{"TopicArn": topic, "Message": "no subject"})
	s.deliver()
	all := s.mails.All()
	if len(all) != 2 {
		t.Fatalf("%d mails came", len(all))
	}
	texts := map[string]string{}
	for _, m := range all {
		h, subject, text := m.Read(t)
		texts[subject] = text
		from, err := h.AddressList("From")
		if err != nil || from[0].Name != "Älarm, \"one\"" || from[0].Address != "claviger@example.com" ||
			m.From != "claviger@example.com" || m.To != "a@example.com" || h.Get("Bcc") != "" ||
			!m.TLS || m.User != "claviger" {
			t.Errorf("it is %+v, %v, %v", m, from, err)
		}
	}
	link := "\n" + url + "/?Action=Unsubscribe&SubscriptionArn=" + sub + "\n"
	for subject, begins := range map[string]string{
		"Straße =?utf-8?q?x?=":     "x\n.\nBcc: b@example.com\n" + strings.Repeat("é", 500) + "\n\n--\n",
		"AWS Notification Message": "no subject\n\n--\n"} {
		if text := texts[subject]; !strings.HasPrefix(text, begins) || !strings.HasSuffix(text, link) {
			t.Errorf("%s: it says %q", subject, text)
		}
	}
}

func TestPublish_ByMailAsJSON_IsSigned(t *testing.T) {
	s := start(t)
	topic := s.topic("json")
	s.subscribe(topic, "email-json", "a@example.com", nil)
	s.Do("Publish", M{"TopicArn": topic, "MessageStructure": "json", "Subject": "s",
		"Message": `{"default":"d","email-json":"for mail","sms":"x"}`})
	s.deliver()
	all := s.mails.All()
	if len(all) != 1 {
		t.Fatalf("%d mails came", len(all))
	}
	_, _, text := all[0].Read(t)
	got := received(text)
	if got.Message(t).Message != "for mail" {
		t.Errorf("it says %s", text)
	}
	s.verify(got)
}

func TestPublish_MailServerRefuses_IsTriedAgainOrNot(t *testing.T) {
	s := start(t)
	topic := s.topic("refused")
	s.subscribe(topic, "email", "a@example.com", nil)
	line := "451 later"
	s.mails.Refuse(func(string) string { return line })
	s.Do("Publish", M{"TopicArn": topic, "Message": "m"})
	s.deliver()
	line = ""
	s.Clock.Pass(time.Minute)
	s.deliver()
	if n := len(s.mails.All()); n != 1 {
		t.Errorf("after a greylisting %d mails came", n)
	}
	line = "550 no such user"
	dead := s.queue.Stats().Dead
	s.Do("Publish", M{"TopicArn": topic, "Message": "m"})
	s.deliver()
	if s.queue.Stats().Dead != dead+1 || s.queue.Stats().Waiting != 0 {
		t.Errorf("a refusal left %+v", s.queue.Stats())
	}
}

func TestPublish_EditedDelivery_IsNotSigned(t *testing.T) {
	s := start(t)
	topic := s.topic("edited")
	s.subscribe(topic, "https", s.receiver.URL, nil)
	s.Do("Publish", M{"TopicArn": topic, "Message": "pay alice"})
	s.Edit(`UPDATE deliveries SET body = CAST(replace(CAST(body AS TEXT), 'alice', 'mallory') AS BLOB)`)
	s.deliver()
	if all := s.receiver.All(); len(all) != 0 || s.queue.Stats().Dead != 1 {
		t.Errorf("it was sent: %+v, %+v", all, s.queue.Stats())
	}
}

func TestPublish_EncryptedTopic_RestsSealed(t *testing.T) {
	s := start(t)
	topic := s.topic("sealed")
	s.Do("SetTopicAttributes", M{"TopicArn": topic, "AttributeName": "KmsMasterKeyId",
		"AttributeValue": "alias/aws/sns"})
	s.subscribe(topic, "https", s.receiver.URL, nil)
	s.Do("Publish", M{"TopicArn": topic, "Message": "nobody reads this at rest"})
	var n int
	s.Edit(`UPDATE deliveries SET attempts = attempts WHERE instr(body, 'at rest') = 0`)
	s.deliver()
	all := s.receiver.All()
	if n = len(all); n != 1 || all[0].Message(t).Message != "nobody reads this at rest" {
		t.Fatalf("it got %+v; the log says %s", all, s.Log)
	}
	s.verify(all[0])
}
