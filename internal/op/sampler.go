package op

import (
	"sync"
	"time"
)

// How many failures of unauthenticated callers are recorded: for each source one at once and one
// more each period, and so many in all. What is above is only counted. Failures of ours are logged
// by the same measure, for each cause.
const (
	samplePeriod = 10 * time.Second
	samplesInAll = 100 // in one period, from all sources together; it bounds the sources in mind too
)

// sampler decides which failures before authentication leave a trace. The zero value is ready.
type sampler struct {
	mu     sync.Mutex
	period time.Time
	seen   map[string]bool // sources, or causes, that have left their trace in this period
}

// take reports whether a failure leaves a trace. A period also ends when the clock is a period
// behind it, as after it was set back; requests that arrive out of order are not that far behind.
func (s *sampler) take(source string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil || now.Sub(s.period).Abs() >= samplePeriod {
		s.period, s.seen = now, make(map[string]bool)
	}
	if len(s.seen) >= samplesInAll || s.seen[source] {
		return false
	}
	s.seen[source] = true
	return true
}
