// Package bodies bounds the memory that the bodies of requests take, in all and for each source,
// so that whoever sends slowly, or sends nothing of what was announced, keeps nobody else out.
//
// A body has the bytes that it has room for, and no claim to more because of its length. It asks
// for more when that room is full, and waits for it. If there is none, the room of those is taken
// that have come too slowly of late. If all come well, the source that has least is first, and in
// it who needs least; and whoever waits too long is sent away. If all wait for each other, those go
// that have got the least.
package bodies

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Errors of a body that is not to be read any further. Whoever sent it may try again.
var (
	// ErrFull says that there was no room for it for as long as it may wait.
	ErrFull = errors.New("bodies: there is no room for the body")
	// ErrSlow says that it came slowly, and others needed its room.
	ErrSlow = errors.New("bodies: the body came too slowly")
)

// Room is the memory of many bodies. Fields are set before its first use.
type Room struct {
	Bytes int // of all bodies together
	Share int // of those of one source

	// Patience is how long a body waits for more room, each time.
	Patience time.Duration

	// Rate is how many bytes must come in a second, as seen over a [window], or the body is slow. It
	// isn't stopped before somebody else needs its room.
	Rate int

	mu      sync.Mutex
	taken   int
	sources map[string]*source
	queue   []*waiter // in the order in which they came
	looked  time.Time // when the queue was last looked through for whom to stop
}

// source is who has bodies on their way, or still being worked on.
type source struct {
	taken  int
	bodies map[*Body]struct{} // those that come
}

// Body is the room of one body.
type Body struct {
	room   *Room
	source string
	stop   func() // has a read that waits for bytes end
	begun  time.Time

	// under the lock of the room
	held    int
	coming  bool // more of it is to come
	err     error
	waiting *waiter // for more room
	since   time.Time
	came    int  // bytes since then
	slow    bool // in the window before
}

type waiter struct {
	body  *Body
	n     int
	since time.Time
	ended chan struct{} // closed under the lock once it has room, or the body has an error
}

const (
	// window is the time over which a body's rate is looked at.
	window = 250 * time.Millisecond

	// often is how long nobody is looked for after that was done, who could be stopped.
	often = window / 5

	// stuck is how long all have to wait for each other until some of them go.
	stuck = time.Second / 2

	// A reserve of one in so many bytes is for the first step of bodies alone: most are no larger.
	reserve = 8
)

// Begin begins a body that a source sends, with room for n bytes, its first step. stop is called if
// it is slow and others need the room: it has a read of the body end. Whoever begins a body ends it
// with [Body.End], whatever comes of it.
func (r *Room) Begin(ctx context.Context, from string, n int, stop func()) (*Body, error) {
	now := time.Now()
	b := &Body{room: r, source: from, stop: stop, begun: now, coming: true}
	r.mu.Lock()
	if r.sources == nil {
		r.sources = map[string]*source{}
	}
	s := r.sources[from]
	if s == nil {
		s = &source{bodies: map[*Body]struct{}{}}
		r.sources[from] = s
	}
	s.bodies[b] = struct{}{}
	return b, b.take(ctx, n)
}

// More takes room for n bytes more, and waits for it if it must.
func (b *Body) More(ctx context.Context, n int) error {
	b.room.mu.Lock()
	return b.take(ctx, n)
}

// Less gives n bytes of room back.
func (b *Body) Less(n int) {
	r := b.room
	r.mu.Lock()
	b.held -= n
	stopped := r.give(b.source, n)
	r.mu.Unlock()
	call(stopped)
}

// Came says that n more bytes have come.
func (b *Body) Came(n int) {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	b.roll(time.Now())
	b.came += n
}

// Whole says that nothing more is to come, and returns the error of a body that was stopped
// before. Its room stays until [Body.End].
func (b *Body) Whole() error {
	r := b.room
	r.mu.Lock()
	defer r.mu.Unlock()
	b.leave()
	return b.err
}

// Err returns why the body is not to be read any further, if it isn't.
func (b *Body) Err() error {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	return b.err
}

// End gives all room back. Ending again does nothing.
func (b *Body) End() {
	r := b.room
	r.mu.Lock()
	b.leave()
	n := b.held
	b.held = 0
	stopped := r.give(b.source, n)
	r.mu.Unlock()
	call(stopped)
}

// leave takes it from among those that come. The lock is held.
func (b *Body) leave() {
	b.coming = false
	if s := b.room.sources[b.source]; s != nil {
		delete(s.bodies, b)
	}
}

// anew begins a window in which nothing is known of the rate: what came before may have waited.
func (b *Body) anew() { b.since, b.came, b.slow = time.Now(), 0, false }

// roll begins another window if this one is over. The lock is held.
func (b *Body) roll(now time.Time) {
	if over := now.Sub(b.since); over >= window {
		b.slow = float64(b.came) < float64(b.room.Rate)*over.Seconds()
		b.since, b.came = now, 0
	}
}

// lags reports whether it came too slowly in the window before. What waits for room itself did not.
// The lock is held.
func (b *Body) lags(now time.Time) bool {
	if b.waiting != nil || b.err != nil {
		return false
	}
	b.roll(now)
	return b.slow
}

// take takes n bytes at once or waits for them. The lock is held, and given back.
func (b *Body) take(ctx context.Context, n int) error {
	r := b.room
	w := &waiter{body: b, n: n, since: time.Now()}
	if len(r.queue) == 0 && b.err == nil && r.grant(w) {
		r.mu.Unlock()
		return nil
	}
	w.ended = make(chan struct{})
	b.waiting = w
	r.queue = append(r.queue, w)
	stopped := r.serve(w.since)
	r.mu.Unlock()
	call(stopped)
	return b.wait(ctx, w)
}

func (b *Body) wait(ctx context.Context, w *waiter) error {
	r := b.room
	patience := time.NewTimer(r.Patience)
	defer patience.Stop()
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		select {
		case <-w.ended:
			return b.Err()
		case <-patience.C:
			return b.giveUp(w, ErrFull)
		case <-ctx.Done():
			return b.giveUp(w, ctx.Err())
		case now := <-tick.C: // some may be slow by now
			b.look(now)
		}
	}
}

// look has somebody stopped for those who wait, unless somebody else has just looked.
func (b *Body) look(now time.Time) {
	r := b.room
	r.mu.Lock()
	var stopped []*Body
	if now.Sub(r.looked) >= often {
		stopped = r.serve(now)
	}
	r.mu.Unlock()
	call(stopped)
}

// giveUp ends a wait. It may have got its room in the last moment.
func (b *Body) giveUp(w *waiter, err error) error {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	if b.waiting == w {
		b.room.end(w, err)
	}
	return b.err
}

// end ends a wait, with room or an error. The lock is held.
func (r *Room) end(w *waiter, err error) {
	if i := slices.Index(r.queue, w); i >= 0 {
		r.queue = slices.Delete(r.queue, i, i+1)
	}
	if err != nil && w.body.err == nil {
		w.body.err = err
	}
	w.body.waiting = nil
	w.body.anew()
	close(w.ended)
}

// grant gives w its room, if there is so much. The lock is held.
func (r *Room) grant(w *waiter) bool {
	if ofSource, ofAll := r.lacks(w); ofSource > 0 || ofAll > 0 {
		return false
	}
	r.taken += w.n
	r.sources[w.body.source].taken += w.n
	w.body.held += w.n
	w.body.anew()
	return true
}

// give takes n bytes back and serves those who wait. The lock is held.
func (r *Room) give(from string, n int) (stopped []*Body) {
	s := r.sources[from]
	if s == nil {
		return nil
	}
	r.taken -= n
	s.taken -= n
	if s.taken == 0 && len(s.bodies) == 0 {
		delete(r.sources, from)
	}
	return r.serve(time.Now())
}

// call has the reads of bodies end that were stopped. No lock is held: it may take its time.
func call(stopped []*Body) {
	for _, b := range stopped {
		b.stop()
	}
}

// lacks returns how many bytes are too few for w: of its source's share, and of all.
func (r *Room) lacks(w *waiter) (ofSource, ofAll int) {
	share, all := r.Share, r.Bytes
	if w.body.held > 0 {
		share, all = share-share/reserve, all-all/reserve
	}
	return r.sources[w.body.source].taken + w.n - share, r.taken + w.n - all
}

// serve gives room to those who wait, and returns those whose bodies have to be stopped for it.
// The source that has least is first, in it who needs least, among these who has got most, and then
// who came last: where all wait longer than anybody listens, those would be served who don't listen
// any more. The lock is held.
func (r *Room) serve(now time.Time) (stopped []*Body) {
	if len(r.queue) == 0 {
		return nil
	}
	waiting := slices.Clone(r.queue)
	slices.SortFunc(waiting, func(v, w *waiter) int {
		return cmp.Or(cmp.Compare(r.sources[v.body.source].taken, r.sources[w.body.source].taken),
			cmp.Compare(v.n, w.n), cmp.Compare(w.body.held, v.body.held), w.since.Compare(v.since))
	})
	var left []*waiter
	kept := false // what is free is kept for one who needs more
	for _, w := range waiting {
		if (!kept || w.body.held == 0) && r.grant(w) {
			r.end(w, nil)
			continue
		}
		left = append(left, w)
		ofSource, _ := r.lacks(w)
		kept = kept || ofSource <= 0
	}
	if now.Sub(r.looked) < often {
		return nil
	}
	r.looked = now
	return r.makeRoom(left, now)
}
