// Package audit is the trail itself: what one record says and how it is written down. The shape is
// CloudTrail's (eventVersion 1.11), so that tools made for CloudTrail read it.
//
// A record never holds plaintext, key material, a secret value or the text of an internal error.
// The encryption context is in it, as with AWS: don't put secrets there.
package audit

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Resource is a thing the request touched.
type Resource struct {
	ARN, Type, AccountID string
}

// Record is one event. A request leaves one for itself and one for each operation it asked for on
// the way.
type Record struct {
	Time         time.Time // when the request was completed
	Source, Name string    // kms.amazonaws.com, Decrypt
	Region       string
	SourceIP     string
	UserAgent    string
	RequestID    string // empty: nobody asked
	EventID      string // see [NewEventID]
	SharedID     string // of the records that one action leaves in several accounts, or nothing
	Account      string // the account that receives the event
	Identity     Identity
	ReadOnly     bool
	ErrorCode    string
	ErrorMessage string
	Parameters   []byte // a JSON object, or nothing
	Response     []byte // a JSON object, or nothing
	Resources    []Resource
	Additional   []byte // a JSON object with facts that only we know, or nothing
	Details      []byte // of a service event: a JSON object, or nothing
	TLS          TLS

	// NoResources says that there could be resources and are none: the list is there, and empty.
	NoResources bool

	// ServiceEvent says that the service tells of what it did, which no caller asked for by this name:
	// CloudTrail's AwsServiceEvent. Without it the record is an AwsApiCall.
	ServiceEvent bool
}

// Append writes r as one line of JSON without the newline. It allocates nothing but room.
func (r *Record) Append(b []byte) []byte {
	start := len(b)
	b = r.append(b, r.Parameters, r.Response, r.Additional)
	if len(b)-start > mostOfRecord {
		// What was asked and answered is what can be large.
		b = r.append(b[:start], omitted("requestParameters", r.Parameters),
			omitted("responseElements", r.Response), r.Additional)
	}
	return b
}

func (r *Record) append(b, parameters, response, additional []byte) []byte {
	b = append(b, `{"eventVersion":"1.11","userIdentity":{`...)
	b = r.Identity.append(b)
	b = append(b, `},"eventTime":"`...)
	b = appendTime(b, r.Time)
	b = append(b, '"')
	b = member(b, "eventSource", r.Source)
	b = member(b, "eventName", r.Name)
	b = member(b, "awsRegion", r.Region)
	b = member(b, "sourceIPAddress", r.SourceIP)
	b = member(b, "userAgent", r.UserAgent)
	b = member(b, "errorCode", r.ErrorCode)
	b = member(b, "errorMessage", r.ErrorMessage)
	b = object(b, "requestParameters", parameters, mostOfParameters)
	b = object(b, "responseElements", response, mostOfParameters)
	if len(additional) > 0 {
		b = object(b, "additionalEventData", additional, mostOfAdditional)
	}
	b = member(b, "requestID", r.RequestID)
	b = member(b, "eventID", r.EventID)
	b = strconv.AppendBool(append(b, `,"readOnly":`...), r.ReadOnly)
	b = r.appendResources(b)
	if r.ServiceEvent {
		b = append(b, `,"eventType":"AwsServiceEvent"`...)
	} else {
		b = append(b, `,"eventType":"AwsApiCall"`...)
	}
	b = append(b, `,"managementEvent":true`...)
	b = member(b, "recipientAccountId", r.Account)
	b = member(b, "sharedEventID", r.SharedID)
	if len(r.Details) > 0 {
		b = object(b, "serviceEventDetails", r.Details, mostOfParameters)
	}
	b = append(b, `,"eventCategory":"Management"`...)
	return append(r.TLS.append(b), '}')
}

func (r *Record) appendResources(b []byte) []byte {
	if len(r.Resources) == 0 {
		if r.NoResources {
			b = append(b, `,"resources":[]`...)
		}
		return b
	}
	b = append(b, `,"resources":[`...)
	for n, x := range r.Resources {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"accountId":`...)
		b = quote(b, x.AccountID)
		b = member(b, "type", x.Type)
		b = member(b, "ARN", x.ARN)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendTime writes a time as CloudTrail does, to the second. Each record has one or two, and the
// reading of a layout takes longer than all the rest of that. Years have four digits.
func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = two(two(b, year/100), year%100)
	b = two(append(b, '-'), int(month))
	b = two(append(b, '-'), day)
	b = two(append(b, 'T'), hour)
	b = two(append(b, ':'), minute)
	b = two(append(b, ':'), second)
	return append(b, 'Z')
}

// two appends two digits.
func two(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// member appends ,"name":"value", or nothing for an empty value.
func member(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return quote(b, value)
}

// quote never fails: what is not UTF-8 becomes U+FFFD. Most of what is in a record needs no escape.
func quote(b []byte, s string) []byte {
	if isPlain(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// isPlain reports whether JSON has a text as it is: ASCII without controls, quotes and backslashes.
// It looks at eight characters at once.
func isPlain(s string) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		quotes, backslashes := w^ones*'"', w^ones*'\\'
		// A byte that borrows from the next one is below what is taken from it, and told of already.
		if (w|(w-ones*0x20)|(quotes-ones)|(backslashes-ones))&tops != 0 {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x80 || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
