package op

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"claviger/audit"
	"claviger/internal/clock"
	"claviger/internal/fault"
	"claviger/internal/turn"
	"claviger/policy"
	"claviger/store"

	"github.com/go-json-experiment/json/jsontext"
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
	TLS       bool // the request came over TLS

	tls     audit.TLS // how, for its record
	run     *Runner
	pause   func()
	present func(pointer string) bool
	trail   *trail   // shared with every nested Call: one request, one commit
	extra   []byte   // additional facts for the record of the operation now running
	details []byte   // of the event that the operation now running is; nil: it is none
	made    []string // ARNs of what it makes
	asked   []byte   // members of a JSON object that belong to its parameters
	done    []func(audit.Record)
	events  []Event // of the operation now running

	held    *turn.Held // what this operation is about to change, and those that it is within
	counted bool       // the ledger knows that this request is in flight

	condition *Condition // nil: nothing is said of the answers that the caller has
	watch     *watch     // nil: it doesn't wait for others
}

// within returns the call of an operation inside this one. The notes and events of this one are
// not the other's, and what its caller has is not what the other answers.
func (c *Call) within(service string) *Call {
	sub := *c
	sub.tls = audit.TLS{}
	sub.Via, sub.present, sub.extra, sub.done, sub.events = service, nil, nil, nil, nil
	sub.details, sub.made, sub.asked = nil, nil, nil
	sub.condition, sub.watch = nil, nil
	return &sub
}

// trail collects the records of one attempt at a request, and what belongs to them.
type trail struct {
	records []left
	last    int // where those of the operation begin that ended last
	also    []func(*store.Tx) error
	kept    []func() // what follows once what also did is durable
	done    []func() // what follows once the records are durable

	unmodified bool // the caller has what would be answered

	// answer returns what a record keeps of the answer, once there is one; nil: nothing.
	answer func() []byte
}

// left is a record in a trail.
type left struct {
	audit.Record
	isTold bool   // by an operation that may still fail, and then it has not happened
	known  []byte // of Response before the commit
}

// decide asks whether the caller may do what is demanded, under the circumstances of this call.
func (c *Call) decide(demands []policy.Demand) policy.Decision {
	return c.run.Decide(policy.Request{Caller: c.Caller, Facts: c.Facts(), Demands: demands})
}

// Authorize is nil if the caller may do what is demanded, or would be allowed to if things were as
// the demands say: for changes by which a caller could lock itself out. Nothing is recorded.
func (c *Call) Authorize(demands ...policy.Demand) error { return c.decide(demands).Refusal() }

// Facts are the circumstances of this call, for what decides beside its demands.
func (c *Call) Facts() policy.Facts {
	return policy.Facts{Time: c.Time, SourceIP: c.SourceIP, TLS: c.TLS, UserAgent: c.UserAgent,
		Region: c.Region, Via: c.Via}
}

// Anew returns the call at the present moment, for work of the service's own that takes its time.
func (c *Call) Anew() *Call {
	now := *c
	now.Time = c.run.Now()
	return &now
}

// Settled is the call's time as far as something may be destroyed by it. While the clock is in
// doubt it reaches no deadline.
func (c *Call) Settled() clock.Settled { return c.run.Clock.Settle(c.Time) }

// Latest is what a deadline counts from after which something is destroyed: the call's time, or a
// later one if the clock was set back.
func (c *Call) Latest() time.Time { return c.run.Clock.Latest(c.Time) }

// Namespace returns the account and Region that the call is in: the first two
// columns of every table.
func (c *Call) Namespace() (account, region string) { return c.Caller.Account, c.Region }

// Note adds facts to the record of the operation now running: the members of a JSON object that
// isn't empty.
func (c *Call) Note(object string) {
	if n := len(c.extra); n > 0 {
		c.extra = append(append(c.extra[:n-1], ','), object[1:]...)
		return
	}
	c.extra = append(make([]byte, 0, roomOfFacts), object...)
}

// NoteText adds one fact to the record of the operation now running: a member and its text.
func (c *Call) NoteText(member, text string) {
	if n := len(c.extra); n > 0 {
		c.extra = append(c.extra[:n-1], ',', '"')
	} else {
		c.extra = append(make([]byte, 0, roomOfFacts), '{', '"')
	}
	c.extra = append(append(c.extra, member...), '"', ':')
	c.extra, _ = jsontext.AppendQuote(c.extra, text)
	c.extra = append(c.extra, '}')
}

// roomOfFacts is what most records have of additional facts, in bytes.
const roomOfFacts = 128

// Asked adds to the parameters in the record of the operation now running what its caller brings
// along and the request doesn't say itself: a JSON object that isn't empty.
func (c *Call) Asked(object []byte) { c.asked = joined(c.asked, object) }

// Made has the record of the operation now running name what it makes in the caller's account: the
// request could not.
func (c *Call) Made(arn string) { c.made = append(c.made, arn) }

// Log returns where the operator is told of things that no caller may see.
func (c *Call) Log() *slog.Logger { return c.run.Log.With("requestId", c.RequestID) }

// Also has f run in the transaction that makes the records of this request durable, of a Read too:
// bookkeeping without which there may be no answer. If f fails, so does the request. It may run
// twice, as a [Commit] may, and doesn't run for a request that failed. Once what it did is on the
// disk for certain, kept is called.
func (c *Call) Also(f func(*store.Tx) error, kept func()) {
	c.trail.also, c.trail.kept = append(c.trail.also, f), append(c.trail.kept, kept)
}

// After has f called with the record of the operation now running, once it is on the disk for
// certain and says that the operation succeeded. It may be called a moment before the answer, is
// quick and doesn't fail.
func (c *Call) After(f func(audit.Record)) { c.done = append(c.done, f) }

// add appends a record. The outcome of the last operation's is known only when the functions are
// called.
func (t *trail) add(r left, done []func(audit.Record)) {
	at := len(t.records)
	t.records = append(t.records, r)
	for _, f := range done {
		t.done = append(t.done, func() {
			if r := &t.records[at]; r.ErrorCode == "" {
				f(r.Record)
			}
		})
	}
}

// follow calls what was to follow. The records are on the disk, and with them what belongs to them
// if it was done.
func (t *trail) follow(also bool) {
	if also {
		for _, f := range t.kept {
			f()
		}
	}
	for _, f := range t.done {
		f()
	}
}

// change returns what the trail's transaction does besides keeping the records: commit, if there is
// one, and what belongs to it. It is nil if there is nothing.
func (t *trail) change(commit func(*store.Tx) error) func(*store.Tx) error {
	if len(t.also) == 0 {
		return commit
	}
	return func(tx *store.Tx) error {
		for _, f := range t.also {
			if err := f(tx); err != nil {
				return err
			}
		}
		if commit == nil {
			return nil
		}
		return commit(tx)
	}
}

// Code returns AWS's name of a fault in this service's vocabulary. The service may be nil: nobody
// knows yet which one is asked.
func (s *Service) Code(f *fault.Error) string {
	switch {
	case s == nil && (f.Kind == fault.Internal || f.Code == ""):
		return "InternalFailure"
	case s == nil:
		return f.Code
	case f.Kind == fault.Internal:
		return s.Internal
	case f.Code == "" && f.Kind == fault.Unavailable:
		return s.Down
	case f.Code == "" && f.Kind == fault.Uncertain:
		return cmp.Or(s.Uncertain, s.Internal)
	case s.XML != "" && f.Kind != fault.Unauthenticated && s.Own[f.Code] != "":
		return s.Own[f.Code]
	case s.XML != "":
		return queryName(f)
	case f.Code != "":
		return f.Code
	}
	return "ValidationException"
}
