package store

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// checkpointEvery is how many requests and batches are written to the log between two checkpoints.
// With the few pages that each touches, the log stays around ten MiB.
const checkpointEvery = 2000

// checkpointer keeps the log bounded without making commits wait for it.
//
// A connection of its own moves the bulk of the log into the database while commits go on. Under
// load it never gets all of it, and SQLite starts the log over only when all was moved. So
// afterwards the committer moves the small rest itself, between two batches.
type checkpointer struct {
	conn    *connection // its own
	log     *slog.Logger
	written int // since the last checkpoint; the committer's
	start   chan struct{}
	moved   atomic.Bool // the bulk is done, the rest is the committer's
	stopped chan struct{}
}

func newCheckpointer(ctx context.Context, e engine, log *slog.Logger) (*checkpointer, error) {
	conn, err := newConnection(ctx, e, writing)
	if err != nil {
		return nil, err
	}
	w := &checkpointer{conn: conn, log: log,
		start: make(chan struct{}, 1), stopped: make(chan struct{})}
	go w.run()
	return w, nil
}

// run moves the bulk whenever the committer asks. What stays behind, because a reader still needs
// the old pages or because the disk fails, is left to the next time.
func (w *checkpointer) run() {
	defer close(w.stopped)
	for range w.start {
		if _, err := w.conn.engine.checkpoint(w.conn); err != nil {
			w.log.Warn("a checkpoint failed", "error", err)
		}
		w.moved.Store(true)
	}
}

// between is called by the committer after each batch.
func (w *checkpointer) between(conn *connection, requests int) {
	w.written += requests + 1
	if w.moved.Load() {
		w.moved.Store(false)
		w.written = 0
		if _, err := conn.engine.checkpoint(conn); err != nil {
			w.log.Warn("a checkpoint failed", "error", err)
		}
	}
	if w.written >= checkpointEvery {
		select {
		case w.start <- struct{}{}:
			w.written = 0
		default:
		}
	}
}

// close ends the goroutine and its connection. The committer has stopped by then.
func (w *checkpointer) close() error {
	close(w.start)
	<-w.stopped
	return w.conn.close()
}
