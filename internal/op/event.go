package op

import (
	"cmp"

	"claviger/audit"
)

// Event is something that a service did on its own account while it performed an operation:
// CloudTrail's AwsServiceEvent, such as RotationStarted.
type Event struct {
	Name string

	// The account that owns what the event is about and so receives it; empty: the caller's.
	Account string

	Region     string // where it happened; empty: the request's
	ARN        string // of what it is about, where CloudTrail has it among resources
	RequestID  string // of what the event is a part of; empty: see [Records]
	Additional []byte // a JSON object, or nothing
	Details    []byte // serviceEventDetails: a JSON object, or nothing
	Failure    string // why it failed, for whoever reads the trail; empty: it didn't
	IsCall     bool   // CloudTrail has it as an AwsApiCall
}

// Event has the trail tell of e, before the operation that is now running and in its commit. Of an
// operation that fails, or within a request that fails, no event is kept: what it tells of has not
// happened. So an operation that finds out that something failed succeeds in writing that down. A
// [Commit] is too late to tell of any.
func (c *Call) Event(e Event) { c.events = append(c.events, e) }

// Did says that the operation now running, which is the service's own doing ([Recorded.Event]), has
// done something, and what the event says of it: a JSON object, or nothing. An operation that says
// so nowhere and doesn't fail has found nothing to do and leaves no record.
func (c *Call) Did(details []byte) { c.details = append([]byte{}, details...) }

// event is the record of something that the service of the operation now running did.
func (c *Call) event(n *Info, e *Event) audit.Record {
	now := c.run.Now()
	r := audit.Record{Time: now, Source: n.Service.Source(), Name: e.Name,
		Region: cmp.Or(e.Region, c.Region), RequestID: cmp.Or(e.RequestID, c.RequestID),
		EventID: audit.NewEventID(now), ErrorMessage: Clip(e.Failure, mostOfMessage),
		Additional: e.Additional, Details: e.Details}
	n.Service.does(&r, cmp.Or(e.Account, c.Caller.Account))
	if e.RequestID != "" {
		r.RequestID = e.RequestID
	}
	if e.ARN != "" {
		r.Resources = []audit.Resource{{ARN: e.ARN, Type: n.Service.Records.Type, AccountID: r.Account}}
	}
	r.ServiceEvent = !e.IsCall
	return r
}

// does makes a record one of what the service does by itself in an account.
func (s *Service) does(r *audit.Record, account string) {
	by := s.Records.By
	if by == "" {
		by = s.Source()
	} else {
		r.RequestID = ""
	}
	r.Account, r.SourceIP, r.UserAgent, r.TLS = account, by, by, audit.TLS{}
	r.Identity = audit.Identity{AccountID: account, InvokedBy: by}
	r.ServiceEvent = true
}
