package store

import "time"

var (
	insertBatch = internal(`INSERT INTO trail (batch, at, records) VALUES ($1, $2, $3)`)
	newestBatch = internal(`SELECT coalesce(max(batch), 0) FROM trail`)
	nextBatches = internal(`SELECT batch, at, records FROM trail
		WHERE batch > $1 ORDER BY batch LIMIT 64`)
)

// batchRow is one row of the trail.
type batchRow struct {
	batch   int64
	at      time.Time
	records []byte
}

// Trail calls each for every batch of records after the given one, in order; 0 stands before the
// first. Batches are numbered from 1 without gaps in the order of their transactions. at is the
// committer's clock and may step back with it. records are lines, one or more to a request of the
// batch, without a newline at the end.
//
// No connection is held while each runs, so it may take its time and use the store. An error of
// each ends the reading and is returned as it is.
func (db *DB) Trail(after int64, each func(batch int64, at time.Time, records []byte) error) error {
	for {
		page, err := db.trailPage(after)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, row := range page {
			if err := each(row.batch, row.at, row.records); err != nil {
				return err
			}
			after = row.batch
		}
	}
}

// TrailEnd returns the number of the newest batch, 0 if there is none.
func (db *DB) TrailEnd() (batch int64, err error) {
	err = db.Row(newestBatch, nil, &batch)
	return batch, err
}

// trailPage reads some batches into memory, so that the connection is free before
// anybody looks at them.
func (db *DB) trailPage(after int64) ([]batchRow, error) {
	var page []batchRow
	err := db.Rows(nextBatches, []any{after}, func(scan func(...any) error) error {
		var row batchRow
		var micros int64
		if err := scan(&row.batch, &micros, &row.records); err != nil {
			return err
		}
		row.at = time.UnixMicro(micros).UTC()
		page = append(page, row)
		return nil
	})
	return page, err
}
