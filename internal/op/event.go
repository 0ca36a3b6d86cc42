package op

import (
	"cmp"

	"claviger/audit"

	"github.com/google/uuid"
)

// Event is something that a service did on its own account while it performed an operation:
// CloudTrail's AwsServiceEvent, such as RotationStarted.
type Event struct {
	Name string

	// The account that owns what the event is about and so receives it; empty: the caller's.
	Account string

	RequestID  string // of what the event is a part of; empty: the request's own
	Additional []byte // a JSON object, or nothing
	Failure    string // why it failed, for whoever reads the trail; empty: it didn't
}

// Event has the trail tell of e, before the operation that is now running and in its commit. Of an
// operation that fails, or within a request that fails, no event is kept: what it tells of has not
// happened. So an operation that finds out that something failed succeeds in writing that down. A
// [Commit] is too late to tell of any.
func (c *Call) Event(e Event) { c.events = append(c.events, e) }

// event is the record of something that the service of the operation now running did.
func (c *Call) event(n *Info, e *Event) audit.Record {
	source, account := n.Service.Source(), cmp.Or(e.Account, c.Caller.Account)
	return audit.Record{
		Time: c.Time, Source: source, Name: e.Name, Region: c.Region, SourceIP: source,
		UserAgent: source, RequestID: cmp.Or(e.RequestID, c.RequestID), EventID: uuid.NewString(),
		Account: account, Identity: audit.Identity{AccountID: account, InvokedBy: source},
		ErrorMessage: Clip(e.Failure, mostOfFailure), Additional: e.Additional, ServiceEvent: true,
	}
}

// mostOfFailure is how much CloudTrail keeps of an error's message, in bytes.
const mostOfFailure = 1024
