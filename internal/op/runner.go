package op

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"claviger/audit"
	"claviger/internal/clock"
	"claviger/internal/fault"
	"claviger/internal/source"
	"claviger/internal/turn"
	"claviger/policy"
	"claviger/store"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// Request is what a protocol knows of a request before anybody is known.
type Request struct {
	HTTP *http.Request
	ID   string // of the request, a UUID

	// Read returns the body as received: the signature is over these bytes. It is called once at
	// most, and before Name and Decode, which may look at what it returned.
	Read func() ([]byte, error)

	// Name tells which operation is asked for, or under which name the refusal is recorded and why
	// it is one. Some protocols have it from the body, so nobody asks before the body is the
	// caller's.
	Name func() (o Operation, asked string, err error)

	// Known, if it isn't nil, is called once the caller is known and before anything is done for it,
	// with a context that says whose the request is (admission.Party). An error ends the request
	// without a record: the caller has too much going on, and was not listened to.
	Known func(ctx context.Context) error

	// Pause, if it isn't nil, lets others be looked at while this request waits for something that is
	// not this service's.
	Pause func()

	// Condition, if it isn't nil, is what the request says of the answers that its caller has.
	Condition *Condition
	// Hold, if it isn't nil, is called once the caller is known to have what would be answered and
	// prefers to wait. It returns when changed holds something, or after long enough: then there is
	// no more waiting. An error is the outcome.
	Hold func(changed <-chan struct{}) (more bool, err error)

	Decode  func(input any) error
	Present func(pointer string) bool // whether the document holds anything at a JSON pointer
}

// Authenticator finds out who signed a request, and for which Region. It reads the body only once
// the headers name an access key that is known, so that an unknown caller can't fill the memory.
// Its errors are faults of kind Unauthenticated, or those of read.
type Authenticator interface {
	Authenticate(ctx context.Context, r *http.Request, read func() ([]byte, error),
		service string, now time.Time) (c policy.Caller, region string, err error)

	// Renew returns who the caller of a request is now whose signature was verified when it arrived.
	// Its errors are faults of kind Unauthenticated.
	Renew(ctx context.Context, r *http.Request, service string, arrived, now time.Time) (
		policy.Caller, error)
}

// Ledger makes a change and the records of a request durable together; *store.DB is one.
type Ledger interface {
	Enter()
	Leave()
	Commit(apply func(*store.Tx) error, record func(error) []byte) error
}

// Observer is told of every operation that ended.
type Observer interface {
	Operation(service, name, code string, took time.Duration)
	Unknown(service, code string) // failures before a caller is known
	Unrecorded()                  // of those, the ones that left no record
	Overload(where string)        // somebody was turned away because a bound was reached
	Waiting(delta int)            // so many more requests wait for a change
}

// Runner takes operations down the one road. All fields must be set.
type Runner struct {
	Ledger  Ledger
	Callers Authenticator
	Decide  func(policy.Request) policy.Decision
	Observe Observer
	Log     *slog.Logger
	Now     func() time.Time
	Clock   *clock.Guard // of what Now returns; nil believes no time, and nothing is destroyed

	queues          turn.Queues // of those who change the same
	unauthenticated sampler     // failures of callers nobody knows, by network: what leaves a record
	ownFailures     periods     // of ours before a caller is known, by cause: what is logged
}

// Serve takes a request to a service down the road: it authenticates the raw bytes, asks q for the
// operation's name only then, and returns what the operation answers. That a known caller asked for
// what has no name here is recorded. The error is always a *fault.Error.
func (r *Runner) Serve(ctx context.Context, s *Service, q *Request) (any, error) {
	r.Ledger.Enter()
	defer r.Ledger.Leave()
	c, err := r.arrive(ctx, s, q)
	if err != nil {
		var o Operation
		if o, err = r.unsignedOperation(s, q, err); err != nil {
			return nil, r.unknown(c, s, err)
		}
		return r.serveUnsigned(c, o, q)
	}
	if err := c.known(q); err != nil {
		return nil, fault.Of(err)
	}
	var o Operation
	var asked string
	err = safely(func() (err error) {
		o, asked, err = q.Name()
		return err
	})
	if err != nil {
		return nil, r.unnamed(c, &Info{Name: asked, Service: s}, err)
	}
	info := o.Info()
	r.condition(c, s, q)
	out, err := o.serve(c, q)
	r.ended(c, &info, err)
	if err != nil {
		return nil, fault.Of(err)
	}
	return out, nil
}

// safely makes a panic of f, which reads what a client sent, an error like any other: it is
// recorded.
func safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Panic(p)
		}
	}()
	return f()
}

// unnamed records that a known caller asked for something that can't even be
// named, and returns err.
func (r *Runner) unnamed(c *Call, n *Info, err error) error {
	err = r.refused(c, n, err)
	n.Name = "UnknownOperation" // in metrics: a name that a client made up is no label
	r.ended(c, n, err)
	return fault.Of(err)
}

// Own returns a call of the service's own, for work that nobody is waiting for.
func (r *Runner) Own(ctx context.Context, account, region, service string) *Call {
	return &Call{Context: ctx, Caller: policy.AsService(account, service), Region: region,
		Via: service, Time: r.Now(), RequestID: uuid.NewString(), run: r}
}

// arrive authenticates the raw bytes. The call is there even if that fails.
func (r *Runner) arrive(ctx context.Context, s *Service, q *Request) (*Call, error) {
	now := r.Now()
	c := &Call{Context: ctx, Time: now, RequestID: q.ID, SourceIP: source.Host(q.HTTP.RemoteAddr),
		UserAgent: Clip(q.HTTP.UserAgent(), ofClients), TLS: q.HTTP.TLS != nil, run: r,
		pause: q.Pause, counted: true, tls: protection(q.HTTP)}
	var err error
	c.Caller, c.Region, err = r.Callers.Authenticate(ctx, q.HTTP, q.Read, s.Name, now)
	return c, err
}

// party is whom the work for a caller is counted under: the principal, not one of its sessions,
// which it names as it likes.
func party(c policy.Caller) string {
	principal, _, _ := strings.Cut(c.PrincipalID, ":")
	if c.Type == policy.WebIdentityUser {
		principal = c.Session.Provider // as many identities as there are, it makes them all
	}
	return c.Account + "/" + principal
}

// unknown counts a failure before a caller is known and records a sample of them: each network gets
// few records, all together not many more, or anyone could fill the disk. For the same reason a
// failure of ours is logged once a period for each cause, and a stranger says little of itself.
func (r *Runner) unknown(c *Call, s *Service, err error) error {
	f := fault.Of(err)
	code := s.Code(f)
	r.Observe.Unknown(s.Name, code)
	if isOurs(f) && r.ownFailures.take(err.Error(), c.Time) {
		r.Log.Error("authentication failed on our side", "requestId", c.RequestID, "error", err)
	}
	recorded, silenced := r.unauthenticated.take(c.SourceIP, c.Time)
	if !recorded {
		r.Observe.Unrecorded()
		return f
	}
	rec := c.record(&Info{Name: "Authenticate", Service: s, ReadOnly: true}, f)
	rec.Identity = audit.Identity{Type: "Unknown"}
	rec.UserAgent = Clip(rec.UserAgent, ofStrangers)
	rec.TLS.Host = Clip(rec.TLS.Host, ofStrangers)
	rec.ErrorMessage = Clip(rec.ErrorMessage, ofStrangers)
	if silenced != "" {
		named, _ := jsontext.AppendQuote([]byte(`{"unrecordedForTheRestOfTheDay":`), silenced)
		rec.Additional = append(named, '}')
	}
	c.trail = &trail{records: []left{{Record: rec}}}
	return fault.Of(r.commit(c, s, nil, f))
}

// refused leaves the record of a failure that happened outside the road's middle part.
func (r *Runner) refused(c *Call, n *Info, err error) error {
	rec := c.record(n, err)
	rec.ReadOnly = n.Service.Records.IsRead(*n)
	c.trail = &trail{records: []left{{Record: rec}}}
	return r.commit(c, n.Service, nil, err)
}

// commit makes the records durable, in one transaction with the change if there is one, and returns
// the outcome: err, the change's own error, or that of a ledger that could not keep the record.
func (r *Runner) commit(c *Call, s *Service, change func(*store.Tx) error, err error) error {
	left := c.trail // the ledger may come to it when nobody waits any more
	if change == nil {
		lost := r.Ledger.Commit(nil, func(error) []byte { return lines(left.records, err) })
		if lost != nil {
			return lost
		}
		left.follow(false)
		return err
	}
	err = r.Ledger.Commit(change, func(err error) []byte {
		if isStale(err) {
			return nil // nothing of this attempt has left the process: the road starts again
		}
		left.end(s, err)
		return lines(left.records, err)
	})
	if err != nil {
		return err
	}
	left.follow(true)
	return nil
}

func isStale(err error) bool { return err != nil && errors.Is(err, store.Stale) }

func (r *Runner) ended(c *Call, n *Info, err error) {
	f := fault.Of(err)
	code := ""
	if f != nil {
		code = n.Service.Code(f)
		switch {
		case errors.Is(err, store.ErrNotStored):
			// It was said once, by the store: a thousand requests that wait for a disk say no more.
			r.Log.Debug("operation failed", "operation", n.Name, "requestId", c.RequestID, "error", err)
		case isOurs(f):
			r.Log.Error("operation failed", "operation", n.Name, "requestId", c.RequestID, "error", err)
		}
	}
	r.Observe.Operation(n.Service.Name, n.Name, code, r.Now().Sub(c.Time))
}

// isOurs reports whether a failure is no doing of the caller's.
func isOurs(f *fault.Error) bool {
	return f.Kind == fault.Internal || f.Kind == fault.Unavailable || f.Kind == fault.Uncertain
}

// What is kept of what clients say of themselves, in bytes.
const (
	ofClients   = 1024 // as much as CloudTrail keeps
	ofStrangers = 256  // a record of a stranger costs no more
)

// Clip bounds what a client sent, in bytes, before it is kept or said back. What is no UTF-8, half
// a character at the end too, becomes U+FFFD.
func Clip(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "\uFFFD")
}
