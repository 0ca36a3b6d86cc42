package sending

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"claviger/topics/snsfault"
	"claviger/topics/topic"
)

// SubscribeURL is the link that confirms a subscription. It has AWS's form, without a Version.
func (s *Sending) SubscribeURL(t topic.Ref, token string) string {
	return s.URL + "/?Action=ConfirmSubscription&TopicArn=" + escaped(t.ARN()) + "&Token=" + token
}

// UnsubscribeURL is the link that ends a subscription.
func (s *Sending) UnsubscribeURL(ref topic.SubscriptionRef) string {
	return s.URL + "/?Action=Unsubscribe&SubscriptionArn=" + escaped(ref.ARN())
}

// escaped leaves the colons of an ARN as they stand: AWS does, and people read the link.
func escaped(arn string) string {
	return strings.ReplaceAll(url.QueryEscape(arn), "%3A", ":")
}

// The purposes of tokens.
const (
	toConfirm = "confirm"
	toRestore = "restore"
)

const confirming = "sns:ConfirmSubscription"

// Token makes the token by which a subscription is confirmed or, once it was ended, taken up again.
func (s *Sending) Token(sub *topic.Subscription, now time.Time) string {
	purpose := toConfirm
	if sub.State == topic.Ended {
		purpose = toRestore
	}
	text := purpose + " " + sub.ID + " " + strconv.FormatInt(now.UnixMicro(), 10)
	return s.Tokens.Make(text, confirming, sub.Topic.ARN())
}

// leastToken is about how long a token is: what is far shorter is a mistake in copying.
const leastToken = 64

// Confirmation is what a token is good for.
type Confirmation struct {
	ID      string // of the subscription
	Restore bool   // it was ended, and is to be taken up again
	Made    time.Time
}

// ReadToken reads a token that was made for a topic and is not too old.
func (s *Sending) ReadToken(t topic.Ref, token string, now time.Time) (Confirmation, error) {
	if len(token) < leastToken {
		return Confirmation{}, snsfault.MalformedToken
	}
	text, err := s.Tokens.Read(token, confirming, t.ARN())
	if err != nil {
		return Confirmation{}, snsfault.BadToken.Because(err)
	}
	parts := strings.Split(text, " ")
	micros, err := strconv.ParseInt(parts[len(parts)-1], 10, 64)
	if err != nil || len(parts) != 3 {
		return Confirmation{}, snsfault.BadToken.Because(err)
	}
	made := time.UnixMicro(micros)
	if now.Sub(made) > topic.Pending {
		return Confirmation{}, snsfault.BadToken
	}
	return Confirmation{ID: parts[1], Restore: parts[0] == toRestore, Made: made}, nil
}
