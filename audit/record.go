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

// appendTime writes a time as CloudTrail does, to the second.
func appendTime(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05Z")
}

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

// quote never fails: what is not UTF-8 becomes U+FFFD.
func quote(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}
