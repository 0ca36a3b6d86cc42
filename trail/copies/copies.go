package copies

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"claviger/internal/follow"
	"claviger/store"
)

// Receiver is where a copy goes. One goroutine uses it.
type Receiver interface {
	// Send hands over the records of a batch. They may be on their way when it returns.
	Send(ctx context.Context, b follow.Batch) error
	// Confirm returns once the receiver has all that was sent since the last time.
	Confirm(ctx context.Context) error
	// Close lets go of what is open. What wasn't confirmed by then is sent again, and Send begins
	// anew.
	Close()
	// Every is how long what was sent may wait to be confirmed.
	Every() time.Duration
}

// Copy is a copy that is declared.
type Copy struct {
	Name     string
	Receiver Receiver
	Required bool // nothing is removed from the trail that it hasn't taken
	Newest   bool // one that has no place yet begins behind what is there, and not at the beginning
}

// Database is where places rest. [*store.DB] is one.
type Database interface {
	store.Reader
	Commit(apply func(*store.Tx) error, record func(error) []byte) error
	TrailNewest() int64
}

// Feed is the trail; see [follow.Feed].
type Feed interface {
	After(ctx context.Context, n int64) ([]follow.Batch, error)
}

// Config is what copies are made of.
type Config struct {
	DB     Database
	Feed   Feed
	Log    *slog.Logger
	Copies []Copy

	// Pause is how long a copy waits after a failure, doubled with each one that follows, up to 60
	// times as long; 0: a second.
	Pause time.Duration
}

// Copies are all that are declared. [New] makes them.
type Copies struct {
	db  Database
	all []*copying
}

// New finds where each copy is.
func New(c Config) (*Copies, error) {
	all := &Copies{db: c.DB}
	for _, declared := range c.Copies {
		number, isKnown, err := place(c.DB, declared.Name)
		if err == nil && !isKnown {
			if declared.Newest {
				number = c.DB.TrailNewest()
			}
			err = move(c.DB, declared.Name, number)
		}
		if err != nil {
			return nil, fmt.Errorf("where the copy %s of the trail is: %w", declared.Name, err)
		}
		one := &copying{Copy: declared, db: c.DB, feed: c.Feed, log: c.Log.With("copy", declared.Name),
			pause: orUsual(c.Pause, time.Second)}
		one.state.Name, one.state.Number = declared.Name, number
		all.all = append(all.all, one)
	}
	return all, nil
}

// Run sends until ctx ends, and then confirms what is on its way, for a few seconds at most. A
// receiver that hangs may keep its goroutine, which does nothing more.
func (c *Copies) Run(ctx context.Context) {
	var each sync.WaitGroup
	for _, one := range c.all {
		each.Go(func() { one.run(ctx) })
	}
	ended := make(chan struct{})
	go func() {
		each.Wait()
		close(ended)
	}()
	<-ctx.Done()
	select {
	case <-ended:
	case <-time.After(lastWords + time.Second):
	}
}

// Required returns the number of the record up to which every required copy has all.
func (c *Copies) Required() int64 {
	taken := int64(math.MaxInt64)
	for _, one := range c.all {
		if one.Required {
			taken = min(taken, one.status().Number)
		}
	}
	return taken
}

// Status is how a copy stands.
type Status struct {
	Name     string
	Number   int64     // of the record up to which its receiver has all
	Behind   int64     // records that it hasn't
	Oldest   time.Time // when the oldest of these was committed; zero: not known, or there is none
	Failing  time.Time // since when nothing gets on; zero: it does
	Failures int64     // attempts that failed since the start
	Sent     int64     // records sent since the start, those that were sent again included
}

// Status returns how each copy stands.
func (c *Copies) Status() (all []Status) {
	newest := c.db.TrailNewest()
	for _, one := range c.all {
		s := one.status()
		s.Behind = max(newest-s.Number, 0)
		all = append(all, s)
	}
	return all
}
