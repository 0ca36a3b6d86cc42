package topic

import (
	"slices"
	"strconv"

	"claviger/topics/snsfault"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Retries is AWS's healthyRetryPolicy: how often and when a message is sent again that did not get
// through. Its members are in AWS's order, and times are seconds.
type Retries struct {
	MinDelayTarget     int    `json:"minDelayTarget"`
	MaxDelayTarget     int    `json:"maxDelayTarget"`
	NumRetries         int    `json:"numRetries"`
	NumMaxDelayRetries int    `json:"numMaxDelayRetries"`
	NumNoDelayRetries  int    `json:"numNoDelayRetries"`
	NumMinDelayRetries int    `json:"numMinDelayRetries"`
	BackoffFunction    string `json:"backoffFunction"`
}

// usual is the policy of who has set none.
var usual = Retries{MinDelayTarget: 20, MaxDelayTarget: 20, NumRetries: 3,
	BackoffFunction: "linear"}

// UsualType is the Content-Type of messages, though they are JSON: AWS has it so.
const UsualType = "text/plain; charset=UTF-8"

// Throttle is how many messages a second a subscription is sent on average.
type Throttle struct {
	MaxReceivesPerSecond int `json:"maxReceivesPerSecond"`
}

// Request is how a message is posted.
type Request struct {
	HeaderContentType string `json:"headerContentType"`
}

// TopicDelivery is the delivery policy of a topic, and Delivery that of a subscription.
type (
	TopicDelivery struct {
		HTTP OverHTTP `json:"http"`
	}
	OverHTTP struct {
		Retries  *Retries  `json:"defaultHealthyRetryPolicy,omitzero"`
		Fixed    bool      `json:"disableSubscriptionOverrides"`
		Throttle *Throttle `json:"defaultThrottlePolicy,omitzero"`
		Request  *Request  `json:"defaultRequestPolicy,omitzero"`
	}
	Delivery struct {
		Retries    *Retries       `json:"healthyRetryPolicy"`
		Sickly     jsontext.Value `json:"sicklyRetryPolicy"`
		Throttle   *Throttle      `json:"throttlePolicy"`
		Request    *Request       `json:"requestPolicy"`
		Guaranteed bool           `json:"guaranteed"`
	}
)

// mostOfPolicy bounds a delivery policy, in bytes.
const mostOfPolicy = 4 << 10

// ReadTopicDelivery reads the delivery policy of a topic. An empty one sets nothing.
func ReadTopicDelivery(text string) (TopicDelivery, error) {
	d := TopicDelivery{HTTP: OverHTTP{Retries: new(usual)}}
	if text == "" {
		return d, nil
	}
	if err := readPolicy("", text, &d); err != nil {
		return d, err
	}
	if d.HTTP.Retries == nil {
		d.HTTP.Retries = new(usual)
	}
	return d, check("", d.HTTP.Retries, d.HTTP.Throttle, d.HTTP.Request)
}

// ReadSubscribedDelivery reads the delivery policy of a subscription. What it doesn't set is nil.
func ReadSubscribedDelivery(at, text string) (Delivery, error) {
	var d Delivery
	if text == "" {
		return d, nil
	}
	parts := struct {
		Retries jsontext.Value `json:"healthyRetryPolicy"`
	}{}
	if err := json.Unmarshal([]byte(text), &parts); err == nil && parts.Retries.Kind() == '{' {
		d.Retries = new(usual) // a part that is left out is as usual
	}
	if err := readPolicy(at, text, &d); err != nil {
		return d, err
	}
	return d, check(at, d.Retries, d.Throttle, d.Request)
}

func readPolicy(at, text string, into any) error {
	err := json.Unmarshal([]byte(text), into, json.RejectUnknownMembers(true))
	if err != nil || len(text) > mostOfPolicy {
		return snsfault.Invalid("%sDeliveryPolicy: failed to parse JSON.", at)
	}
	return nil
}

// contentTypes are what headerContentType may be, with or without a charset of UTF-8. The first two
// are for messages in an envelope, all for raw ones.
var contentTypes = []string{"application/json", "text/plain", "text/css", "text/csv", "text/html",
	"text/xml", "application/atom+xml", "application/octet-stream", "application/soap+xml",
	"application/x-www-form-urlencoded", "application/xhtml+xml", "application/xml"}

var backoffs = []string{"linear", "arithmetic", "geometric", "exponential"}

// The bounds of a retry policy. All attempts are within the longest one, whatever the policy makes
// of it (the developer guide).
const (
	mostRetries = 100
	Longest     = 3600 // seconds
)

func check(at string, r *Retries, th *Throttle, q *Request) error {
	bad := func(what string) error { return snsfault.Invalid("%sDeliveryPolicy: %s", at, what) }
	if r != nil {
		fixed := r.NumNoDelayRetries + r.NumMinDelayRetries + r.NumMaxDelayRetries
		switch {
		case r.NumRetries < 0 || r.NumRetries > mostRetries:
			return bad("numRetries must be between 0 and 100")
		case r.MinDelayTarget < 1 || r.MinDelayTarget > r.MaxDelayTarget:
			return bad("minDelayTarget must be between 1 and maxDelayTarget")
		case r.MaxDelayTarget > Longest:
			return bad("maxDelayTarget must be at most 3600")
		case r.NumNoDelayRetries < 0 || r.NumMinDelayRetries < 0 || r.NumMaxDelayRetries < 0,
			fixed > r.NumRetries:
			return bad("numRetries must be at least the retries of all phases")
		case !slices.Contains(backoffs, r.BackoffFunction):
			return bad("backoffFunction must be one of linear, arithmetic, geometric, exponential")
		}
	}
	if th != nil && th.MaxReceivesPerSecond < 1 {
		return bad("maxReceivesPerSecond must be at least 1")
	}
	if q != nil && !slices.Contains(contentTypes, bareType(q.HeaderContentType)) {
		return bad("headerContentType is none of those that may be set: " +
			strconv.Quote(clip(q.HeaderContentType)))
	}
	return nil
}

func bareType(text string) string {
	for _, t := range contentTypes {
		for _, charset := range []string{"", ";charset=UTF-8", "; charset=UTF-8"} {
			if text == t+charset {
				return t
			}
		}
	}
	return ""
}

// Effective is the delivery policy that holds for a subscription: its own, unless the topic forbids
// it, over the topic's and the usual one.
func Effective(t TopicDelivery, own Delivery) Delivery {
	e := Delivery{Retries: t.HTTP.Retries, Throttle: t.HTTP.Throttle, Request: t.HTTP.Request}
	if !t.HTTP.Fixed {
		if own.Retries != nil {
			e.Retries = own.Retries
		}
		if own.Throttle != nil {
			e.Throttle = own.Throttle
		}
		if own.Request != nil {
			e.Request = own.Request
		}
		e.Guaranteed = own.Guaranteed
	}
	if e.Retries == nil {
		e.Retries = new(usual)
	}
	if e.Request == nil {
		e.Request = &Request{HeaderContentType: UsualType}
	}
	return e
}

// EffectiveOf is [Effective] of a topic and a subscription, whose policies were checked before they
// were stored.
func EffectiveOf(t *Topic, s *Subscription) Delivery {
	ofTopic, _ := ReadTopicDelivery(t.Attributes[DeliveryAttribute])
	own, _ := ReadSubscribedDelivery("", s.Attributes[DeliveryAttribute])
	return Effective(ofTopic, own)
}

// Text writes a delivery policy as AWS shows it.
func Text(d any) string {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // it was made of numbers and words
	}
	return string(b)
}

// EffectiveTopic is the delivery policy of a topic with what is usual put in.
func EffectiveTopic(t *Topic) TopicDelivery {
	d, _ := ReadTopicDelivery(t.Attributes[DeliveryAttribute])
	if d.HTTP.Request == nil {
		d.HTTP.Request = &Request{HeaderContentType: UsualType}
	}
	return d
}
