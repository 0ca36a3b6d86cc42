package destination

import (
	"context"
	"sync"
	"time"

	"claviger/events/connection"
	"claviger/events/rule"
	"claviger/internal/delivery"
)

const (
	// openFor is how long the secrets of a connection are kept in clear. Opening them is a use of a
	// KMS key, with a record: a rule that matches that record would else make one event of each
	// delivery, without an end.
	openFor    = 5 * time.Minute
	mostOpened = 1024
	mostPaces  = 10_000
	whole      = time.Second
)

// credentials are the secrets of a connection at a revision.
type credentials struct {
	rev        int64
	parameters *connection.Parameters
	until      time.Time
}

// opened are the connections whose secrets are in clear.
type opened struct {
	mu sync.Mutex
	of map[string]credentials // by ARN
}

func (o *opened) get(c *connection.Connection, now time.Time) *connection.Parameters {
	o.mu.Lock()
	defer o.mu.Unlock()
	for arn, one := range o.of {
		if !now.Before(one.until) {
			delete(o.of, arn)
		}
	}
	if one := o.of[c.ARN()]; one.rev == c.Rev {
		return one.parameters
	}
	return nil
}

func (o *opened) keep(c *connection.Connection, p *connection.Parameters, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.of) >= mostOpened {
		clear(o.of)
	}
	o.of[c.ARN()] = credentials{rev: c.Rev, parameters: p, until: now.Add(openFor)}
}

// open returns the secrets of a connection.
func (r *Receiver) open(ctx context.Context, c *connection.Connection) (*connection.Parameters,
	error) {
	if p := r.opened.get(c, r.Now()); p != nil {
		return p, nil
	}
	call := r.Calls.Own(ctx, c.Account, c.Region, rule.Service)
	found, p, err := r.Connections.Credentials(call, c.Name)
	switch {
	case err != nil:
		return nil, &delivery.Failure{Code: delivery.NoPermissions, Cause: err,
			Text: "the secrets of the connection can't be opened: its KMS key may be disabled"}
	case p == nil || found.ARN() != c.ARN():
		return nil, notAuthorized()
	}
	r.opened.keep(found, p, r.Now())
	return p, nil
}

// pace is what a destination has left of a second.
type pace struct {
	left int64
	when time.Time // the second began
}

// paces is how often destinations were called.
type paces struct {
	mu sync.Mutex
	of map[string]*pace // by ARN
}

// take takes one call from what a destination has left of this second, or says for how long there
// is none.
func (p *paces) take(d *connection.APIDestination, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.of) >= mostPaces {
		clear(p.of)
	}
	one := p.of[d.ARN()]
	if one == nil {
		one = &pace{}
		p.of[d.ARN()] = one
	}
	if since := now.Sub(one.when); since >= whole || since < 0 {
		one.left, one.when = max(d.Rate, 1), now
	}
	if one.left == 0 {
		return one.when.Add(whole).Sub(now)
	}
	one.left--
	return 0
}
