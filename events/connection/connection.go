// Package connection is what EventBridge calls beyond AWS: connections, which say how requests are
// authorized, and API destinations, which say where they go. It has no database and no clock.
package connection

import (
	"time"

	"claviger/events/rule"
	"claviger/internal/domain"
)

// The kinds of authorization.
const (
	Basic  = "BASIC"
	APIKey = "API_KEY"
	OAuth  = "OAUTH_CLIENT_CREDENTIALS"
)

// The states of a connection that there are here: it has credentials, or none any more. AWS passes
// through others on the way, which are answered where AWS does.
const (
	Authorized     = "AUTHORIZED"
	Deauthorized   = "DEAUTHORIZED"
	Deauthorizing  = "DEAUTHORIZING"
	Deleting       = "DELETING"
	Active         = "ACTIVE"   // of an API destination
	Inactive       = "INACTIVE" // likewise
	UsualRate      = 300        // invocations a second
	MostOfEachKind = 3000       // AWS's quota of connections, and of API destinations
)

// Ref is where a connection or an API destination is.
type Ref struct{ Account, Region, Name string }

func (r Ref) arn(kind, rest string) string {
	return domain.ARN{Service: rule.Service, Region: r.Region, Account: r.Account,
		Resource: kind + "/" + r.Name + rest}.String()
}

// Connection is a connection as it rests. What is changed is changed in a copy.
type Connection struct {
	Ref
	ID          string // the last part of the ARN
	Rev         int64
	Description string
	Type        string
	State       string
	Reason      string // of the state
	Shown       ConnectionAuthResponseParameters
	KeyID       string // the KMS key as the caller named it; empty: the one that the service manages
	KeyARN      string // the KMS key that sealed the secrets; empty: there are none any more
	Epoch       int64  // of the data key under it
	Sealed      []byte // [Parameters] with their secrets
	Created     time.Time
	Modified    time.Time
	Authorized  time.Time // zero: never
}

// ARN is the connection's.
func (c *Connection) ARN() string { return c.arn("connection", "/"+c.ID) }

// EncryptionContext is what the sealed secrets are bound to: no other connection opens them.
func (c *Connection) EncryptionContext() map[string]string {
	return map[string]string{"aws:events:connection:arn": c.ARN()}
}

// Next returns a copy of the next revision with what change does to it.
func (c *Connection) Next(change func(*Connection)) *Connection {
	next := *c
	next.Rev++
	change(&next)
	return &next
}

// APIDestination is an address that events are sent to.
type APIDestination struct {
	Ref
	ID            string // the last part of the ARN
	Rev           int64
	Description   string
	ConnectionARN string
	Endpoint      string // https, with a * for each path parameter of a target
	Method        string
	Rate          int64 // invocations a second
	Created       time.Time
	Modified      time.Time
}

// ARN is the API destination's.
func (d *APIDestination) ARN() string { return d.arn("api-destination", "/"+d.ID) }

// UnnamedARN is the ARN of an API destination that isn't there, as policies match it: nobody knows
// its last part.
func (r Ref) UnnamedARN(kind string) string { return r.arn(kind, "/*") }

// Next returns a copy of the next revision with what change does to it.
func (d *APIDestination) Next(change func(*APIDestination)) *APIDestination {
	next := *d
	next.Rev++
	change(&next)
	return &next
}
