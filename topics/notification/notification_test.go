package notification_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"claviger/topics/notification"
	"claviger/topics/topic"
)

var when = time.Date(2012, 5, 2, 0, 54, 6, 655e6, time.UTC)

func ptr(s string) *string { return &s }

func TestToSign_EachType_IsAsAWSDocumentsIt(t *testing.T) {
	n := notification.Content{Type: notification.Notification, MessageID: "id", TopicARN: "arn",
		Message: "My Test\nMessage", Published: when}
	const head, tail = "Message\nMy Test\nMessage\nMessageId\nid\n",
		"Timestamp\n2012-05-02T00:54:06.655Z\nTopicArn\narn\nType\nNotification\n"
	if got := string(n.ToSign()); got != head+tail {
		t.Errorf("without a subject it is %q", got)
	}
	n.Subject = ptr("My subject")
	if got := string(n.ToSign()); got != head+"Subject\nMy subject\n"+tail {
		t.Errorf("with a subject it is %q", got)
	}
	for _, kind := range []string{notification.SubscriptionConfirmation,
		notification.UnsubscribeConfirmation} {
		c := notification.Content{Type: kind, MessageID: "id", Token: "token", TopicARN: "arn",
			Message: "m", SubscribeURL: "url", Published: when}
		want := "Message\nm\nMessageId\nid\nSubscribeURL\nurl\nTimestamp\n" +
			"2012-05-02T00:54:06.655Z\nToken\ntoken\nTopicArn\narn\nType\n" + kind + "\n"
		if got := string(c.ToSign()); got != want {
			t.Errorf("%s: it is %q", kind, got)
		}
	}
}

func TestJSON_Notification_HasAWSsMembersInAWSsOrder(t *testing.T) {
	n := notification.Content{Type: notification.Notification, MessageID: "id", TopicARN: "arn",
		Subject: ptr("s"), Message: "a \"b\"\né <&>", Published: when, SignatureVersion: "1",
		Signature: "c2ln", SigningCertURL: "cert", UnsubscribeURL: "unsubscribe",
		Attributes: []topic.Attribute{{Name: "a", Type: "String", Value: "b"},
			{Name: "c", Type: "Number", Value: "1"}}}
	const want = `{
  "Type" : "Notification",
  "MessageId" : "id",
  "TopicArn" : "arn",
  "Subject" : "s",
  "Message" : "a \"b\"\né <&>",
  "Timestamp" : "2012-05-02T00:54:06.655Z",
  "SignatureVersion" : "1",
  "Signature" : "c2ln",
  "SigningCertURL" : "cert",
  "UnsubscribeURL" : "unsubscribe",
  "MessageAttributes" : {
    "a" : {"Type":"String","Value":"b"},
    "c" : {"Type":"Number","Value":"1"}
  }
}`
	if got := string(n.JSON()); got != want {
		t.Errorf("it is %s", got)
	}
	n.Subject, n.Attributes = nil, nil
	if got := string(n.JSON()); strings.Contains(got, "Subject") ||
		strings.Contains(got, "Attributes") || !json.Valid([]byte(got)) {
		t.Errorf("without subject and attributes it is %s", got)
	}
}

func TestJSON_Confirmation_HasAWSsMembersInAWSsOrder(t *testing.T) {
	of := topic.SubscriptionRef{Topic: topic.Ref{Account: "111122223333", Region: "us-east-1",
		Name: "t"}, ID: "s"}
	c := notification.Content{Type: notification.SubscriptionConfirmation, MessageID: "id",
		Token: "token", TopicARN: of.Topic.ARN(), SubscribeURL: "https://h/?a=b&c=d",
		Message:   notification.TextOf(notification.SubscriptionConfirmation, of),
		Published: when, SignatureVersion: "2", Signature: "c2ln", SigningCertURL: "cert"}
	const want = `{
  "Type" : "SubscriptionConfirmation",
  "MessageId" : "id",
  "Token" : "token",
  "TopicArn" : "arn:aws:sns:us-east-1:111122223333:t",
  "Message" : "You have chosen to subscribe to the topic arn:aws:sns:us-east-1:111122223333:t.\nTo confirm the subscription, visit the SubscribeURL included in this message.",
  "SubscribeURL" : "https://h/?a=b&c=d",
  "Timestamp" : "2012-05-02T00:54:06.655Z",
  "SignatureVersion" : "2",
  "Signature" : "c2ln",
  "SigningCertURL" : "cert"
}`
	if got := string(c.JSON()); got != want {
		t.Errorf("it is %s", got)
	}
	const ended = "You have chosen to deactivate subscription arn:aws:sns:us-east-1:111122223333:t:s." +
		"\nTo cancel this operation and restore the subscription, visit the SubscribeURL included " +
		"in this message."
	if got := notification.TextOf(notification.UnsubscribeConfirmation, of); got != ended {
		t.Errorf("it says %s", got)
	}
}

func TestCertificate_OfAKey_IsTheSameEachTime(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	one, err := notification.NewCertificate(key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := notification.NewCertificate(key)
	if err != nil || other.Name != one.Name || string(other.PEM) != string(one.PEM) {
		t.Errorf("the second one is %s, %v, and the first %s", other.Name, err, one.Name)
	}
	block, rest := pem.Decode(one.PEM)
	if block == nil || len(rest) > 0 {
		t.Fatalf("it is %s", one.PEM)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !key.PublicKey.Equal(c.PublicKey) ||
		c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil {
		t.Errorf("it is %+v, %v", c, err)
	}
}
