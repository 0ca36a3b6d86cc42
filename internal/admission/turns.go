package admission

import (
	"container/heap"
	"container/list"
	"time"
)

// Turns are places that parties take, and the turns of what waits for a place. They have neither a
// lock nor a clock: whoever has them guards them, and says what time it is.
//
// A place that becomes free goes to the party that has the fewest, then to the one that got one the
// longest ago, so that parties take turns however long the queue of one of them is. What is of one
// party is served in the order in which it came. A step takes time in the logarithm of the number
// of parties that wait.
type Turns[T any] struct {
	Places int // taken at the same time by all parties together
	Share  int // by one party

	// Whole has what waits count as too late if it isn't done in time, and not only if it hasn't
	// begun.
	Whole bool

	taken      int
	waiting    int
	parties    map[string]*party[T] // those that have or want a place
	next       ready[T]
	queues     int    // parties of which something waits
	tickets    uint64 // given out to those who wait
	admissions uint64 // of those who waited
	pace       pace   // of all parties
}

// Waiter is something that waits for its turn.
type Waiter[T any] struct {
	Value T

	until  time.Time // it waits no longer
	ticket uint64
	of     *party[T]
	at     *list.Element // nil once it waits no more
}

type party[T any] struct {
	name   string
	taken  int
	served uint64    // the number of the last place it waited for and got, while it goes on waiting
	queue  list.List // of *Waiter[T]
	pace   pace      // of its own turns, whatever they depend on
	index  int       // in the heap of those whose turn it may be, or out
}

// out is the index of a party that isn't in the heap.
const out = -1

// first returns what waits longest.
func (p *party[T]) first() *Waiter[T] { return p.queue.Front().Value.(*Waiter[T]) }

// Take takes n places for a party, at once or not at all. It doesn't look at what waits: a party
// that has its share full keeps nobody else out.
func (t *Turns[T]) Take(name string, n int) bool {
	p := t.parties[name]
	if t.taken+n > t.Places || n > t.Share || p != nil && p.taken+n > t.Share {
		return false
	}
	p = t.party(name)
	t.taken += n
	p.taken += n
	t.settle(p)
	return true
}

// Enter is Take of one place for who must not slip in before others of its party.
func (t *Turns[T]) Enter(name string) bool {
	return t.Queue(name) == 0 && t.Take(name, 1)
}

// Give gives n places back.
func (t *Turns[T]) Give(name string, n int) {
	p := t.parties[name]
	t.taken -= n
	p.taken -= n
	t.settle(p)
}

// Queue returns how much of a party waits.
func (t *Turns[T]) Queue(name string) int {
	if p := t.parties[name]; p != nil {
		return p.queue.Len()
	}
	return 0
}

// Waiting returns how much of all parties waits.
func (t *Turns[T]) Waiting() int { return t.waiting }

// Expect returns how long one more of a party would wait: as many turns as there are before it and
// its own, at the pace at which its party gets them. Of a party whose pace isn't known that is the
// pace of all, of whom each has its turn before this one has its next. Where nothing is known, that
// is 0.
func (t *Turns[T]) Expect(now time.Time, name string) time.Duration {
	t.advance(now)
	p, turns, parties := t.parties[name], 1, t.queues
	if p != nil {
		p.advance(now)
		turns += p.queue.Len() + t.work(p)
		if each, known := p.pace.least(); known {
			return time.Duration(turns) * each
		}
	}
	if p == nil || p.queue.Len() == 0 {
		parties++
	}
	each, _ := t.pace.least()
	return time.Duration(turns) * time.Duration(parties) * each
}

// work is how many turns of p come while one of its own is done, if that is to count, and once more
// as many: places that were taken together become free together.
func (t *Turns[T]) work(p *party[T]) int {
	if t.Whole {
		return 2 * p.taken
	}
	return 0
}

// Hopeless reports whether one more of a party would better be told so at once than wait until
// then: what is expected is no more than an estimate, so that a part of the time is left to its
// errors.
func (t *Turns[T]) Hopeless(now time.Time, name string, until time.Time) bool {
	return t.Expect(now, name) > until.Sub(now)*trusted/100
}

// trusted is the part of its time, in percent, that something may be expected to wait.
const trusted = 75

// Join has v wait for its turn, until then at most. It must be in vain to take a place.
func (t *Turns[T]) Join(now time.Time, name string, v T, until time.Time) *Waiter[T] {
	p := t.party(name)
	t.advance(now)
	p.advance(now)
	t.tickets++
	w := &Waiter[T]{Value: v, until: until, ticket: t.tickets, of: p}
	w.at = p.queue.PushBack(w)
	t.waiting++
	if p.queue.Len() == 1 {
		t.queues++
	}
	t.settle(p)
	return w
}

// Quit takes w out of what waits. It reports false if it doesn't wait any more.
func (t *Turns[T]) Quit(now time.Time, w *Waiter[T]) bool {
	if w.at == nil {
		return false
	}
	t.remove(now, w)
	t.settle(w.of)
	return true
}

// Next takes a place for who has its turn. It reports false if nobody who waits may have one.
func (t *Turns[T]) Next(now time.Time) (w *Waiter[T], ok bool) {
	if t.taken >= t.Places || len(t.next) == 0 {
		return nil, false
	}
	p := t.next[0]
	w = p.first()
	t.remove(now, w)
	t.pace.turn()
	p.pace.turn()
	t.admissions++
	p.served = t.admissions
	p.taken++
	t.taken++
	t.settle(p)
	return w, true
}

// Vain takes out the last of w's party if its time would be over before its turn, which nobody knew
// when it came: there was less to expect then, or nothing was known yet. It reports false if there
// is none.
func (t *Turns[T]) Vain(now time.Time, w *Waiter[T]) (last *Waiter[T], ok bool) {
	p := w.of
	if p.queue.Len() == 0 {
		return nil, false
	}
	last = p.queue.Back().Value.(*Waiter[T])
	p.advance(now)
	each, known := p.pace.mean()
	if !known || time.Duration(p.queue.Len()+t.work(p))*each <= last.until.Sub(now) {
		return nil, false
	}
	return last, t.Quit(now, last)
}

// looked bounds how many parties are looked at for the one of which most waits.
const looked = 64

// Displace takes out the last that waits of the party that has the most, among parties that chance
// picks. It reports false if none has more than n.
func (t *Turns[T]) Displace(now time.Time, n int) (last *Waiter[T], ok bool) {
	seen := 0
	for _, p := range t.parties { // a map begins anywhere
		if p.queue.Len() > n {
			n = p.queue.Len()
			last = p.queue.Back().Value.(*Waiter[T])
		}
		if seen++; seen == looked {
			break
		}
	}
	return last, last != nil && t.Quit(now, last)
}

// remove takes w out of its queue. Its party is to be settled.
func (t *Turns[T]) remove(now time.Time, w *Waiter[T]) {
	t.advance(now)
	w.of.advance(now)
	w.of.queue.Remove(w.at)
	w.at = nil
	t.waiting--
	if w.of.queue.Len() == 0 {
		t.queues--
	}
}

func (t *Turns[T]) advance(now time.Time) { t.pace.advance(now, t.waiting > 0) }

func (p *party[T]) advance(now time.Time) { p.pace.advance(now, p.queue.Len() > 0) }

func (t *Turns[T]) party(name string) *party[T] {
	if t.parties == nil {
		t.parties = map[string]*party[T]{}
	}
	p := t.parties[name]
	if p == nil {
		p = &party[T]{name: name, index: out}
		t.parties[name] = p
	}
	return p
}

// settle has p where it belongs after something of it changed: among those whose turn it may be, or
// forgotten if it has nothing and wants nothing, since names are the callers' to choose.
func (t *Turns[T]) settle(p *party[T]) {
	wants := p.queue.Len() > 0 && p.taken < t.Share
	switch {
	case wants && p.index == out:
		heap.Push(&t.next, p)
	case wants:
		heap.Fix(&t.next, p.index)
	case p.index != out:
		heap.Remove(&t.next, p.index)
	}
	if p.taken == 0 && p.queue.Len() == 0 {
		delete(t.parties, p.name)
	}
}

// ready is a heap of the parties of which something waits that may have a place.
type ready[T any] []*party[T]

// Len implements [heap.Interface].
func (r ready[T]) Len() int { return len(r) }

// Less implements [heap.Interface]: who has the fewest, then who got one the longest ago, then who
// has waited longest.
func (r ready[T]) Less(i, j int) bool {
	p, q := r[i], r[j]
	switch {
	case p.taken != q.taken:
		return p.taken < q.taken
	case p.served != q.served:
		return p.served < q.served
	}
	return p.first().ticket < q.first().ticket
}

// Swap implements [heap.Interface].
func (r ready[T]) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].index, r[j].index = i, j
}

// Push implements [heap.Interface].
func (r *ready[T]) Push(x any) {
	p := x.(*party[T])
	p.index = len(*r)
	*r = append(*r, p)
}

// Pop implements [heap.Interface].
func (r *ready[T]) Pop() any {
	last := len(*r) - 1
	p := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	p.index = out
	return p
}
