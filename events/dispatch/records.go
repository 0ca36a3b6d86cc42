package dispatch

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"claviger/events/rulerows"
)

// placeOf returns the account and the Region of a record, or nothing if it has none.
func placeOf(line []byte) (at rulerows.Place) {
	// What callers have said stands between the two.
	const itsRegion, itsAccount = `"awsRegion":"`, `"recipientAccountId":"`
	at.Account = text(line, bytes.LastIndex(line, []byte(itsAccount)), itsAccount)
	at.Region = text(line, bytes.Index(line, []byte(itsRegion)), itsRegion)
	if at.Account == "" || at.Region == "" {
		return rulerows.Place{}
	}
	return at
}

// text returns the value of a member that begins at a place, or nothing if that is none. It has no
// escapes.
func text(line []byte, at int, name string) string {
	if at < 0 {
		return ""
	}
	value, _, _ := bytes.Cut(line[at+len(name):], []byte{'"'})
	return string(value)
}

// onlyReads reports whether a record is of a call that only reads.
func onlyReads(line []byte) bool {
	const name = `"readOnly":`
	i := bytes.LastIndex(line, []byte(name))
	return i >= 0 && bytes.HasPrefix(line[i+len(name):], []byte("true"))
}

// record is what an event needs to know of a record.
type record struct {
	EventID     string `json:"eventID"`
	EventTime   string `json:"eventTime"`
	EventSource string `json:"eventSource"`
	EventType   string `json:"eventType"`
	Region      string `json:"awsRegion"`
	Account     string `json:"recipientAccountId"`
	Resources   []struct {
		ARN string `json:"ARN"`
	} `json:"resources"`
	Identity struct {
		Type      string `json:"type"`
		InvokedBy string `json:"invokedBy"`
	} `json:"userIdentity"`
}

// isDelivery reports whether a record is of what is done to deliver something: to publish to a
// topic and to rotate a secret for a rule, and to open what rests sealed. Of such records there are
// no events, since a rule that matches them would make one of each of its own.
func (r *record) isDelivery() bool {
	return r.Identity.Type == "AWSService" && (r.Identity.InvokedBy == "events.amazonaws.com" ||
		r.Identity.InvokedBy == "sns.amazonaws.com")
}

// header is an event of CloudTrail's without its detail, in EventBridge's order of members.
type header struct {
	Version    string         `json:"version"`
	ID         string         `json:"id"`
	DetailType string         `json:"detail-type"`
	Source     string         `json:"source"`
	Account    string         `json:"account"`
	Time       string         `json:"time"`
	Region     string         `json:"region"`
	Resources  []string       `json:"resources"`
	Detail     jsontext.Value `json:"detail"`
}

const (
	apiCall      = "AWS API Call via CloudTrail"
	serviceEvent = "AWS Service Event via CloudTrail"
)

// envelope makes CloudTrail's event of a record, under the record's own id and with seconds alone
// in its time. It has no resources, as with AWS: those of the record are in the detail.
func envelope(line []byte) (e event, ok bool) {
	var r record
	if json.Unmarshal(line, &r) != nil || r.EventID == "" || r.isDelivery() {
		return e, false
	}
	h := header{Version: "0", ID: r.EventID, DetailType: apiCall, Account: r.Account,
		Region: r.Region, Time: seconds(r.EventTime), Resources: []string{}, Detail: line,
		Source: "aws." + strings.TrimSuffix(r.EventSource, ".amazonaws.com")}
	if r.EventType == "AwsServiceEvent" {
		h.DetailType = serviceEvent
	}
	e = event{account: r.Account, region: r.Region, order: h.Source}
	if len(r.Resources) > 0 {
		e.order = r.Resources[0].ARN
	}
	var err error
	e.text, err = json.Marshal(h)
	return e, err == nil
}

// seconds cuts a time in RFC 3339 to its seconds.
func seconds(t string) string {
	whole, _, fraction := strings.Cut(t, ".")
	if fraction {
		return whole + "Z"
	}
	return t
}
