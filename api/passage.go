package api

import (
	"context"
	"net/http"
	"time"

	"claviger/internal/admission"
	"claviger/internal/bodies"
	"claviger/internal/listener"
	"claviger/internal/source"
)

// passage is the way of one request past the bounds: it holds what has to be given back.
type passage struct {
	*gates
	from   string // its source
	before string // the caller who used its connection before, if that one was known
	at     *admission.Gate
	as     string       // the party that its turn to be looked at was of
	room   *bodies.Body // of its body, or nil
	whose  string       // the caller, once known
	place  bool         // among those of callers
	large  bool
	waited bool // it has a place among those who wait
}

func (g *gates) passage(r *http.Request) *passage {
	return &passage{gates: g, from: source.Of(r.RemoteAddr), before: listener.Known(r.Context())}
}

// arrive waits until it is the request's turn to be looked at: the turn of its source, or where
// that was somebody known before, of that caller, beside whom others at the same source may do
// much.
func (p *passage) arrive(ctx context.Context) bool {
	gate, as := p.strangers, p.from
	if p.before != "" {
		gate, as = p.acquaintances, p.before
	}
	if !gate.Wait(ctx, as) {
		return false
	}
	p.at, p.as = gate, as
	return true
}

// pause lets others be looked at.
func (p *passage) pause() {
	if p.at != nil {
		p.at.Give(p.as, 1)
		p.at = nil
	}
}

// bodies is the memory that its body is in, and whose share of it that is.
func (p *passage) bodies() (room *bodies.Room, of string) {
	if p.before != "" {
		return p.acquaintancesBodies, p.before
	}
	return p.strangersBodies, p.from
}

// identified ends the part before the caller was known, and takes a place for it.
func (p *passage) identified(ctx context.Context, size int) bool {
	p.pause()
	p.whose = admission.Party(ctx)
	listener.SetKnown(ctx, p.whose)
	if p.place = p.callers.Wait(ctx, p.whose); !p.place {
		return false
	}
	if size > largeBody {
		p.large = p.gates.large.Wait(ctx, p.whose)
		return p.large
	}
	return true
}

// waits takes a place among those who wait for a change, which it keeps to its end.
func (p *passage) waits() bool {
	p.waited = p.waited || p.watchers.Take(p.whose, 1)
	return p.waited
}

// stepAside gives the place among the callers' requests to others.
func (p *passage) stepAside() {
	p.callers.Give(p.whose, 1)
	p.place = false
}

// goOn takes a place among the callers' requests again.
func (p *passage) goOn(ctx context.Context) bool {
	p.place = p.callers.Wait(ctx, p.whose)
	return p.place
}

// end gives back what the request holds.
func (p *passage) end() {
	p.pause()
	if p.room != nil {
		p.room.End()
	}
	if p.place {
		p.callers.Give(p.whose, 1)
	}
	if p.large {
		p.gates.large.Give(p.whose, 1)
	}
	if p.waited {
		p.watchers.Give(p.whose, 1)
	}
}

// noDeadline has nothing more come in time. The server reads on, to see whether the client has
// gone, and would take the end of the time for that.
func noDeadline(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
}
