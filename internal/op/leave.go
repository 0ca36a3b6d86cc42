package op

import (
	"cmp"
	"reflect"
	"strings"

	"claviger/audit"
	"claviger/internal/fault"
	"claviger/policy"

	"github.com/go-json-experiment/json/jsontext"
)

// ending is what is known of an operation when it ends.
type ending struct {
	*recording
	in      any
	out     any // nil: there is none, or it is not recorded
	demands []policy.Demand
	allowed bool // the caller may do what is demanded
}

// room is what most records have of parameters and facts of ours, in bytes.
const room = 384

// leave appends the records of one operation, its own the last one. The outcome of the outermost
// one may still change at commit.
func (c *Call) leave(n *Info, e *ending, err error) {
	if err == nil {
		for i := range c.events {
			c.trail.add(left{Record: c.event(n, &c.events[i]), isTold: true}, nil)
		}
	}
	c.trail.last = len(c.trail.records)
	if !e.Event || err != nil || c.details != nil {
		c.leaveOwn(n, e, err)
	}
	c.extra, c.details, c.made, c.asked, c.done, c.events = nil, nil, nil, nil, nil, nil
}

// leaveOwn appends the record of an operation itself. Where it used what another account owns, that
// account gets one, too.
func (c *Call) leaveOwn(n *Info, e *ending, err error) {
	r := c.record(n, err)
	r.Source, r.ReadOnly = e.source, e.readOnly
	f := fault.Of(err)
	b := make([]byte, 0, room)
	isHidden := e.IfAllowed && f != nil && f.Kind == fault.Denied
	isRead := f == nil || f.Kind != fault.Invalid // and breaks no rule
	if e.parameters != nil && isRead && !isHidden {
		b = e.parameters.Append(b, reflect.ValueOf(e.in))
		r.Parameters = joined(b, c.asked)
	}
	at := len(b)
	b = c.appendFacts(b, e)
	r.Additional = b[at:]
	if e.Touched == Listed && !isHidden {
		c.list(&r, n.Service, e.demands)
	}
	if err == nil {
		at = len(b)
		b = e.appendAnswer(b)
		r.Response = b[at:]
	}
	if e.Event {
		n.Service.does(&r, r.Account)
		r.Details = c.details
	}
	if e.allowed {
		c.share(&r, e)
	}
	c.trail.add(left{Record: r, known: r.Response}, c.done)
}

// list puts what was demanded among a record's resources.
func (c *Call) list(r *audit.Record, s *Service, demands []policy.Demand) {
	r.NoResources = demands != nil
	for i := range demands {
		if arn := demands[i].Resource.ARN; names(arn) && !isAgain(demands, i) {
			r.Resources = append(r.Resources, audit.Resource{ARN: arn, Type: s.Records.Type,
				AccountID: c.owner(&demands[i])})
		}
	}
	for _, arn := range c.made {
		r.Resources = append(r.Resources, audit.Resource{ARN: arn, Type: s.Records.Type,
			AccountID: c.Caller.Account})
	}
}

// isAgain reports whether the demand of an index is about what one before it is about: several
// actions may be demanded on one thing.
func isAgain(demands []policy.Demand, i int) bool {
	for j := range i {
		if demands[j].Resource.ARN == demands[i].Resource.ARN {
			return true
		}
	}
	return false
}

// names reports whether a demand's ARN is one of something.
func names(arn string) bool { return arn != "" && arn != "*" }

// owner returns the account of what is demanded.
func (c *Call) owner(d *policy.Demand) string {
	return cmp.Or(d.Resource.Account, c.Caller.Account)
}

// appendFacts appends what only we know of an operation as a JSON object, or nothing: the notes,
// and of what was demanded what CloudTrail has no place for.
func (c *Call) appendFacts(b []byte, e *ending) []byte {
	if e.Touched == Listed {
		return append(b, c.extra...)
	}
	start := len(b)
	if n := len(c.extra); n > 0 {
		b = append(append(b, c.extra[:n-1]...), ',')
	} else {
		b = append(b, '{')
	}
	b = append(b, `"resourceARNs":[`...)
	first := len(b)
	for i := range e.demands {
		if arn := e.demands[i].Resource.ARN; names(arn) && !isAgain(e.demands, i) {
			b, _ = jsontext.AppendQuote(comma(b, first), arn)
		}
	}
	for _, arn := range c.made {
		b, _ = jsontext.AppendQuote(comma(b, first), arn)
	}
	if len(b) == first {
		return append(b[:start], c.extra...)
	}
	return append(b, ']', '}')
}

// comma appends what stands between two elements of a list that begins at first.
func comma(b []byte, first int) []byte {
	if len(b) == first {
		return b
	}
	return append(b, ',')
}

// appendAnswer appends what a record keeps of the answer, as far as it is known before the commit.
func (e *ending) appendAnswer(b []byte) []byte {
	start := len(b)
	if e.answer != nil && e.out != nil {
		b = e.answer.Append(b, reflect.ValueOf(e.out))
	}
	arn := e.changed()
	if e.ARNAs == "" || arn == "" {
		return b
	}
	if len(b) > start {
		b = append(b[:len(b)-1], ',', '"')
	} else {
		b = append(b, '{', '"')
	}
	b = append(append(b, e.ARNAs...), '"', ':')
	b, _ = jsontext.AppendQuote(b, arn)
	return append(b, '}')
}

// changed returns the ARN of what the operation is about: of an alias its key's.
func (e *ending) changed() (arn string) {
	for i := range e.demands {
		if arn = e.demands[i].Resource.ARN; names(arn) && !strings.Contains(arn, ":alias/") {
			return arn
		}
	}
	return ""
}

// share leaves a record for each account that owns something that was used and isn't the caller's:
// all that CloudTrail delivers there. Nothing of a refusal, or anybody could write into everybody's
// trail.
func (c *Call) share(r *audit.Record, e *ending) {
	for i := range e.demands {
		owner := c.owner(&e.demands[i])
		if owner == r.Account || !names(e.demands[i].Resource.ARN) || c.isShared(owner) {
			continue
		}
		if r.SharedID == "" {
			r.SharedID = audit.NewEventID(r.Time)
		}
		theirs := *r
		theirs.Account, theirs.EventID = owner, audit.NewEventID(r.Time)
		theirs.Identity = r.Identity.InAnotherAccount()
		theirs.Resources = nil
		for _, x := range r.Resources {
			if x.AccountID == owner {
				theirs.Resources = append(theirs.Resources, x)
			}
		}
		c.trail.add(left{Record: theirs, known: r.Response}, nil)
	}
}

// isShared reports whether an account has a record of the operation that ends.
func (c *Call) isShared(owner string) bool {
	for i := c.trail.last; i < len(c.trail.records); i++ {
		if c.trail.records[i].Account == owner {
			return true
		}
	}
	return false
}

// end writes the outcome of a request into the records of its operation.
func (t *trail) end(s *Service, err error) {
	var answer []byte
	if err == nil && t.answer != nil {
		answer = t.answer()
	}
	for i := t.last; i < len(t.records); i++ {
		r := &t.records[i]
		r.Response = joined(answer, r.known)
		mark(&r.Record, s, err)
	}
}

// joined returns the members of two JSON objects, either of which may be nothing.
func joined(a, b []byte) []byte {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	out := append(append(make([]byte, 0, len(a)+len(b)), a[:len(a)-1]...), ',')
	return append(out, b[1:]...)
}

// lines writes down the records of a request that ended with err. After a failure what operations
// told of is left out: it was not done.
func lines(records []left, err error) []byte {
	b := make([]byte, 0, 1024) // most requests leave one record
	for i := range records {
		if err != nil && records[i].isTold {
			continue
		}
		if len(b) > 0 {
			b = append(b, '\n')
		}
		b = records[i].Append(b)
	}
	return b
}
