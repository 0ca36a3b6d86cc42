// Package destination delivers events to API destinations: one HTTPS request for each, as the
// destination, its connection and the rule's target say, in the form in which EventBridge sends it.
//
// What comes back is judged by its status alone. Statuses 401, 407, 409, 429 and those from 500 on,
// and everything that is no answer, have the event tried again. Any other is final: 2xx is success,
// and a redirect is a failure, for none is followed.
package destination

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"claviger/events/connection"
	"claviger/events/dispatch"
	"claviger/events/rule"
	"claviger/internal/delivery"
	"claviger/internal/domain"
	"claviger/internal/outbound"
)

// timeout is AWS's for an invocation.
const timeout = 5 * time.Second

// Connections finds what there is, and opens the secrets of a connection.
type Connections interface {
	Destination(ctx context.Context, ref connection.Ref) (*connection.APIDestination, error)
	Connection(ctx context.Context, ref connection.Ref) (*connection.Connection, error)
	Open(ctx context.Context, c *connection.Connection) (*connection.Parameters, error)
}

// Door is how the outside is reached; see [outbound.Door].
type Door interface {
	Do(ctx context.Context, q outbound.Request) (*outbound.Answer, error)
}

// Receiver delivers to API destinations. [New] makes it.
type Receiver struct {
	connections Connections
	door        Door
	now         func() time.Time
	tokens      tokens

	mu    sync.Mutex
	paces map[string]*pace // by the destination's ARN
}

// New returns what delivers.
func New(c Connections, d Door, now func() time.Time) *Receiver {
	return &Receiver{connections: c, door: d, now: now, paces: map[string]*pace{},
		tokens: tokens{of: map[string]*token{}}}
}

// Deliver implements [delivery.Receiver].
func (r *Receiver) Deliver(ctx context.Context, m delivery.Message) error {
	said, err := dispatch.ReadContext(m)
	if err != nil {
		return err
	}
	d, c, err := r.find(ctx, m.Receiver)
	if err != nil {
		return err
	}
	if wait := r.pace(d); wait > 0 {
		return delivery.Wait{For: wait}
	}
	p, err := r.connections.Open(ctx, c)
	if err != nil {
		return &delivery.Failure{Code: delivery.InternalError,
			Text: "the secrets of the connection can't be opened", Cause: err}
	}
	q, err := form(d, p, said.HTTP, m.Body)
	if err != nil {
		return err
	}
	if p.OAuthParameters != nil {
		bearer, err := r.bearer(ctx, c, p)
		if err != nil {
			return err
		}
		q.Header.Set("Authorization", bearer)
	}
	answer, err := r.door.Do(ctx, q)
	if err != nil {
		return unanswered(err)
	}
	if p.OAuthParameters != nil && unauthorized(answer.Status) {
		r.tokens.forget(c)
	}
	return judge(answer, r.now())
}

// find returns the destination of an ARN and its connection, or why nothing can be sent.
func (r *Receiver) find(ctx context.Context, arn string) (*connection.APIDestination,
	*connection.Connection, error) {
	gone := &delivery.Failure{Code: delivery.NoResource, Permanent: true,
		Text: "the API destination isn't there any more"}
	ref, ok := refOf(arn, "api-destination")
	if !ok {
		return nil, nil, gone
	}
	d, err := r.connections.Destination(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	if d == nil || d.ARN() != arn {
		return nil, nil, gone
	}
	ref, _ = refOf(d.ConnectionARN, "connection")
	c, err := r.connections.Connection(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	if c == nil || c.ARN() != d.ConnectionARN || c.State != connection.Authorized {
		return nil, nil, &delivery.Failure{Code: delivery.NoPermissions, Permanent: true,
			Text: "the API destination's connection is not authorized"}
	}
	return d, c, nil
}

// judge says what an answer means.
func judge(a *outbound.Answer, now time.Time) error {
	if a.Status >= 200 && a.Status < 300 {
		return nil
	}
	f := &delivery.Failure{Code: delivery.ErrorFromTarget,
		Text: "the answer is " + strconv.Itoa(a.Status) + " " + http.StatusText(a.Status)}
	switch {
	case a.Status == http.StatusTooManyRequests:
		f.Code = delivery.Throttling
	case a.Status == http.StatusConflict, a.Status >= 500, unauthorized(a.Status):
	case a.Status >= 300 && a.Status < 400:
		f.Permanent = true
		f.Text += ", and no redirect is followed"
	default:
		f.Permanent = true
	}
	if f.Permanent {
		return f
	}
	after, ok := retryAfter(a.Header.Get("Retry-After"), now)
	if ok && after < 0 {
		f.Permanent = true
		f.Text += ", and the receiver wants it never again"
	}
	f.After = max(after, 0)
	return f
}

// unauthorized reports whether a status asks for other credentials.
func unauthorized(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusProxyAuthRequired
}

// longestAfter bounds what a receiver may ask for: no event is tried any more then.
const longestAfter = 7 * 24 * time.Hour

// retryAfter reads the header (RFC 9110, section 10.2.3): seconds, or a date. A negative number of
// seconds means never, as EventBridge has it; a date that has passed means now.
func retryAfter(text string, now time.Time) (after time.Duration, ok bool) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		if seconds > int64(longestAfter/time.Second) {
			return longestAfter, true
		}
		return time.Duration(max(seconds, -1)) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), longestAfter), true
}

// unanswered says why nothing came back.
func unanswered(err error) error {
	f := &delivery.Failure{Code: delivery.ConnectionFailure, Text: err.Error(), Cause: err}
	var e *outbound.Error
	if !errors.As(err, &e) {
		return f
	}
	switch e.Reason {
	case outbound.NotAllowed:
		// A name may be resolved to another address soon, and the list may be corrected: it is for
		// the policy to say how long that is waited for.
		f.Code = delivery.NoPermissions
	case outbound.TimedOut:
		f.Code = delivery.TimedOut
	case outbound.Malformed:
		f.Code = delivery.ErrorFromTarget
	}
	return f
}

// pace is how often a destination may be called: as many times in a second as it says, at once.
type pace struct {
	left int64
	when time.Time // left was full
}

// mostPaces bounds what is remembered of destinations.
const mostPaces = 10_000

// pace takes one call from what a destination has left of this second, or says how long there is
// none.
func (r *Receiver) pace(d *connection.APIDestination) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if len(r.paces) >= mostPaces {
		clear(r.paces)
	}
	p := r.paces[d.ARN()]
	if p == nil {
		p = &pace{}
		r.paces[d.ARN()] = p
	}
	if since := now.Sub(p.when); since >= time.Second || since < 0 {
		p.left, p.when = max(d.Rate, 1), now
	}
	if p.left == 0 {
		return p.when.Add(time.Second).Sub(now)
	}
	p.left--
	return 0
}

// refOf reads the ARN of a connection or an API destination: a name, and an id behind it.
func refOf(arn, kind string) (ref connection.Ref, ok bool) {
	a, ok := domain.ParseARN(arn)
	if !ok || a.Service != rule.Service {
		return ref, false
	}
	rest, ok := strings.CutPrefix(a.Resource, kind+"/")
	name, _, named := strings.Cut(rest, "/")
	return connection.Ref{Account: a.Account, Region: a.Region, Name: name}, ok && named
}
