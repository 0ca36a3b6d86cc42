package topic

import (
	"strings"

	"claviger/internal/domain"
	"claviger/topics/snsfault"
)

// elements is how many parts an ARN of a topic has; that of a subscription has one more.
const elements = 6

// ReadARN reads a topic's ARN that stands in a member of that name. What it is wrong with is said
// in the order in which AWS looks.
func ReadARN(member, text, region string) (Ref, error) {
	if text == "" {
		return Ref{}, snsfault.Invalid("%s Reason: no value for required parameter", member)
	}
	if n := strings.Count(text, ":") + 1; n < elements {
		return Ref{}, snsfault.Invalid("%s Reason: An ARN must have at least 6 elements, not %d",
			member, n)
	}
	ref, ok := readARN(text)
	if !ok || ref.Region != region {
		return Ref{}, snsfault.Invalid("%s", member)
	}
	return ref, nil
}

func readARN(text string) (Ref, bool) {
	arn, ok := domain.ParseARN(text)
	if !ok || arn.Service != Service || !domain.IsAccount(arn.Account) ||
		strings.Contains(arn.Resource, ":") || arn.Region == "" {
		return Ref{}, false
	}
	return Ref{Account: arn.Account, Region: arn.Region, Name: arn.Resource}, true
}

// RegionOf returns the Region of a topic's or a subscription's ARN, for requests that are signed
// for none.
func RegionOf(arn string) string {
	parts := strings.SplitN(arn, ":", elements)
	if len(parts) < elements {
		return ""
	}
	return parts[3]
}

// SubscriptionRef is where a subscription is.
type SubscriptionRef struct {
	Topic Ref
	ID    string // a UUID
}

// ARN returns the subscription's ARN.
func (r SubscriptionRef) ARN() string { return r.Topic.ARN() + ":" + r.ID }

// ReadSubscriptionARN reads a subscription's ARN.
func ReadSubscriptionARN(text, region string) (SubscriptionRef, error) {
	const member = "SubscriptionArn"
	if text == "" {
		return SubscriptionRef{}, snsfault.Invalid("%s Reason: no value for required parameter",
			member)
	}
	n := strings.Count(text, ":") + 1
	switch {
	case n < elements:
		return SubscriptionRef{}, snsfault.Invalid(
			"%s Reason: An ARN must have at least 6 elements, not %d", member, n)
	case n == elements:
		return SubscriptionRef{}, snsfault.Invalid("SubscriptionId")
	}
	at := strings.LastIndexByte(text, ':')
	ref, ok := readARN(text[:at])
	if !ok || ref.Region != region || text[at+1:] == "" {
		return SubscriptionRef{}, snsfault.Invalid(member)
	}
	return SubscriptionRef{Topic: ref, ID: text[at+1:]}, nil
}
