package copies

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"claviger/internal/follow"
)

const (
	longestPause = 60              // times as long as the first one
	lastWords    = 3 * time.Second // for what is on its way at the end

	// mostUnconfirmed is how much is sent before it has to be confirmed, in bytes. After a failure it
	// is an eighth of what was on its way, and with each success twice as much again: so a receiver
	// that is slow gets as much as it can take in the time that it has.
	mostUnconfirmed = 8 << 20
)

// copying is one copy at work.
type copying struct {
	Copy
	db    Database
	feed  Feed
	log   *slog.Logger
	pause time.Duration // after a first failure

	mu    sync.Mutex
	state Status

	sent   int64 // the newest record that was sent
	size   int   // bytes that were sent, or are being sent, and aren't confirmed
	most   int   // of these; 0: mostUnconfirmed
	since  time.Time
	failed int // attempts in a row
}

func (c *copying) status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// set changes the state that others see.
func (c *copying) set(change func(*Status)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.state)
}

// run sends until ctx ends.
func (c *copying) run(ctx context.Context) {
	for ctx.Err() == nil {
		c.sent = c.status().Number
		err := c.follow(ctx)
		c.Receiver.Close()
		if ctx.Err() != nil {
			return
		}
		pause := c.fail(err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// fail remembers that nothing gets on, and says so to the operator once. It returns when to try
// again.
func (c *copying) fail(err error) time.Duration {
	c.failed++
	if c.size > 0 {
		c.most, c.size = max(c.size/8, 1), 0
	}
	c.set(func(s *Status) {
		s.Failures++
		if s.Failing.IsZero() {
			s.Failing = time.Now()
		}
	})
	if c.failed == 1 {
		c.log.Warn("a copy of the trail does not get on. What it lacks waits in the trail, and it is "+
			"tried again until it does", "behind", c.db.TrailNewest()-c.status().Number, "error", err)
	} else {
		c.log.Debug("a copy of the trail does not get on", "attempts", c.failed, "error", err)
	}
	pause := min(c.pause<<min(c.failed-1, 10), longestPause*c.pause)
	pause += time.Duration(rand.Int64N(int64(pause) / 4)) // so that many don't come back at once
	if asked := (*laterError)(nil); errors.As(err, &asked) {
		pause = max(pause, asked.after)
	}
	return pause
}

// laterError is of a receiver that says when it wants to be asked again.
type laterError struct {
	after time.Duration
	cause error
}

func (e *laterError) Error() string { return e.cause.Error() }
func (e *laterError) Unwrap() error { return e.cause }

// follow sends what comes until something fails or ctx ends.
func (c *copying) follow(ctx context.Context) error {
	for {
		batches, err := c.next(ctx)
		if ctx.Err() != nil {
			return c.end()
		}
		if err != nil {
			return err
		}
		for _, b := range batches {
			if err := c.send(ctx, b); err != nil {
				return err
			}
		}
		if c.size > 0 && time.Since(c.since) >= c.Receiver.Every() {
			if err := c.confirm(ctx); err != nil {
				return err
			}
		}
	}
}

// next waits for more, but no longer than what was sent may wait to be confirmed: then there is
// nothing.
func (c *copying) next(ctx context.Context) ([]follow.Batch, error) {
	if c.size > 0 {
		var cancel func()
		ctx, cancel = context.WithDeadline(ctx, c.since.Add(c.Receiver.Every()))
		defer cancel()
	}
	batches, err := c.feed.After(ctx, c.sent)
	if c.size > 0 && errors.Is(err, context.DeadlineExceeded) {
		return nil, nil
	}
	return batches, err
}

// send sends a batch, and has it confirmed if much is on its way.
func (c *copying) send(ctx context.Context, b follow.Batch) error {
	if b.First > c.sent+1 {
		c.log.Error("records were removed from the trail before this copy had them",
			"first", c.sent+1, "last", b.First-1)
	}
	c.set(func(s *Status) {
		if s.Oldest.IsZero() {
			s.Oldest = b.At
		}
	})
	if c.size == 0 {
		c.since = time.Now()
	}
	c.size += len(b.Records) + 1
	if err := c.Receiver.Send(ctx, b); err != nil {
		return err
	}
	c.set(func(s *Status) { s.Sent += b.Len() })
	c.sent = b.Last()
	if c.size >= orUsual(c.most, mostUnconfirmed) {
		return c.confirm(ctx)
	}
	return nil
}

// confirm has the receiver say that it has all, and remembers that. A place that can't be stored is
// no reason to stop: it is stored the next time.
func (c *copying) confirm(ctx context.Context) error {
	if err := c.Receiver.Confirm(ctx); err != nil {
		return err
	}
	c.size, c.most = 0, min(2*c.most, mostUnconfirmed)
	if c.failed > 0 {
		c.log.Info("a copy of the trail gets on again", "attempts", c.failed, "failing",
			time.Since(c.status().Failing).Round(time.Second))
		c.failed = 0
	}
	err := move(c.db, c.Name, c.sent)
	c.set(func(s *Status) {
		s.Failing = time.Time{}
		if err == nil {
			s.Number, s.Oldest = c.sent, time.Time{}
		}
	})
	if err != nil {
		c.log.Debug("the place of a copy of the trail can't be stored", "error", err)
	}
	return nil
}

// end has confirmed what is on its way, if that takes no time.
func (c *copying) end() error {
	if c.size == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	return c.confirm(ctx)
}
