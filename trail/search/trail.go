package search

import (
	"bytes"
	"errors"
	"math"
	"time"

	"claviger/store"
)

const ofTheService = "the trail is of all accounts and Regions"

var (
	batchOf     = store.Wide(`SELECT batch, records FROM trail WHERE batch <= $1 ORDER BY batch DESC LIMIT 1`, ofTheService)
	oldestBatch = store.Wide(`SELECT coalesce(min(batch), 0) FROM trail`, ofTheService)
)

// trail reads records by their numbers.
type trail struct{ *store.DB }

// newest returns the number of the newest record, 0 if there is none. In a database that is open
// for reading it costs a row.
func (t trail) newest() (int64, error) {
	if n := t.TrailNewest(); n > 0 {
		return n, nil
	}
	var b batch
	err := t.Row(batchOf, []any{int64(math.MaxInt64)}, &b.first, &b.records)
	if errors.Is(err, store.NoRow) {
		return 0, nil
	}
	return b.last(), err
}

// oldest returns the number of the oldest record that is there, 0 if there is none.
func (t trail) oldest() (n int64, err error) {
	err = t.Row(oldestBatch, nil, &n)
	return n, err
}

// batch is the records of one transaction.
type batch struct {
	first   int64
	records []byte
}

func (b *batch) last() int64 { return b.first + int64(bytes.Count(b.records, newline)) }

var newline = []byte{'\n'}

// line returns a record of the batch, or nothing if it has none of that number.
func (b *batch) line(number int64) []byte {
	left := b.records
	for n := b.first; n < number; n++ {
		end := bytes.IndexByte(left, '\n')
		if end < 0 {
			return nil
		}
		left = left[end+1:]
	}
	if end := bytes.IndexByte(left, '\n'); end >= 0 {
		left = left[:end]
	}
	return left
}

// lines reads single records. The batch that it has read last it keeps.
type lines struct {
	trail
	batch
}

// at returns a record, or nothing if it was removed.
func (l *lines) at(number int64) ([]byte, error) {
	if l.records == nil || number < l.first || number > l.last() {
		l.records = nil
		err := l.Row(batchOf, []any{number}, &l.first, &l.records)
		if errors.Is(err, store.NoRow) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return l.line(number), nil
}

var errBelow = errors.New("search: all was read")

// back calls each for the records from high down to low. Of a batch that has no hint in it each is
// told once, without a line; a hint of nil is in all. An error of each ends it.
func (t trail) back(low, high int64, hint []byte,
	each func(number int64, line []byte) error) error {
	err := t.TrailBack(high+1, func(first int64, _ time.Time, records []byte) error {
		b := batch{first, records}
		number := b.last()
		if number < low {
			return errBelow
		}
		if hint != nil && !bytes.Contains(records, hint) {
			return each(max(first, low), nil)
		}
		for ; len(records) > 0 && number >= low; number-- {
			begin := bytes.LastIndexByte(records, '\n') + 1
			if number <= high {
				if err := each(number, records[begin:]); err != nil {
					return err
				}
			}
			records = records[:max(0, begin-1)]
		}
		return nil
	})
	if err == errBelow {
		return nil
	}
	return err
}
