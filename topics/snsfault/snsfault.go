// Package snsfault is what SNS says when it refuses something: the words are AWS's where they are
// recorded.
package snsfault

import (
	"strings"

	"claviger/internal/fault"
)

// AWS's names of the errors that are in more than one place.
const (
	invalidParameter = "InvalidParameter"
	notFound         = "NotFound"
	invalidValue     = "ParameterValueInvalid"
)

// Invalid is InvalidParameter, with AWS's beginning of its text.
func Invalid(format string, args ...any) *fault.Error {
	return fault.Newf(fault.Invalid, invalidParameter, "Invalid parameter: "+format, args...)
}

// Reason is what is wrong with a member because of something in it.
func Reason(member string, err error) error {
	f := fault.Of(err)
	what, ok := strings.CutPrefix(f.Message, "Invalid parameter: ")
	if !ok || f.Code != invalidParameter {
		return err
	}
	return Invalid("%s Reason: %s", member, what).Because(f.Err)
}

// Value is ParameterValueInvalid, which is about attributes of messages.
func Value(format string, args ...any) *fault.Error {
	return fault.Newf(fault.Invalid, invalidValue, format, args...)
}

// Absence.
var (
	NoTopic        = fault.New(fault.NotFound, notFound, "Topic does not exist")
	NoSubscription = fault.New(fault.NotFound, notFound, "Subscription does not exist")
	NoResource     = fault.New(fault.NotFound, "ResourceNotFound", "Resource does not exist")
)

// Tokens.
var (
	BadToken       = Invalid("Token")
	MalformedToken = fault.New(fault.Invalid, invalidParameter, "Invalid token")
	BadPage        = Invalid("NextToken")
)

// Existing things that are asked for otherwise.
var (
	OtherAttributes = Invalid("Attributes Reason: Topic already exists with different attributes")
	OtherTags       = Invalid("Tags Reason: Topic already exists with different tags")
	OtherSubscribed = Invalid(
		"Attributes Reason: Subscription already exists with different attributes")
	SameLabel = Invalid("Statement already exists")
)

// Quotas.
var (
	TooManySubscriptions = fault.New(fault.Limit, "SubscriptionLimitExceeded",
		"The topic has as many subscriptions as it may have.")
	TooManyTags = fault.New(fault.Limit, "TagLimitExceeded",
		"Could not complete request: tag quota of per resource exceeded")
)

// Batches of messages.
var (
	EmptyBatch = fault.New(fault.Invalid, "EmptyBatchRequest",
		"The batch request doesn't contain any entries.")
	LargeBatch = fault.New(fault.Invalid, "TooManyEntriesInBatchRequest",
		"The batch request contains more entries than permissible.")
	SameIDs = fault.New(fault.Invalid, "BatchEntryIdsNotDistinct",
		"Two or more batch entries in the request have the same Id.")
)

// BadID says that the id of a batch's entry has characters that it must not have.
func BadID(id string) *fault.Error {
	return fault.New(fault.Invalid, "InvalidBatchEntryId",
		"The Id of a batch entry in the batch request contains an impermissible character: "+id)
}

// LongBatch says that the messages of a batch have too many bytes together.
func LongBatch(n int) *fault.Error {
	return fault.Newf(fault.Invalid, "BatchRequestTooLong",
		"Batch requests cannot be longer than 262144 bytes. You have sent %d bytes.", n)
}

// MustSign is for a request without a signature where somebody has asked for one.
var MustSign = fault.New(fault.Denied, "AccessDeniedException",
	"This request has to be signed: authentication on unsubscribing was asked for.")

// What KMS refuses, in SNS's names.
var (
	keyDenied   = fault.New(fault.State, "KMSAccessDenied", "")
	keyNotFound = fault.New(fault.State, "KMSNotFound", "")
	keyState    = fault.New(fault.State, "KMSInvalidState", "")
	keyDisabled = fault.New(fault.State, "KMSDisabled", "")
)

// OfKey turns a failure of KMS into what SNS calls it. Whatever else it is stays as it is.
func OfKey(err error) error {
	f := fault.Of(err)
	if f == nil {
		return nil
	}
	var own fault.Error
	switch {
	case f.Code == "DisabledException":
		own = *keyDisabled
	case f.Kind == fault.Denied:
		own = *keyDenied
	case f.Kind == fault.NotFound:
		own = *keyNotFound
	case f.Kind == fault.State, f.Kind == fault.Invalid:
		own = *keyState
	default:
		return err
	}
	own.Message = f.Message + " (Service: KMS)"
	return own.Because(err)
}
