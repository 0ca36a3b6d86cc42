// Package treerows keeps the tree over the trail in the database: its tiles, and the checkpoints
// that were signed over it.
package treerows

import (
	"bytes"
	"context"
	"errors"
	"math"
	"time"

	"claviger/audit/tree"
	"claviger/internal/rowmac"
	"claviger/store"
)

// Checkpoint is one that was signed, as it rests.
type Checkpoint struct {
	Size int64 // how many records it has
	At   time.Time
	Kept bool   // for good: others go after a while
	Note string // as it was signed
}

// That a checkpoint is there is signed as well, and that no other one was: who removes the newest
// ones, so that the tree is an older one, changes the set of the table's rows.
var checkpoints = rowmac.Declare("tree_checkpoints", func(c *Checkpoint) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Integer("size", &c.Size), rowmac.Time("at", &c.At), rowmac.Flag("kept", &c.Kept),
		rowmac.Text("note", &c.Note),
	}
})

const ofTheService = "the tree is over the records of all accounts and Regions"

var (
	qTile    = store.Wide(`SELECT hashes FROM tree_tiles WHERE level = $1 AND tile = $2`, ofTheService)
	qPutTile = store.Wide(`INSERT INTO tree_tiles (level, tile, hashes) VALUES ($1, $2, $3)
		ON CONFLICT (level, tile) DO UPDATE SET hashes = excluded.hashes`, ofTheService)

	qRow = store.Wide(`SELECT batch, records FROM trail WHERE batch <= $1 ORDER BY batch DESC LIMIT 1`,
		ofTheService)

	qOldest = store.Wide(`SELECT coalesce(min(batch), 0) FROM trail`, ofTheService)

	qNewest = store.Wide(`SELECT `+checkpoints.Columns()+` FROM tree_checkpoints
		ORDER BY size DESC LIMIT 1`, ofTheService)
	qKept = store.Wide(`SELECT at FROM tree_checkpoints WHERE kept = 1 ORDER BY size DESC LIMIT 1`,
		ofTheService)
	qNote = store.Wide(`SELECT size, note FROM tree_checkpoints ORDER BY size DESC LIMIT 1`,
		ofTheService)
	qNotes = store.Wide(`SELECT size, note FROM tree_checkpoints WHERE size > $1
		ORDER BY size LIMIT 1000`, ofTheService)
	qPut  = store.Wide(checkpoints.Insert(), ofTheService)
	qThin = store.Wide(`DELETE FROM tree_checkpoints WHERE kept = 0 AND size <= coalesce((SELECT size
		FROM tree_checkpoints WHERE kept = 0 ORDER BY size DESC LIMIT 1 OFFSET $1), 0)`, ofTheService)
)

// recent is how many checkpoints are there that don't stay for good, and between how far apart
// those are that do. Each of them bounds the place of a change that was made before it, to the
// records between it and the one before.
const (
	recent  = 60
	keptFor = time.Hour
)

// Tiles are the tiles in a database. It implements [tree.Tiles].
type Tiles struct{ From store.Reader }

// Tile implements [tree.Tiles].
func (t Tiles) Tile(level int, number int64) (hashes []byte, err error) {
	err = t.From.Row(qTile, []any{level, number}, &hashes)
	if errors.Is(err, store.NoRow) {
		return nil, nil
	}
	return hashes, err
}

// Newest returns the newest checkpoint, once it is known that the service made its row; without
// any it is zero.
func Newest(ctx context.Context, from store.Reader, signer *rowmac.Signer) (Checkpoint, error) {
	c, err := checkpoints.Load(ctx, signer, from, qNewest, nil)
	if errors.Is(err, store.NoRow) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, err
	}
	return *c, nil
}

// NewestNote returns the note of the newest checkpoint and its size for readers that have no token:
// they verify the note. It is [store.NoRow] if there is none.
func NewestNote(from store.Reader) (size int64, note string, err error) {
	err = from.Row(qNote, nil, &size, &note)
	return size, note, err
}

// Notes calls each for the note of every checkpoint, in order of their sizes.
func Notes(from store.Reader, each func(size int64, note []byte) error) error {
	type one struct {
		size int64
		note []byte
	}
	for after, full := int64(math.MinInt64), true; full; {
		var page []one
		err := from.Rows(qNotes, []any{after}, func(scan func(...any) error) error {
			var c one
			err := scan(&c.size, &c.note)
			page = append(page, c)
			return err
		})
		if err != nil {
			return err
		}
		for _, c := range page {
			if err := each(c.size, c.note); err != nil {
				return err
			}
			after = c.size
		}
		full = len(page) == 1000
	}
	return nil
}

// Put prepares the change that stores a checkpoint with the tiles that have changed since the one
// before, and lets older checkpoints go. It signs, so it may ask the token.
func Put(ctx context.Context, from store.Reader, signer *rowmac.Signer, c Checkpoint,
	tiles []tree.Tile) (func(*store.Tx) error, error) {
	var kept int64
	if err := from.Row(qKept, nil, &kept); err != nil && !errors.Is(err, store.NoRow) {
		return nil, err
	}
	since := c.At.Sub(store.FromMicros(kept))
	c.Kept = since >= keptFor || since < 0 // the clock was set back: nobody knows how long it is
	values, err := checkpoints.Sign(ctx, signer, &c)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) error {
		for _, t := range tiles {
			if _, err := tx.Exec(qPutTile, t.Level, t.Number, t.Hashes); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(qPut, values...); err != nil {
			return err
		}
		_, err := tx.Exec(qThin, recent)
		return err
	}, nil
}

// Trail is a database's trail together with its tree, as whoever verifies it reads it. It
// implements verify.Trail.
type Trail struct {
	Tiles
	DB *store.DB
}

// Open returns the trail of a database.
func Open(db *store.DB) Trail { return Trail{Tiles{db}, db} }

// Batches calls each for every row of the trail.
func (t Trail) Batches(each func(first int64, records []byte) error) error {
	return t.DB.Trail(0, func(batch int64, _ time.Time, records []byte) error {
		return each(batch, records)
	})
}

// Checkpoints calls each for every checkpoint.
func (t Trail) Checkpoints(each func(size int64, signed []byte) error) error {
	return Notes(t.DB, each)
}

// Record returns the record of that number, or nil if it isn't there.
func (t Trail) Record(number int64) (record []byte, err error) {
	var first int64
	var records []byte
	err = t.DB.Row(qRow, []any{number}, &first, &records)
	if err != nil {
		if errors.Is(err, store.NoRow) {
			err = nil
		}
		return nil, err
	}
	for line := range bytes.SplitSeq(records, []byte("\n")) {
		if first == number {
			return line, nil
		}
		first++
	}
	return nil, nil
}

// Oldest is the number of the oldest record, 0 if there is none.
func (t Trail) Oldest() (number int64, err error) {
	err = t.DB.Row(qOldest, nil, &number)
	return number, err
}

// Last is the number of the newest record, 0 if there is none.
func (t Trail) Last() (number int64, err error) {
	var records []byte
	err = t.DB.Row(qRow, []any{int64(math.MaxInt64)}, &number, &records)
	if errors.Is(err, store.NoRow) {
		return 0, nil
	}
	return number + int64(bytes.Count(records, []byte("\n"))), err
}
