package records

import (
	"bytes"
	"cmp"
	"strings"
	"time"

	"claviger/alarms"
	"claviger/internal/domain"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// record is what is read of a record, by CloudTrail's names.
type record struct {
	EventID       string `json:"eventID"`
	SharedEventID string `json:"sharedEventID"`
	EventTime     string `json:"eventTime"`
	EventSource   string `json:"eventSource"`
	EventName     string `json:"eventName"`
	Region        string `json:"awsRegion"`
	SourceIP      string `json:"sourceIPAddress"`
	UserAgent     string `json:"userAgent"`
	ErrorCode     string `json:"errorCode"`
	ErrorMessage  string `json:"errorMessage"`
	Recipient     string `json:"recipientAccountId"`
	Identity      struct {
		alarms.Principal
		Provider string `json:"identityProvider"`
	} `json:"userIdentity"`
	Parameters jsontext.Value `json:"requestParameters"`
	Response   jsontext.Value `json:"responseElements"`
	Additional struct {
		PendingDeletionKeyUsed bool     `json:"pendingDeletionKeyUsed"`
		ResourceARNs           []string `json:"resourceARNs"` // where there are no resources
	} `json:"additionalEventData"`
	Resources []struct {
		ARN string `json:"ARN"`
	} `json:"resources"`
}

// request is a record as events tell of it.
func (r *record) request() alarms.Request {
	return alarms.Request{EventID: r.EventID, EventTime: r.EventTime, EventSource: r.EventSource,
		EventName: r.EventName, ErrorCode: r.ErrorCode, SourceIP: r.SourceIP, UserAgent: r.UserAgent,
		Principal: r.Identity.Principal}
}

// party is whom a request is counted under: the principal and not one of its sessions, which it
// names as it likes, nor one of the identities that an identity provider makes.
func (r *record) party() string {
	principal, _, _ := strings.Cut(r.Identity.PrincipalID, ":")
	return r.Identity.Account + "/" + cmp.Or(r.Identity.Provider, principal, r.Identity.ARN)
}

// isCopy reports whether the record is for the owner of what another account's principal used: that
// principal's own account has one, too.
func (r *record) isCopy() bool {
	return r.Identity.Account != "" && r.Identity.Account != r.Recipient
}

// time returns when it was done; that is not before the batch was committed by more than a request
// takes.
func (r *record) time(committed time.Time) time.Time {
	if t, err := time.Parse(time.RFC3339, r.EventTime); err == nil {
		return t
	}
	return committed
}

// at is the place of a resource: where its ARN says, as far as it does, or else the record's.
func (r *record) at(arn string) alarms.Place {
	parsed, _ := domain.ParseARN(arn)
	return alarms.Place{Account: cmp.Or(parsed.Account, r.Recipient),
		Region: cmp.Or(parsed.Region, r.Region)}
}

// head is what a look at a record's text tells, which costs less than to read it.
type head struct {
	identity []byte // from its beginning to the end of userIdentity
	name     []byte
	code     []byte // empty: it succeeded
}

var (
	identityEnd = []byte(`},"eventTime":"`)
	nameBegin   = []byte(`,"eventName":"`)
	codeBegin   = []byte(`,"errorCode":"`)
	headEnd     = []byte(`,"requestParameters":`)
)

// headOf looks at a record in the order of members that package audit writes. No text of a caller
// can look like a member: its quotes are escaped. Not ok is a record of another form.
func headOf(line []byte) (h head, ok bool) {
	i := bytes.Index(line, identityEnd)
	if i < 0 {
		return h, false
	}
	h.identity, line = line[:i], line[i:]
	if i = bytes.Index(line, nameBegin); i < 0 {
		return h, false
	}
	h.name, line = until(line[i+len(nameBegin):])
	if i = bytes.Index(line, headEnd); i < 0 {
		return h, false
	}
	if line = line[:i]; len(line) > 0 {
		if i = bytes.Index(line, codeBegin); i >= 0 {
			h.code, _ = until(line[i+len(codeBegin):])
		}
	}
	return h, true
}

// until cuts a text at the next quote. Names and codes have none.
func until(text []byte) (before, rest []byte) {
	i := bytes.IndexByte(text, '"')
	if i < 0 {
		return text, nil
	}
	return text[:i], text[i:]
}

func read(line []byte) (*record, error) {
	r := new(record)
	return r, json.Unmarshal(line, r)
}
