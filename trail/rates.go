package trail

import (
	"sync"
	"time"
)

// A rate is how AWS holds lookups to two a second in an account and Region. Two may come at once.
const (
	perSecond = 2
	atOnce    = 2
)

// place is an account and Region.
type place struct{ account, region string }

// rates says whose turn it is. The zero value is ready.
type rates struct {
	mu     sync.Mutex
	places map[place]time.Time // when all that was taken will have been given back
}

// take reports whether one more may be looked up now.
func (r *rates) take(account, region string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.places == nil {
		r.places = map[place]time.Time{}
	}
	const each = time.Second / perSecond
	at := place{account, region}
	free := r.places[at]
	// What is free long after now was taken before the clock was set back.
	if ahead := free.Sub(now); ahead <= 0 || ahead > atOnce*each {
		free = now
	}
	if free = free.Add(each); free.Sub(now) > atOnce*each {
		return false
	}
	r.places[at] = free
	return true
}
