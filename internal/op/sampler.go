package op

import (
	"sync"
	"time"
)

// How many failures of strangers are recorded: for each source one at once and one more each period, and so
// many in all. What is above is only counted.
const (
	samplePeriod  = 10 * time.Second
	samplesInAll  = 100 // in one period, from all sources together
	sourcesInMind = 4096
)

// sampler decides which failures before authentication leave a record. The zero value is ready.
type sampler struct {
	mu     sync.Mutex
	period time.Time
	taken  int
	seen   map[string]bool
}

func (s *sampler) take(source string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.period) >= samplePeriod || now.Before(s.period) {
		s.period, s.taken, s.seen = now, 0, make(map[string]bool)
	}
	if s.taken >= samplesInAll || s.seen[source] || len(s.seen) >= sourcesInMind {
		return false
	}
	s.taken++
	s.seen[source] = true
	return true
}
