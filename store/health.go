package store

import (
	"errors"
	"sync/atomic"
	"time"

	"claviger/internal/fault"
)

var heartbeat = internal(`INSERT INTO heartbeat (one, at, room) VALUES (1, $1, randomblob(65536))
	ON CONFLICT (one) DO UPDATE SET at = excluded.at, room = excluded.room`)

// beat writes the one row that exists to be written. It takes as much room as a large batch, or a
// disk that is almost full would be called healthy by the heartbeat and full by the next request,
// again and again. Its bytes are new each time: SQLite writes no page that is as it was.
func beat(conn *connection) error {
	_, err := conn.exec(heartbeat, time.Now().UnixMicro())
	return err
}

// health is whether the newest transaction reached the disk.
type health struct {
	bad atomic.Pointer[fault.Error]
}

// failed remembers why records can't be stored, and reports whether that is news.
func (h *health) failed(cause error) bool {
	return h.bad.Swap(notStored(cause)) == nil
}

// recovered is called when a heartbeat was stored, and reports whether that is news. Nothing less
// is taken for health: a request that is smaller may find room where the next one doesn't.
func (h *health) recovered() bool {
	return h.bad.Load() != nil && h.bad.Swap(nil) != nil
}

// probe commits a heartbeat again and again until one is accepted: while the service says that it
// isn't ready, no request may come that would find out.
func (c *committer) probe() {
	r := &request{apply: func(tx *Tx) error { return beat(tx.conn) }, done: make(chan struct{}, 1),
		proof: true}
	switch err := c.put(r); {
	case errors.Is(err, errClosed):
		return
	case err == nil:
		<-r.done
	}
	if c.health.bad.Load() != nil {
		time.AfterFunc(retryAfter, c.probe)
	}
}

// Ready returns nil while records can be stored, and otherwise a fault of kind Unavailable with the
// reason for the operator. It becomes nil again by itself.
func (db *DB) Ready() error {
	if db.committer == nil {
		return nil
	}
	if db.committer.hanging.Load() {
		return notStored(ErrHangs)
	}
	if bad := db.committer.health.bad.Load(); bad != nil {
		return bad
	}
	return nil
}
