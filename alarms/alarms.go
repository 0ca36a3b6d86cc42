// Package alarms is what Claviger tells of itself and of what it sees: events with the source
// claviger, in EventBridge's envelope like those of AWS's services. What they are made of is in the
// packages below: records, which looks at the trail, and watch, which looks at the parts.
//
// A detail has a version, the text "1" by now. Members may be added to a version. One that goes, or
// means something else, is another version; docs/events.md has them all.
package alarms

import (
	"time"

	"claviger/internal/outbox"

	"github.com/google/uuid"
)

// Source is that of all events of ours.
const Source = "claviger"

// Version is that of every detail.
const Version = "1"

// The detail-types.
const (
	DeviceState    = "Device State Change"
	DatabaseState  = "Database State Change"
	ClockState     = "Clock State Change"
	TrailState     = "Trail State Change"
	CopyState      = "Trail Copy State Change"
	WitnessState   = "Trail Witness State Change"
	Mismatch       = "Signature Mismatch"
	PendingUse     = "Pending Deletion Use"
	DeniedRequests = "Denied Requests"
	AccessOpened   = "Access Opened"
	RootActivity   = "Root User Activity"
)

// The states of [State].
const (
	Available   = "AVAILABLE"
	Unavailable = "UNAVAILABLE"
	Believed    = "BELIEVED"
	Doubted     = "DOUBTED"
	Intact      = "INTACT"
	Broken      = "BROKEN"
	Going       = "GOING"
	Failing     = "FAILING"

	Held         = "HELD"
	Unreached    = "UNREACHED"
	Contradicted = "CONTRADICTED"
)

// State is the detail of a change of state: of [DeviceState] and the like.
type State struct {
	Version  string `json:"version"`
	Name     string `json:"name,omitzero"` // of a copy or a witness's place
	State    string `json:"state"`
	Since    string `json:"since"` // when the state began
	Previous string `json:"previous"`
	Outage   int64  `json:"outageSeconds,omitzero"` // how long the one before lasted, if it was bad
}

// Mismatched is the detail of a [Mismatch].
type Mismatched struct {
	Version string   `json:"version"`
	Kind    string   `json:"kind"` // [Row] or [RowSet]
	Tables  []string `json:"tables"`
}

// The kinds of [Mismatched].
const (
	Row    = "ROW"     // its MAC is not that of what it holds
	RowSet = "ROW_SET" // a table has other rows than the service left in it
)

// Principal is who did it, as the record's userIdentity says.
type Principal struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId,omitzero"`
	ARN         string `json:"arn,omitzero"`
	Account     string `json:"accountId,omitzero"`
	AccessKey   string `json:"accessKeyId,omitzero"`
}

// Request is the record that an event is made of, by what helps to find it.
type Request struct {
	EventID     string    `json:"eventID"`
	EventTime   string    `json:"eventTime"`
	EventSource string    `json:"eventSource"`
	EventName   string    `json:"eventName"`
	ErrorCode   string    `json:"errorCode,omitzero"`
	SourceIP    string    `json:"sourceIPAddress,omitzero"`
	UserAgent   string    `json:"userAgent,omitzero"`
	Principal   Principal `json:"userIdentity"`
}

// Asked is the detail of a [PendingUse] and of a [RootActivity]: there was this request.
type Asked struct {
	Version  string  `json:"version"`
	Resource string  `json:"resource,omitzero"` // ARN, of a PendingUse
	Request  Request `json:"request"`
}

// Burst is the detail of a [DeniedRequests].
type Burst struct {
	Version string  `json:"version"`
	Count   int     `json:"count"`         // as many as begin a burst
	Window  int64   `json:"windowSeconds"` // within which they came
	Began   string  `json:"windowStart"`
	Request Request `json:"request"` // the one that made them so many
}

// Opened is the detail of a [AccessOpened].
type Opened struct {
	Version  string   `json:"version"`
	Resource string   `json:"resource"` // ARN
	Access   string   `json:"access"`   // [Public] or [CrossAccount]
	Accounts []string `json:"accounts"` // that are let in by their numbers, without its own
	Request  Request  `json:"request"`
}

// The kinds of access of [Opened].
const (
	Public       = "PUBLIC"
	CrossAccount = "CROSS_ACCOUNT"
)

// Place is where an event happens: whose it is, and in which Region.
type Place struct{ Account, Region string }

// Of returns an event of ours about some resources; none is about the installation as a whole.
func Of(at Place, when time.Time, detailType string, detail any,
	resources ...string) outbox.Event {
	return outbox.Event{Account: at.Account, Region: at.Region, Source: Source,
		DetailType: detailType, Resources: resources, Time: when, Detail: detail}
}

// Turn is a change of state.
type Turn struct {
	Type            string // of the event
	Name            string // of what has turned, where there are several
	State, Previous string
	Since, Before   time.Time // when the state began, and the one before; zero: not known
	IsOver          bool      // the state before was trouble
}

// Changed returns the event of a change of state.
func Changed(at Place, t Turn) outbox.Event {
	d := State{Version: Version, Name: t.Name, State: t.State, Previous: t.Previous,
		Since: Moment(t.Since)}
	if t.IsOver && !t.Before.IsZero() {
		d.Outage = int64(t.Since.Sub(t.Before) / time.Second)
	}
	return Of(at, t.Since, t.Type, d)
}

// Wrong returns the event of rows that are not as the service stored them.
func Wrong(at Place, when time.Time, kind string, tables ...string) outbox.Event {
	return Of(at, when, Mismatch, Mismatched{Version: Version, Kind: kind, Tables: tables})
}

// Moment writes a time as all details have it.
func Moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// IDOf returns the id of the event of a type that is made of a record: always the same, so that who
// sees it twice can tell. It is a version 5 UUID whose namespace is the record's eventID.
func IDOf(eventID, detailType string) string {
	namespace, err := uuid.Parse(eventID)
	if err != nil {
		namespace = uuid.NewSHA1(uuid.Nil, []byte(eventID))
	}
	return uuid.NewSHA1(namespace, []byte(detailType)).String()
}
