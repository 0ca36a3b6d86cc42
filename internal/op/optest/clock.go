package optest

import (
	"sync"
	"time"

	"claviger/internal/clock"
)

// Began is the time at which a [Kit] starts.
var Began = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// Clock is a time that stands still until the test moves it. Its methods may be called
// from several goroutines.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	uptime time.Duration
}

// NewClock returns a clock that stands at a time.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Pass lets time pass, back where d is negative.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.uptime += d
}

// Jump sets the clock ahead, or back, while no time passes.
func (c *Clock) Jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Guard returns what compares the clock with the time that has passed, from now on.
func (c *Clock) Guard() *clock.Guard {
	uptime := func() time.Duration {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.uptime
	}
	return clock.NewGuard(clock.Source{Now: c.Now, Uptime: uptime, Boot: "test"}, clock.State{})
}
