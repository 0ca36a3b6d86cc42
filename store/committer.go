package store

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"claviger/internal/fault"
)

var (
	savepoint = internal("SAVEPOINT request")
	undo      = internal("ROLLBACK TO request")
	release   = internal("RELEASE request")
)

// committer owns the connection that writes. What is not safe by itself
// belongs to its one goroutine.
type committer struct {
	*queue
	engine  engine
	schema  *schema
	log     *slog.Logger
	observe Observer
	tell    func(batch, at int64, records []byte)
	health  health
	stats   counters
	sets    *rowSets // nil until somebody has them kept
	wal     *checkpointer

	conn    *connection // nil after an unknown outcome, until another has proved healthy
	broken  error       // why conn is nil
	retry   time.Time
	newest  atomic.Int64 // number of the newest record on the disk
	records []byte       // of the batch at hand
}

// outcome is what became of a transaction.
type outcome int

const (
	committed outcome = iota
	lost              // nothing of it is there: its requests may be run again
	down              // it could not even begin: running it again now helps nobody
	unknown           // its COMMIT failed and it may be there: a second run might do all twice
)

// run serves the queue until it is closed and empty.
func (c *committer) run() {
	for batch := c.next(); len(batch) > 0; batch = c.next() {
		c.commit(batch)
		if c.conn != nil {
			c.wal.between(c.conn, len(batch))
		}
	}
}

// commit brings a batch to an end: together if that works, each request alone
// if somebody spoils it.
func (c *committer) commit(batch []*request) {
	result, err := c.attempt(batch)
	switch {
	case result == committed:
		c.succeed(batch)
	case result == lost && len(batch) > 1:
		c.log.Warn("a batch was rolled back; its requests are run again alone",
			"requests", len(batch), "error", err)
		c.stats.spoiled.Add(1)
		for i := range batch {
			c.commit(batch[i : i+1])
		}
	case result == lost && batch[0].apply != nil:
		c.salvage(batch[0], err)
	case result == unknown:
		c.follow(batch)
		c.fail(batch, outcomeUnknown(err))
	default:
		c.fail(batch, notStored(err))
	}
}

// salvage stores the record of a request whose change took its own transaction with it.
func (c *committer) salvage(r *request, cause error) {
	if f := (*fault.Error)(nil); !errors.As(r.err, &f) {
		r.err = notStored(cause)
	}
	r.apply, r.after = nil, nil
	if result, err := c.attempt([]*request{r}); result != committed {
		c.fail([]*request{r}, notStored(err))
		return
	}
	c.succeed([]*request{r})
}

// attempt runs a batch as one transaction.
func (c *committer) attempt(batch []*request) (outcome, error) {
	if err := c.begin(); err != nil {
		return down, err
	}
	newest := c.newest.Load()
	c.records = c.records[:0] // of a run before this one, if there was any
	for _, r := range batch {
		if err := c.serve(r); err != nil {
			return c.abandon(err)
		}
	}
	if err := c.sets.write(c.conn); err != nil {
		return c.abandon(err)
	}
	var row batchRow
	if n := len(c.records); n > 0 { // without the final newline
		row = batchRow{newest + 1, time.Now().UnixMicro(), c.records[:n-1]}
		if _, err := c.conn.exec(insertBatch, row.batch, row.at, row.records); err != nil {
			return c.abandon(err)
		}
		newest = row.last()
	}
	start := time.Now()
	if _, err := c.conn.exec(commit); err != nil {
		return c.judge(err)
	}
	c.sets.committed()
	c.newest.Store(newest)
	took := time.Since(start)
	if c.tell != nil && row.batch > 0 {
		c.tell(row.batch, row.at, append([]byte(nil), row.records...))
	}
	c.stats.committed(batch)
	c.queue.committed(batch, took)
	if c.observe != nil {
		c.observe.Batch(len(batch), took)
	}
	return committed, nil
}

// serve runs one request under its own savepoint, and keeps its record. An error means that the
// transaction is gone.
func (c *committer) serve(r *request) error {
	if r.apply == nil {
		c.keep(r)
		return nil
	}
	if _, err := c.conn.exec(savepoint); err != nil {
		return err
	}
	tx := &Tx{conn: c.conn}
	r.err = catchPanic(func() error { return r.apply(tx) })
	tx.ended = true
	// What apply makes of a lost transaction doesn't count: nothing can be rolled back to a
	// savepoint any more.
	if tx.dead != nil {
		return tx.dead
	}
	r.after = tx.after
	c.keep(r) // before the release: a record that can't be made takes the change back
	if r.err != nil {
		r.after = nil
		if _, err := c.conn.exec(undo); err != nil {
			return err
		}
	}
	_, err := c.conn.exec(release)
	return err
}

// keep adds the record of r to the batch. A record that can't be made is an error of its request:
// no record, no change.
func (c *committer) keep(r *request) {
	if r.record == nil {
		return
	}
	var record []byte
	if err := catchPanic(func() error { record = r.record(r.err); return nil }); err != nil {
		r.err = err
		return
	}
	if len(record) > 0 {
		c.records = append(append(c.records, record...), '\n')
	}
}

// catchPanic makes a panic an error: one request's mistake must not end the process for all.
// runtime.Goexit, which is what t.FailNow does, can't be held up. It would leave everybody waiting,
// so it ends the process with a reason.
func catchPanic(f func() error) (err error) {
	returned := false
	defer func() {
		if v := recover(); v != nil {
			err = fault.Panic(v)
		} else if !returned {
			panic("store: a function given to Commit ended the committer's goroutine" +
				" by runtime.Goexit or t.FailNow")
		}
	}()
	err = f()
	returned = true
	return err
}

// succeed runs what was to follow the COMMIT, and then answers everybody.
func (c *committer) succeed(batch []*request) {
	c.follow(batch)
	for _, r := range batch {
		if r.proof && r.err == nil && c.health.recovered() {
			c.log.Info("the database accepts records again")
		}
		c.answer(r)
	}
}

// follow calls the functions given to [Tx.After], in order. One that panics doesn't keep the next
// from its call, because a cache that isn't dropped would go on answering with what was.
func (c *committer) follow(batch []*request) {
	for _, r := range batch {
		for _, f := range r.after {
			if err := catchPanic(func() error { f(); return nil }); err != nil {
				c.log.Error("a function after COMMIT failed", "error", err)
			}
		}
	}
}

// fail answers a batch of which nothing is known to be on the disk.
func (c *committer) fail(batch []*request, told *fault.Error) {
	c.unwell(told.Err)
	for _, r := range batch {
		r.err = told
		c.answer(r)
	}
}

// unwell says that no records are stored until one is. Anybody may call it.
func (c *committer) unwell(cause error) {
	if c.health.failed(cause) {
		c.log.Error("the database accepts no records", "error", cause)
		time.AfterFunc(retryAfter, c.probe)
	}
}

// answer wakes the request's caller. Of a Note nobody waits for, only the log hears.
func (c *committer) answer(r *request) {
	switch {
	case r.done != nil:
		r.done <- struct{}{}
	case r.err != nil:
		c.log.Warn("bookkeeping was not stored", "note", r.note, "error", r.err)
	}
}
