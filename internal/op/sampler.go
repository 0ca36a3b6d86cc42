package op

import (
	"sync"
	"time"

	"claviger/internal/source"
)

// How many failures of unauthenticated callers are recorded. What is above is only counted. A
// network is what internal/source calls so, and a site is a wider one. With records of about a
// kilobyte all strangers together get ten megabytes of the disk a day.
const (
	samplePeriod = 10 * time.Second
	samplesInAll = 100 // in one period, from all networks together; each has one

	sampledADay      = 10000
	sampledOfSite    = 1000 // a day
	sampledOfNetwork = 100  // a day

	everywhere = "everywhere"
)

// periods decides which of many like events leave a trace: of each kind one at once and one more
// each period, and so many in all. The zero value is ready.
type periods struct {
	mu    sync.Mutex
	begun time.Time
	seen  map[string]bool // kinds that have left their trace in this period
}

// take reports whether an event leaves a trace. A period also ends when the clock is a period
// behind it, as after it was set back; requests that arrive out of order are not that far behind.
func (s *periods) take(kind string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil || now.Sub(s.begun).Abs() >= samplePeriod {
		s.begun, s.seen = now, make(map[string]bool)
	}
	if len(s.seen) >= samplesInAll || s.seen[kind] {
		return false
	}
	s.seen[kind] = true
	return true
}

// sampler decides which failures before authentication are recorded. The zero value is ready.
type sampler struct {
	periods periods
	mu      sync.Mutex
	day     time.Time
	taken   map[string]int // today, by network, by site, and everywhere
}

// take reports whether the failure of a host is recorded, and from where no more will be recorded
// today: "" as long as there may be more.
func (s *sampler) take(host string, now time.Time) (recorded bool, silenced string) {
	network, site := source.Network(host), source.Site(host)
	if !s.periods.take(network, now) {
		return false, ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if day := now.UTC().Truncate(24 * time.Hour); s.taken == nil || !day.Equal(s.day) {
		s.day, s.taken = day, make(map[string]int)
	}
	most := map[string]int{everywhere: sampledADay, site: sampledOfSite, network: sampledOfNetwork}
	for place, n := range most {
		if s.taken[place] >= n {
			return false, ""
		}
	}
	// The widest comes last: it is what silences.
	for _, place := range []string{network, site, everywhere} {
		if place == site && site == network {
			continue // what is no address is its own site
		}
		s.taken[place]++
		if s.taken[place] >= most[place] {
			silenced = place
		}
	}
	return true, silenced
}
