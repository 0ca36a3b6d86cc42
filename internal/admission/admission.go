// Package admission bounds what goes on at the same time, in all and for each party, so that no
// party can take what belongs to everybody. A party is whoever is to be kept apart from others: a
// source of connections, a caller.
package admission

import (
	"context"
	"slices"
	"sync"
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

	mu         sync.Mutex
	taken      int
	waiting    int
	parties    map[string]*party // those that have or want a place
	tickets    uint64            // given out to those who wait
	admissions uint64            // of those who waited
}

type party struct {
	taken  int
	served uint64 // the number of the last place it waited for and got, while it goes on waiting
	queue  []*waiter
}

// before reports whether p is to have a place before q: who has the fewest, then who got one the
// longest ago, then who has waited longest.
func (p *party) before(q *party) bool {
	switch {
	case p.taken != q.taken:
		return p.taken < q.taken
	case p.served != q.served:
		return p.served < q.served
	}
	return p.queue[0].ticket < q.queue[0].ticket
}

type waiter struct {
	ticket  uint64
	ended   chan struct{} // closed under the gate's lock once it is decided
	refused bool          // a party with fewer who wait has its turn; set before ended is closed
}

// Take takes n places for a party, at once or not at all.
func (g *Gate) Take(name string, n int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.take(name, n)
}

// take doesn't look at those who wait: a party that has its share full keeps nobody else out.
func (g *Gate) take(name string, n int) bool {
	p := g.parties[name]
	if g.taken+n > g.Places || n > g.Share || p != nil && p.taken+n > g.Share {
		return false
	}
	g.taken += n
	g.party(name).taken += n
	return true
}

func (g *Gate) party(name string) *party {
	if g.parties == nil {
		g.parties = map[string]*party{}
	}
	p := g.parties[name]
	if p == nil {
		p = new(party)
		g.parties[name] = p
	}
	return p
}

// Wait takes one place and waits for it if it must. It reports false if it took none.
func (g *Gate) Wait(ctx context.Context, name string) bool { return g.WaitUntil(ctx, nil, name) }

// WaitUntil is Wait that also ends when gone is closed.
func (g *Gate) WaitUntil(ctx context.Context, gone <-chan struct{}, name string) bool {
	g.mu.Lock()
	// Whoever comes while others wait must not slip in before them.
	if p := g.parties[name]; (p == nil || len(p.queue) == 0) && g.take(name, 1) {
		g.mu.Unlock()
		return true
	}
	p := g.party(name)
	if len(p.queue) >= g.Waiting || g.waiting >= g.WaitingAll && !g.displace(len(p.queue)+1) {
		g.forget(name)
		g.mu.Unlock()
		return false
	}
	g.tickets++
	w := &waiter{ticket: g.tickets, ended: make(chan struct{})}
	p.queue = append(p.queue, w)
	g.waiting++
	g.mu.Unlock()
	patience := time.NewTimer(g.Patience)
	defer patience.Stop()
	select {
	case <-w.ended:
		return !w.refused
	case <-patience.C:
	case <-ctx.Done():
	case <-gone:
	}
	return g.giveUp(name, w)
}

// looked bounds how many parties are looked at for the one that has the most who wait.
const looked = 64

// displace refuses the last who waits of the party that has the most, among parties that chance
// picks. It reports false if none has more than n.
func (g *Gate) displace(n int) bool {
	var longest *party
	seen := 0
	for _, p := range g.parties { // a map begins anywhere
		if len(p.queue) > n {
			longest, n = p, len(p.queue)
		}
		if seen++; seen == looked {
			break
		}
	}
	if longest == nil {
		return false
	}
	last := len(longest.queue) - 1
	w := longest.queue[last]
	longest.queue = longest.queue[:last]
	g.waiting--
	w.refused = true
	close(w.ended)
	return true
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
func (g *Gate) giveUp(name string, w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.ended:
		return !w.refused
	default:
	}
	p := g.parties[name]
	i := slices.Index(p.queue, w)
	p.queue = slices.Delete(p.queue, i, i+1)
	g.waiting--
	g.forget(name)
	return false
}

// Give gives n places back.
func (g *Gate) Give(name string, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken -= n
	g.parties[name].taken -= n
	g.forget(name)
	for g.waiting > 0 && g.taken < g.Places && g.admit() {
	}
}

// admit gives a place to the party whose turn it is. It reports false if nobody who waits may have
// one.
func (g *Gate) admit() bool {
	var next *party
	for _, p := range g.parties {
		if len(p.queue) == 0 || p.taken >= g.Share {
			continue
		}
		if next == nil || p.before(next) {
			next = p
		}
	}
	if next == nil {
		return false
	}
	w := next.queue[0]
	next.queue = next.queue[1:]
	g.admissions++
	next.served = g.admissions
	next.taken++
	g.taken++
	g.waiting--
	close(w.ended)
	return true
}

// forget lets go of a party that has nothing and wants nothing: names are the callers' to choose.
func (g *Gate) forget(name string) {
	if p := g.parties[name]; p != nil && p.taken == 0 && len(p.queue) == 0 {
		delete(g.parties, name)
	}
}

type partyKey struct{}

// WithParty says on whose behalf ctx is.
func WithParty(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, partyKey{}, name)
}

// Party returns on whose behalf ctx is; the service's own work is of the party without a name.
func Party(ctx context.Context) string {
	name, _ := ctx.Value(partyKey{}).(string)
	return name
}
