package optest

import (
	"sync"
	"time"
)

// Began is the time at which a [Kit] starts.
var Began = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// Clock is a time that stands still until the test moves it. Its methods may be called
// from several goroutines.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at a time.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Pass moves the clock, back where d is negative.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
