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
	"time"

	"claviger/events/connection"
	"claviger/events/dispatch"
	"claviger/internal/delivery"
	"claviger/internal/op"
	"claviger/internal/outbound"
)

// timeout is AWS's for an invocation.
const timeout = 5 * time.Second

// Connections finds what there is, and opens the secrets of a connection.
type Connections interface {
	Destination(ctx context.Context, arn string) (*connection.APIDestination, *connection.Connection,
		error)
	Credentials(c *op.Call, name string) (*connection.Connection, *connection.Parameters, error)
}

// Calls makes calls of the service's own, as [op.Runner] does.
type Calls interface {
	Own(ctx context.Context, account, region, service string) *op.Call
}

// Door is how the outside is reached; see [outbound.Door].
type Door interface {
	Do(ctx context.Context, q outbound.Request) (*outbound.Answer, error)
}

// Config is what deliveries to API destinations are made by. All must be set.
type Config struct {
	Connections Connections
	Calls       Calls
	Door        Door
	Now         func() time.Time
}

// Receiver delivers to API destinations. [New] makes it.
type Receiver struct {
	Config
	tokens tokens
	opened opened
	paces  paces
}

// New returns what delivers.
func New(c Config) *Receiver {
	return &Receiver{Config: c, tokens: tokens{of: map[string]*token{}},
		opened: opened{of: map[string]credentials{}}, paces: paces{of: map[string]*pace{}}}
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
	if wait := r.paces.take(d, r.Now()); wait > 0 {
		return delivery.Wait{For: wait}
	}
	p, err := r.open(ctx, c)
	if err != nil {
		return err
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
	answer, err := r.Door.Do(ctx, q)
	if err != nil {
		return unanswered(err)
	}
	if p.OAuthParameters != nil && unauthorized(answer.Status) {
		r.tokens.forget(c)
	}
	return judge(answer, r.Now())
}

// find returns the destination of an ARN and its connection, or why nothing can be sent.
func (r *Receiver) find(ctx context.Context, arn string) (*connection.APIDestination,
	*connection.Connection, error) {
	d, c, err := r.Connections.Destination(ctx, arn)
	switch {
	case err != nil:
		return nil, nil, err
	case d == nil:
		return nil, nil, &delivery.Failure{Code: delivery.NoResource, Permanent: true,
			Text: "the API destination isn't there any more"}
	case c == nil || c.State != connection.Authorized:
		return nil, nil, notAuthorized()
	}
	return d, c, nil
}

func notAuthorized() error {
	return &delivery.Failure{Code: delivery.NoPermissions, Permanent: true,
		Text: "the API destination's connection is not authorized"}
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
