package rotation

import (
	"sync"
	"time"
)

// places keep rotations by one rotator from taking all there are: whoever may have many secrets
// rotated at a server that never answers would have nobody else's rotated.
type places struct {
	mu    sync.Mutex
	taken map[*Rotator]int
	last  map[*Rotator]time.Time // when the last that was put off is tried
}

const (
	ofOneRotator = atOnce / 4 // at the same time

	// Whoever finds no place looks again. How often all of them do is bounded.
	again   = time.Second
	between = 20 * time.Millisecond
)

// take takes a place for a rotation by a rotator, or says when to try again. Where there is no
// rotator nothing is waited for.
func (p *places) take(by *Rotator, now time.Time) (due time.Time, ok bool) {
	if by == nil {
		return due, true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken == nil {
		p.taken, p.last = map[*Rotator]int{}, map[*Rotator]time.Time{}
	}
	if p.taken[by] < ofOneRotator {
		p.taken[by]++
		return due, true
	}
	due = now.Add(again)
	if next := p.last[by].Add(between); next.After(due) {
		due = next
	}
	p.last[by] = due
	return due, false
}

// give gives a place back.
func (p *places) give(by *Rotator) {
	if by == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken[by]--
}
