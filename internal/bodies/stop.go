package bodies

import (
	"cmp"
	"slices"
	"time"
)

// makeRoom stops bodies until those that go leave the room that waiters lack, as far as some may be
// stopped. Their room is there once they have ended. Waiters are in the order in which they are
// served. The lock is held.
func (r *Room) makeRoom(waiting []*waiter, now time.Time) (stopped []*Body) {
	bySource := map[string][]*waiter{}
	var ofAll []*waiter
	for _, w := range waiting {
		if tooMany, _ := r.lacks(w); tooMany > 0 {
			bySource[w.body.source] = append(bySource[w.body.source], w)
		} else {
			ofAll = append(ofAll, w)
		}
	}
	for from, all := range bySource {
		stopped = append(stopped, r.makeRoomIn(map[string]*source{from: r.sources[from]}, all, now)...)
	}
	if len(ofAll) > 0 {
		stopped = append(stopped, r.makeRoomIn(r.sources, ofAll, now)...)
	}
	return stopped
}

// makeRoomIn stops bodies of the sources for some who wait.
func (r *Room) makeRoomIn(sources map[string]*source, waiting []*waiter, now time.Time,
) (stopped []*Body) {
	var coming []*Body
	worked, lacks := 0, 0 // room of those that came; what waiters lack
	for _, s := range sources {
		worked += s.taken
		for b := range s.bodies {
			coming = append(coming, b)
			worked -= b.held
		}
	}
	longest := now
	for i, w := range waiting {
		if lacks += w.n; i == 0 {
			lacks = max(r.lacks(w))
		}
		if w.since.Before(longest) {
			longest = w.since
		}
	}
	for _, b := range coming {
		if b.err != nil {
			lacks -= b.held // it is going
		}
	}
	slices.SortFunc(coming, func(a, b *Body) int { // as few as may be, of those who have most
		return cmp.Or(r.bySource(a, b), cmp.Compare(b.held, a.held))
	})
	for _, b := range coming {
		if lacks > 0 && b.lags(now) {
			b.err = ErrSlow
			lacks -= b.held
			stopped = append(stopped, b)
		}
	}
	if lacks > 0 && worked == 0 && now.Sub(longest) >= stuck {
		r.sendAway(waiting[0], coming)
	}
	return stopped
}

// sendAway sends others away for w that wait and have less claim, those first that have least: if
// all wait for each other, nobody else will give anything back. Where others still come, nobody is
// sent away.
func (r *Room) sendAway(w *waiter, coming []*Body) {
	if slices.ContainsFunc(coming, func(b *Body) bool { return b.waiting == nil }) {
		return
	}
	lacks := max(r.lacks(w))
	slices.SortFunc(coming, r.byClaim)
	for _, b := range coming {
		if lacks > 0 && b.held > 0 && r.byClaim(b, w.body) < 0 {
			lacks -= b.held
			r.end(b.waiting, ErrFull)
		}
	}
}

// bySource orders bodies so that those of the source that has most are first.
func (r *Room) bySource(a, b *Body) int {
	return cmp.Compare(r.sources[b.source].taken, r.sources[a.source].taken)
}

// byClaim orders bodies by what is for them: that their source has little, that they have got much,
// and that they began early.
func (r *Room) byClaim(a, b *Body) int {
	return cmp.Or(r.bySource(a, b), cmp.Compare(a.held, b.held), b.begun.Compare(a.begun))
}
