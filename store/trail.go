package store

import (
	"bytes"
	"errors"
	"time"
)

var (
	insertBatch = internal(`INSERT INTO trail (batch, at, records) VALUES ($1, $2, $3)`)
	newestBatch = internal(`SELECT batch, records FROM trail UNION ALL SELECT 0, x''
		ORDER BY batch DESC LIMIT 1`)
	nextBatch   = internal(`SELECT batch, at, records FROM trail WHERE batch > $1 ORDER BY batch`)
	batchBefore = internal(`SELECT batch, at, records FROM trail WHERE batch < $1 ORDER BY batch DESC`)
	newestTime  = internal(`SELECT batch, at FROM trail WHERE batch <= $1 ORDER BY batch DESC LIMIT 1`)
)

// trailPage bounds what is in memory of the trail at once, in bytes. One batch may be larger, and
// is a page by itself.
const trailPage = 1 << 20

var newline = []byte{'\n'}

// batchRow is one row of the trail.
type batchRow struct {
	batch, at int64
	records   []byte
}

// last is the number of the newest record of a batch.
func (b *batchRow) last() int64 { return b.batch + int64(bytes.Count(b.records, newline)) }

// Trail calls each for every batch of records after the given one, in order; 0 stands before the
// first. The records of the trail are numbered from 1 without gaps in the order of their
// transactions, and a batch is called by the number of its first one. at is the committer's clock
// and may step back with it. records are lines, one or more to a request of the batch, without a
// newline at the end.
//
// No connection is held while each runs, so it may take its time and use the store. A few batches
// are in memory at once, however long the trail is. An error of each ends the reading and is
// returned as it is.
func (db *DB) Trail(after int64, each func(batch int64, at time.Time, records []byte) error) error {
	return db.trail(nextBatch, after, each)
}

// TrailBack is [DB.Trail] in the other direction: from the batch before the given one to the first.
func (db *DB) TrailBack(before int64,
	each func(batch int64, at time.Time, records []byte) error) error {
	return db.trail(batchBefore, before, each)
}

// TrailEnd returns the newest batch, 0 if there is none.
func (db *DB) TrailEnd() (batch int64, err error) {
	err = db.Row(newestBatch, nil, &batch, new([]byte))
	return batch, err
}

// TrailTime returns the batch that a record is in if the trail has it, else the newest one before,
// and when it was committed; or [NoRow] if there is none. Two trails in which a batch of one number
// has one time are the same up to there: the time is in microseconds, and a batch is never changed.
func (db *DB) TrailTime(number int64) (batch int64, at time.Time, err error) {
	var micros int64
	err = db.Row(newestTime, []any{number}, &batch, &micros)
	return batch, time.UnixMicro(micros).UTC(), err
}

// TrailNewest returns the number of the newest record that is durable, and asks nobody: who follows
// the trail looks at it as often as it likes. It is 0 if there is none, and in a reader's database.
func (db *DB) TrailNewest() int64 {
	if db.committer == nil {
		return 0
	}
	return db.committer.newest.Load()
}

func (db *DB) trail(q *Query, from int64,
	each func(batch int64, at time.Time, records []byte) error) error {
	for {
		page, err := db.trailPage(q, from)
		if err != nil && err != errPageFull || len(page) == 0 { // none that wraps it and says more
			return err
		}
		for _, row := range page {
			if err := each(row.batch, time.UnixMicro(row.at).UTC(), row.records); err != nil {
				return err
			}
			from = row.batch
		}
	}
}

var errPageFull = errors.New("store: the page is full")

// trailPage reads some batches into memory, so that the connection is free before anybody looks at
// them. It says so if there may be more.
func (db *DB) trailPage(q *Query, from int64) (page []batchRow, err error) {
	size := 0
	err = db.Rows(q, []any{from}, func(scan func(...any) error) error {
		var row batchRow
		err := scan(&row.batch, &row.at, &row.records)
		page = append(page, row)
		if size += len(row.records); err == nil && (size >= trailPage || len(page) == 64) {
			return errPageFull
		}
		return err
	})
	return page, err
}
