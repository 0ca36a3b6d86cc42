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

// Identity says who asked, as CloudTrail's userIdentity does.
type Identity struct {
	Type, PrincipalID, ARN, AccountID, AccessKeyID string
	UserName                                       string // of an IAM user
	// the service that asked on the caller's behalf, e.g. secretsmanager.amazonaws.com
	InvokedBy string

	Session Session // of temporary credentials; zero: there is none
}

// Session is what temporary credentials are of, CloudTrail's sessionContext.
type Session struct {
	Issued         time.Time // zero: there is no session
	Issuer         Issuer
	SourceIdentity string // or nothing
	Provider       string // of a web identity, or nothing
}

// Issuer is whom a session acts as.
type Issuer struct{ Type, PrincipalID, ARN, AccountID, UserName string }

// Resource is a thing the request touched.
type Resource struct {
	ARN, Type, AccountID string
}

// Record is one event. A request leaves one for itself and one for each operation it asked for on
// the way.
type Record struct {
	Time         time.Time
	Source, Name string // kms.amazonaws.com, Decrypt
	Region       string
	SourceIP     string
	UserAgent    string
	RequestID    string
	EventID      string
	Account      string // the account that receives the event
	Identity     Identity
	ReadOnly     bool
	ErrorCode    string
	ErrorMessage string
	Parameters   []byte // a JSON object, or nothing
	Resources    []Resource
	Additional   []byte // a JSON object with facts that only we know, or nothing

	// ServiceEvent says that the service tells of what it did, which no caller asked for by this name:
	// CloudTrail's AwsServiceEvent. Of the identity such a record has AccountID and InvokedBy alone.
	// Without it the record is an AwsApiCall.
	ServiceEvent bool
}

// Append writes r as one line of JSON without the newline. It allocates nothing but room.
func (r *Record) Append(b []byte) []byte {
	b = append(b, `{"eventVersion":"1.11","userIdentity":{`...)
	if r.ServiceEvent {
		b = r.Identity.appendService(b)
	} else {
		b = r.Identity.append(b)
	}
	b = append(b, `},"eventTime":"`...)
	b = r.Time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	b = append(b, '"')
	b = member(b, "eventSource", r.Source)
	b = member(b, "eventName", r.Name)
	b = member(b, "awsRegion", r.Region)
	b = member(b, "sourceIPAddress", r.SourceIP)
	b = member(b, "userAgent", r.UserAgent)
	b = member(b, "errorCode", r.ErrorCode)
	b = member(b, "errorMessage", r.ErrorMessage)
	b = append(b, `,"requestParameters":`...)
	b = object(b, r.Parameters)
	b = append(b, `,"responseElements":null`...)
	if len(r.Additional) > 0 {
		b = append(append(b, `,"additionalEventData":`...), r.Additional...)
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
	return append(b, `,"eventCategory":"Management"}`...)
}

func (i *Identity) append(b []byte) []byte {
	b = append(b, `"type":`...)
	b = quote(b, i.Type)
	b = member(b, "principalId", i.PrincipalID)
	b = member(b, "arn", i.ARN)
	b = member(b, "accountId", i.AccountID)
	b = member(b, "accessKeyId", i.AccessKeyID)
	b = member(b, "userName", i.UserName)
	if !i.Session.Issued.IsZero() {
		b = i.Session.append(b)
	}
	return member(b, "invokedBy", i.InvokedBy)
}

// appendService writes who is behind a service event. CloudTrail gives such an identity no type.
func (i *Identity) appendService(b []byte) []byte {
	b = append(b, `"accountId":`...)
	b = quote(b, i.AccountID)
	return member(b, "invokedBy", i.InvokedBy)
}

// append writes a session as CloudTrail does. Nobody here has an MFA device.
func (s *Session) append(b []byte) []byte {
	b = append(b, `,"sessionContext":{`...)
	if s.Issuer.Type != "" {
		b = append(b, `"sessionIssuer":{"type":`...)
		b = quote(b, s.Issuer.Type)
		b = member(b, "principalId", s.Issuer.PrincipalID)
		b = member(b, "arn", s.Issuer.ARN)
		b = member(b, "accountId", s.Issuer.AccountID)
		b = member(b, "userName", s.Issuer.UserName)
		b = append(b, `},`...)
	}
	if s.Provider != "" {
		b = append(b, `"webIdFederationData":{"federatedProvider":`...)
		b = append(quote(b, s.Provider), `,"attributes":{}},`...)
	}
	b = append(b, `"attributes":{"creationDate":"`...)
	b = s.Issued.UTC().AppendFormat(b, "2006-01-02T15:04:05Z")
	b = append(b, `","mfaAuthenticated":"false"}`...)
	b = member(b, "sourceIdentity", s.SourceIdentity)
	return append(b, '}')
}

func (r *Record) appendResources(b []byte) []byte {
	if len(r.Resources) == 0 {
		return b
	}
	b = append(b, `,"resources":[`...)
	for n, x := range r.Resources {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"ARN":`...)
		b = quote(b, x.ARN)
		b = member(b, "accountId", x.AccountID)
		b = member(b, "type", x.Type)
		b = append(b, '}')
	}
	return append(b, ']')
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

func object(b, o []byte) []byte {
	if len(o) == 0 {
		return append(b, "null"...)
	}
	return append(b, o...)
}
