package topic

import (
	"cmp"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"claviger/topics/snsfault"
)

// Pending is how long a subscription may wait for its confirmation, and how long one that was ended
// may be taken up again.
const Pending = 48 * time.Hour

// MostSubscriptions is how many subscriptions a topic has at most, those that are still to be
// confirmed included: each message is a delivery to each of them.
const MostSubscriptions = 1000

// State is how far a subscription is.
type State string

// States.
const (
	ToConfirm State = "PendingConfirmation"
	Confirmed State = "Confirmed"
	Ended     State = "Deleted" // it may be taken up again for a while, and is shown to nobody
)

// Protocols that messages are sent by.
const (
	HTTP      = "http"
	HTTPS     = "https"
	Email     = "email"
	EmailJSON = "email-json"
)

// Protocols are all of them, in the order of AWS's reference.
var Protocols = []string{HTTP, HTTPS, Email, EmailJSON}

// Subscription is a subscription as its row says it. It is never changed either.
type Subscription struct {
	SubscriptionRef
	TopicID    string // of which of the topics that had the name
	Rev        int64
	Owner      string // the account that subscribed
	Principal  string // the ARN of who did
	Protocol   string
	Endpoint   string
	State      State
	Since      time.Time // of the state
	Attributes map[string]string

	// Authenticated says that the confirmation was signed, and Guarded that an end has to be.
	Authenticated, Guarded bool
}

// Next returns a copy with the next revision, which change may alter.
func (s *Subscription) Next(change func(*Subscription)) *Subscription {
	next := *s
	next.Attributes = maps.Clone(s.Attributes)
	next.Rev++
	change(&next)
	return &next
}

// Shown is the subscription's ARN as lists show it.
func (s *Subscription) Shown() string {
	if s.State == ToConfirm {
		return "PendingConfirmation"
	}
	return s.ARN()
}

// Raw reports whether messages are sent as they are.
func (s *Subscription) Raw() bool { return s.Attributes[RawAttribute] == "true" }

// Web reports whether messages are posted to a URL.
func (s *Subscription) Web() bool { return s.Protocol == HTTP || s.Protocol == HTTPS }

// mostEndpoint bounds what a subscription names, in bytes.
const mostEndpoint = 2048

// CheckEndpoint holds protocol and endpoint of a new subscription to AWS's rules.
func CheckEndpoint(protocol, endpoint string) error {
	if !slices.Contains(Protocols, protocol) {
		return snsfault.Invalid("Amazon SNS does not support this protocol string: %s",
			clip(protocol))
	}
	switch {
	case len(endpoint) > mostEndpoint, hasControls(endpoint):
		return errEndpoint(protocol)
	case protocol == HTTP || protocol == HTTPS:
		u, err := url.Parse(endpoint)
		if err != nil || u.Scheme != protocol && cmp.Or(u.Scheme, "none") != "none" {
			return snsfault.Invalid("Endpoint must match the specified protocol")
		}
		if u.Scheme == "" {
			return snsfault.Invalid("Endpoint must match the specified protocol")
		}
		if u.Host == "" || u.User != nil || u.Fragment != "" {
			return errEndpoint(protocol)
		}
	default:
		a, err := mail.ParseAddress(endpoint)
		if err != nil || a.Address != endpoint || a.Name != "" || !isASCII(endpoint) {
			return snsfault.Invalid("Email address")
		}
	}
	return nil
}

func errEndpoint(protocol string) error {
	if protocol == Email || protocol == EmailJSON {
		return snsfault.Invalid("Email address")
	}
	return snsfault.Invalid("Unreachable Endpoint Reason: it is no URL, or one with a user or a " +
		"fragment, which this service doesn't call")
}

func hasControls(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == '\uFFFD'
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e })
}

// clip bounds what an error says back.
func clip(s string) string {
	const most = 256
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
