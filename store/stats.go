package store

import (
	"sync/atomic"
	"time"
)

// Observer is told of every transaction of the committer, by its goroutine: it must be quick.
type Observer interface {
	// Batch says how many Commits and Notes shared a transaction, and how long its COMMIT took,
	// fsync included.
	Batch(entries int, sync time.Duration)
}

// Stats are totals since the database was opened.
type Stats struct {
	Batches int64 // transactions committed
	Entries int64 // Commits and Notes in them
	Spoiled int64 // transactions that were rolled back and whose requests were run again alone
	Hangs   int64 // times that the disk didn't answer for so long that nobody waited for it any more
	// Commits that were told that nobody knows, because the disk hung
	Uncertain int64
	Reads     int64 // statements that were read outside of transactions
	Waiting   int   // Commits that wait for the committer now
	Bytes     int64 // what the database and its log take on the disk now
}

type counters struct{ batches, entries, spoiled atomic.Int64 }

func (c *counters) committed(batch []*request) {
	c.batches.Add(1)
	c.entries.Add(int64(len(batch)))
}

// Stats returns the totals. Of a database that is open for reading only Reads and Bytes are known.
func (db *DB) Stats() Stats {
	s := Stats{Reads: db.reads.Load(), Bytes: db.engine.size()}
	if c := db.committer; c != nil {
		c.mu.Lock()
		s.Waiting = len(c.waiting)
		c.mu.Unlock()
		s.Batches, s.Entries = c.stats.batches.Load(), c.stats.entries.Load()
		s.Spoiled, s.Hangs, s.Uncertain = c.stats.spoiled.Load(), c.hangs.Load(), c.uncertain.Load()
	}
	return s
}
