package op

import (
	"context"
	"time"

	"claviger/audit"
	"claviger/internal/fault"
	"claviger/internal/shape"
	"claviger/policy"

	"github.com/google/uuid"
)

// Call is one request on its way: who asks, where, and what it will leave behind.
type Call struct {
	context.Context
	Caller    policy.Caller // verified before any Operation runs
	Region    string        // the namespace the request was signed for
	Via       string        // the service that asks on the caller's behalf, or nothing
	Time      time.Time     // when the request arrived
	RequestID string
	SourceIP  string
	UserAgent string

	run     *Runner
	present func(pointer string) bool
	trail   *trail // shared with every nested Call: one request, one commit
	extra   []byte // additional facts for the record of the operation now running
}

// within returns the call of an operation inside this one. The notes of this one are not the other's.
func (c *Call) within(service string) *Call {
	sub := *c
	sub.Via, sub.present, sub.extra = service, nil, nil
	return &sub
}

// trail collects the records of one attempt at a request.
type trail struct {
	records []audit.Record
}

// Namespace returns the account and Region that the call is in: the first two columns of every table.
func (c *Call) Namespace() (account, region string) { return c.Caller.Account, c.Region }

// Note adds facts to the record of the operation now running, as one JSON object.
func (c *Call) Note(object string) { c.extra = []byte(object) }

// leave appends the record of one operation. The outcome of the outermost one may still change at commit.
func (c *Call) leave(n *Info, plan *shape.Plan, in any, demands []policy.Demand, err error) {
	r := c.record(n, err)
	if f := fault.Of(err); f == nil || f.Kind != fault.Invalid {
		r.Parameters = plan.AppendRecord(nil, in)
	}
	for _, d := range demands {
		if d.Resource != "" && d.Resource != "*" {
			r.Resources = append(r.Resources, audit.Resource{ARN: d.Resource, AccountID: c.Caller.Account})
		}
	}
	r.Additional = c.extra
	c.extra = nil
	c.trail.records = append(c.trail.records, r)
}

func (c *Call) record(n *Info, err error) audit.Record {
	r := audit.Record{
		Time: c.Time, Source: n.Service.Source(), Name: n.Name, Region: c.Region, SourceIP: c.SourceIP,
		UserAgent: c.UserAgent, RequestID: c.RequestID, EventID: uuid.NewString(), Account: c.Caller.Account,
		ReadOnly: n.ReadOnly,
		Identity: audit.Identity{Type: c.Caller.Type, PrincipalID: c.Caller.PrincipalID, ARN: c.Caller.ARN,
			AccountID: c.Caller.Account, AccessKeyID: c.Caller.AccessKeyID},
	}
	if c.Via != "" {
		r.Identity.InvokedBy = c.Via + ".amazonaws.com"
	}
	mark(&r, n.Service, err)
	return r
}

// mark writes the outcome as the caller sees it. The text of an internal error is in no record.
func mark(r *audit.Record, s *Service, err error) {
	r.ErrorCode, r.ErrorMessage = "", ""
	f := fault.Of(err)
	if f == nil {
		return
	}
	r.ErrorCode = s.Code(f)
	if f.Kind != fault.Internal {
		r.ErrorMessage = f.Message
	}
}

// Code returns AWS's name of a fault in this service's vocabulary.
func (s *Service) Code(f *fault.Error) string {
	switch {
	case f.Kind == fault.Internal:
		return s.Internal
	case f.Code != "":
		return f.Code
	case f.Kind == fault.Unavailable:
		return s.Down
	}
	return "ValidationException"
}
