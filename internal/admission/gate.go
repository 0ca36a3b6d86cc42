// Package admission bounds what goes on at the same time, in all and for each party, so that no
// party can take what belongs to everybody. A party is whoever is to be kept apart from others: a
// source of connections, a caller.
package admission

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Gate has places that parties take and give back. Fields are set before its first use.
type Gate struct {
	Places int // taken at the same time by all parties together
	Share  int // by one party

	// Whoever finds no place in [Gate.Wait] waits for one, at most so long and at most so many, of
	// one party and in all. Those beyond are sent away at once, or, where they are too many in all,
	// the last of a party that has more who wait: a few parties can't keep all others from waiting.
	Patience            time.Duration
	Waiting, WaitingAll int

	// Least is how long a place of [Gate.Lease] is held at least: what is quick is not repeated
	// without end either. A party gets no more than Share every Least.
	Least time.Duration

	// Forecasts has Wait send away at once who would have to wait too long, by what is measured (see
	// [Turns.Expect]), instead of once its time is over.
	Forecasts bool

	mu    sync.Mutex
	turns Turns[*decision]
}

// decision is told to who waits for a place.
type decision struct {
	made    chan struct{} // closed under the gate's lock
	refused bool          // set before
}

// Take takes n places for a party, at once or not at all.
func (g *Gate) Take(name string, n int) bool {
	t := g.lock()
	defer g.mu.Unlock()
	return t.Take(name, n)
}

// lock returns the turns, locked.
func (g *Gate) lock() *Turns[*decision] {
	g.mu.Lock()
	g.turns.Places, g.turns.Share = g.Places, g.Share
	return &g.turns
}

// Wait takes one place and waits for it if it must. It reports false if it took none.
func (g *Gate) Wait(ctx context.Context, name string) bool {
	now := time.Now()
	until := now.Add(g.Patience)
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end
	}
	t := g.lock()
	if t.Enter(name) {
		g.mu.Unlock()
		return true
	}
	if g.crowded(now, name) || g.Forecasts && t.Hopeless(now, name, until) {
		g.mu.Unlock()
		return false
	}
	w := t.Join(now, name, &decision{made: make(chan struct{})}, until)
	g.mu.Unlock()
	patience := time.NewTimer(g.Patience)
	defer patience.Stop()
	select {
	case <-w.Value.made:
		return !w.Value.refused
	case <-patience.C:
	case <-ctx.Done():
	}
	return g.giveUp(w)
}

// crowded reports whether no more of a party may wait. Where as many wait as may in all, the last
// of a party that has more goes for it.
func (g *Gate) crowded(now time.Time, name string) bool {
	queue := g.turns.Queue(name)
	if queue >= g.Waiting {
		return true
	}
	if g.turns.Waiting() < g.WaitingAll {
		return false
	}
	last, ok := g.turns.Displace(now, queue+1)
	if ok {
		last.Value.refuse()
	}
	return !ok
}

// Lease is Wait for a place that end gives back, though not before its time.
func (g *Gate) Lease(ctx context.Context, name string) (end func(), ok bool) {
	if !g.Wait(ctx, name) {
		return nil, false
	}
	over := time.Now().Add(g.Least)
	return func() {
		if rest := time.Until(over); rest > 0 {
			time.AfterFunc(rest, func() { g.Give(name, 1) })
			return
		}
		g.Give(name, 1)
	}, true
}

// giveUp takes w out of the queue. It reports whether w has a place all the same, which it may have
// got in the last moment.
func (g *Gate) giveUp(w *Waiter[*decision]) bool {
	t := g.lock()
	defer g.mu.Unlock()
	return !t.Quit(time.Now(), w) && !w.Value.refused
}

// Give gives n places back.
func (g *Gate) Give(name string, n int) {
	t := g.lock()
	defer g.mu.Unlock()
	t.Give(name, n)
	if t.Waiting() == 0 {
		return
	}
	now := time.Now()
	for w, ok := t.Next(now); ok; w, ok = t.Next(now) {
		close(w.Value.made)
		if g.Forecasts {
			g.dismiss(now, w)
		}
	}
}

// dismiss refuses those of w's party that would wait in vain.
func (g *Gate) dismiss(now time.Time, w *Waiter[*decision]) {
	for last, ok := g.turns.Vain(now, w); ok; last, ok = g.turns.Vain(now, w) {
		last.Value.refuse()
	}
}

// refuse says that there will be no place.
func (d *decision) refuse() {
	d.refused = true
	close(d.made)
}

type partyKey struct{}

// claim is what work is known by on its way.
type claim struct {
	party string
	begun atomic.Bool
	spent atomic.Int64 // time in waits that were long
}

// WithParty says on whose behalf ctx is.
func WithParty(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, partyKey{}, &claim{party: name})
}

// Party returns on whose behalf ctx is; the service's own work is of the party without a name.
func Party(ctx context.Context) string {
	if c, ok := ctx.Value(partyKey{}).(*claim); ok {
		return c.party
	}
	return ""
}

// Begin says that something was done for what ctx is about, which would be lost if the rest wasn't.
func Begin(ctx context.Context) {
	if c, ok := ctx.Value(partyKey{}).(*claim); ok {
		c.begun.Store(true)
	}
}

// Begun reports whether something was done for what ctx is about. The service's own work counts as
// begun.
func Begun(ctx context.Context) bool {
	c, ok := ctx.Value(partyKey{}).(*claim)
	return !ok || c.begun.Load()
}

// What is longer than one part in longWait of a whole patience has spent of it, and as much is left
// to who has none any more: so that the last steps of a request can still be done.
const longWait = 8

// Patience returns how long what ctx is about may wait for one more thing, if it may wait for whole
// in all. Waits that are short take nothing off. The service's own work is as patient each time.
func Patience(ctx context.Context, whole time.Duration) time.Duration {
	c, ok := ctx.Value(partyKey{}).(*claim)
	if !ok {
		return whole
	}
	return max(whole-time.Duration(c.spent.Load()), whole/longWait)
}

// Waited takes off the patience of what ctx is about that it waited for one thing.
func Waited(ctx context.Context, whole, took time.Duration) {
	if c, ok := ctx.Value(partyKey{}).(*claim); ok && took > whole/longWait {
		c.spent.Add(int64(took))
	}
}
