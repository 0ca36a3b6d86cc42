package clock

import "time"

// Settled is a time by which something may be destroyed. Only a [Guard] makes one, of a clock that
// is not in doubt. The zero value is what it makes otherwise, and reaches no deadline.
type Settled struct{ at time.Time }

// At returns the time, or the zero time while the clock is in doubt.
func (s Settled) At() time.Time { return s.at }

// Reached reports whether a deadline has come. One that is zero had come before all others.
func (s Settled) Reached(deadline time.Time) bool {
	return !s.at.IsZero() && !deadline.After(s.at)
}
