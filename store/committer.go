package store

import (
	"errors"
	"log/slog"
	"time"

	"claviger/internal/fault"
)

var (
	savepoint = internal("SAVEPOINT party")
	undo      = internal("ROLLBACK TO party")
	release   = internal("RELEASE party")
)

// committer owns the connection that writes. What is not safe by itself belongs to its one goroutine.
type committer struct {
	*queue
	engine  engine
	log     *slog.Logger
	observe Observer
	health  health
	stats   counters
	wal     *checkpointer

	session *session // nil after an unknown outcome, until another has proved healthy
	broken  error    // why session is nil
	retry   time.Time
	newest  int64  // number of the newest batch on the disk
	records []byte // of the batch at hand
}

// outcome is what became of a transaction.
type outcome int

const (
	committed outcome = iota
	lost              // nothing of it is there: its parties may be run again
	down              // it could not even begin: running it again now helps nobody
	unknown           // its COMMIT failed and it may be there: running it again might do everything twice
)

// run serves the queue until it is closed and empty.
func (c *committer) run() {
	for batch := c.next(); len(batch) > 0; batch = c.next() {
		c.commit(batch)
		if c.session != nil {
			c.wal.between(c.session, len(batch))
		}
	}
}

// commit brings a batch to an end: together if that works, each party alone if somebody spoils it.
func (c *committer) commit(batch []*party) {
	result, err := c.attempt(batch)
	switch {
	case result == committed:
		c.succeed(batch)
	case result == lost && len(batch) > 1:
		c.log.Warn("a batch was rolled back; its parties are run again alone", "parties", len(batch), "error", err)
		c.stats.spoiled.Add(1)
		for i := range batch {
			c.commit(batch[i : i+1])
		}
	case result == lost && batch[0].apply != nil:
		c.salvage(batch[0], err)
	case result == unknown:
		c.follow(batch)
		c.fail(batch, err)
	default:
		c.fail(batch, err)
	}
}

// salvage stores the record of a party whose change took its own transaction with it.
func (c *committer) salvage(p *party, cause error) {
	if f := (*fault.Error)(nil); !errors.As(p.err, &f) {
		p.err = unavailable.Because(cause)
	}
	p.apply, p.after = nil, nil
	if result, err := c.attempt([]*party{p}); result != committed {
		c.fail([]*party{p}, err)
		return
	}
	c.succeed([]*party{p})
}

// attempt runs a batch as one transaction.
func (c *committer) attempt(batch []*party) (outcome, error) {
	if err := c.begin(); err != nil {
		return down, err
	}
	c.records = c.records[:0] // of a run before this one, if there was any
	for _, p := range batch {
		if err := c.serve(p); err != nil {
			return c.abandon(err)
		}
	}
	if len(c.records) > 0 {
		last := len(c.records) - 1 // without the final newline
		if _, err := c.session.exec(insertBatch, c.newest+1, time.Now().UnixMicro(), c.records[:last]); err != nil {
			return c.abandon(err)
		}
	}
	start := time.Now()
	if _, err := c.session.exec(commit); err != nil {
		return c.doubt(err)
	}
	if len(c.records) > 0 {
		c.newest++
	}
	c.stats.committed(batch)
	if c.observe != nil {
		c.observe.Batch(len(batch), time.Since(start))
	}
	return committed, nil
}

// serve runs one party under its own savepoint, and keeps its record. An error means that the transaction is gone.
func (c *committer) serve(p *party) error {
	if p.apply == nil {
		c.keep(p)
		return nil
	}
	if _, err := c.session.exec(savepoint); err != nil {
		return err
	}
	tx := &Tx{session: c.session}
	p.err = guard(func() error { return p.apply(tx) })
	tx.ended = true
	// What apply makes of a lost transaction doesn't count: nothing can be rolled back to a savepoint any more.
	if tx.dead != nil {
		return tx.dead
	}
	p.after = tx.after
	c.keep(p) // before the release: a record that can't be made takes the change back
	if p.err != nil {
		p.after = nil
		if _, err := c.session.exec(undo); err != nil {
			return err
		}
	}
	_, err := c.session.exec(release)
	return err
}

// keep adds the record of p to the batch. A record that can't be made is an error of its party: no record, no
// change.
func (c *committer) keep(p *party) {
	if p.record == nil {
		return
	}
	var record []byte
	if err := guard(func() error { record = p.record(p.err); return nil }); err != nil {
		p.err = err
		return
	}
	if len(record) > 0 {
		c.records = append(append(c.records, record...), '\n')
	}
}

// guard makes a panic an error: one party's mistake must not end the process for all. runtime.Goexit, which is
// what t.FailNow does, can't be held up; it would leave everybody waiting, so it ends the process with a reason.
func guard(f func() error) (err error) {
	returned := false
	defer func() {
		if v := recover(); v != nil {
			err = fault.Panic(v)
		} else if !returned {
			panic("store: a function given to Commit ended the committer's goroutine by runtime.Goexit or t.FailNow")
		}
	}()
	err = f()
	returned = true
	return err
}

// succeed runs what was to follow the COMMIT, and then answers everybody.
func (c *committer) succeed(batch []*party) {
	if c.health.recovered() {
		c.log.Info("the database accepts records again")
	}
	c.follow(batch)
	for _, p := range batch {
		c.answer(p)
	}
}

// follow calls the functions given to [Tx.After], in order. One that panics doesn't keep the next from its call,
// because a cache that isn't dropped would go on answering with what was.
func (c *committer) follow(batch []*party) {
	for _, p := range batch {
		for _, f := range p.after {
			if err := guard(func() error { f(); return nil }); err != nil {
				c.log.Error("a function after COMMIT failed", "error", err)
			}
		}
	}
}

// fail answers a batch of which nothing is known to be on the disk.
func (c *committer) fail(batch []*party, cause error) {
	if c.health.failed(cause) {
		c.log.Error("the database accepts no records", "error", cause)
		time.AfterFunc(retryAfter, c.probe)
	}
	for _, p := range batch {
		p.err = unavailable.Because(cause)
		c.answer(p)
	}
}

// answer wakes the party's caller. Of a Note nobody waits for, only the log hears.
func (c *committer) answer(p *party) {
	switch {
	case p.done != nil:
		p.done <- struct{}{}
	case p.err != nil:
		c.log.Warn("bookkeeping was not stored", "note", p.note, "error", p.err)
	}
}
