// Package notification is the form of what receivers get: members and their order, what of them is
// signed, and the certificate that it is verified by. All of it is AWS's ("Parsing Amazon SNS
// message formats" and "Verifying the signatures of Amazon SNS messages" of the developer guide).
package notification

import (
	"bytes"
	"strings"
	"time"

	"claviger/topics/topic"

	"github.com/go-json-experiment/json/jsontext"
)

// Types of what is sent.
const (
	Notification             = "Notification"
	SubscriptionConfirmation = "SubscriptionConfirmation"
	UnsubscribeConfirmation  = "UnsubscribeConfirmation"
)

// Content is what one receiver gets.
type Content struct {
	Type      string
	MessageID string
	Token     string // of the confirmations
	TopicARN  string
	Subject   *string
	Message   string
	Published time.Time

	SubscribeURL   string // of the confirmations
	UnsubscribeURL string // of a notification

	SignatureVersion string // 1 or 2
	Signature        string // in base64
	SigningCertURL   string
	Attributes       []topic.Attribute
}

// Timestamp is the time of publication as receivers see it.
func (c *Content) Timestamp() string {
	return c.Published.UTC().Format("2006-01-02T15:04:05.000Z")
}

// ToSign is the text that the signature is over.
func (c *Content) ToSign() []byte {
	var b bytes.Buffer
	put := func(name, value string) { b.WriteString(name + "\n" + value + "\n") }
	put("Message", c.Message)
	put("MessageId", c.MessageID)
	if c.Type == Notification {
		if c.Subject != nil {
			put("Subject", *c.Subject)
		}
		put("Timestamp", c.Timestamp())
	} else {
		put("SubscribeURL", c.SubscribeURL)
		put("Timestamp", c.Timestamp())
		put("Token", c.Token)
	}
	put("TopicArn", c.TopicARN)
	put("Type", c.Type)
	return b.Bytes()
}

// JSON writes the document, as AWS sets it: a member to a line.
func (c *Content) JSON() []byte {
	d := document{}
	d.member("Type", c.Type)
	d.member("MessageId", c.MessageID)
	if c.Type != Notification {
		d.member("Token", c.Token)
	}
	d.member("TopicArn", c.TopicARN)
	if c.Subject != nil {
		d.member("Subject", *c.Subject)
	}
	d.member("Message", c.Message)
	if c.Type != Notification {
		d.member("SubscribeURL", c.SubscribeURL)
	}
	d.member("Timestamp", c.Timestamp())
	d.member("SignatureVersion", c.SignatureVersion)
	d.member("Signature", c.Signature)
	d.member("SigningCertURL", c.SigningCertURL)
	if c.Type == Notification {
		d.member("UnsubscribeURL", c.UnsubscribeURL)
	}
	if len(c.Attributes) > 0 {
		d.attributes(c.Attributes)
	}
	d.WriteString("\n}")
	return d.Bytes()
}

// document is JSON on its way out.
type document struct{ bytes.Buffer }

func (d *document) name(name string) {
	if d.Len() == 0 {
		d.WriteString("{")
	} else {
		d.WriteString(",")
	}
	d.WriteString("\n  " + quoted(name) + " : ")
}

func (d *document) member(name, value string) {
	d.name(name)
	d.WriteString(quoted(value))
}

func (d *document) attributes(all []topic.Attribute) {
	d.name("MessageAttributes")
	d.WriteString("{")
	for i, a := range all {
		if i > 0 {
			d.WriteString(",")
		}
		d.WriteString("\n    " + quoted(a.Name) + " : {\"Type\":" + quoted(a.Type) + ",\"Value\":" +
			quoted(a.Value) + "}")
	}
	d.WriteString("\n  }")
}

// quoted is a text as JSON. What is no UTF-8 can't be in one: requests that had such were refused.
func quoted(s string) string {
	b, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	return string(b)
}

// Texts of the confirmations, as AWS has them.
const confirmText = "You have chosen to subscribe to the topic TOPIC.\nTo confirm the subscription, " +
	"visit the SubscribeURL included in this message."

const endedText = "You have chosen to deactivate subscription SUBSCRIPTION.\nTo cancel this " +
	"operation and restore the subscription, visit the SubscribeURL included in this message."

// TextOf is the message of a confirmation.
func TextOf(kind string, of topic.SubscriptionRef) string {
	if kind == UnsubscribeConfirmation {
		return strings.Replace(endedText, "SUBSCRIPTION", of.ARN(), 1)
	}
	return strings.Replace(confirmText, "TOPIC", of.Topic.ARN(), 1)
}
