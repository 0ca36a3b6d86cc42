package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"claviger/store"
)

const ofTheWhole = "a backup is of everything"

var (
	qTables = store.Wide(`SELECT name FROM sqlite_schema
		WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`, ofTheWhole)
	qInstallation = store.Wide(`SELECT id, root FROM installation`, ofTheWhole)
	qBatch        = store.Wide(`SELECT at, records FROM trail WHERE batch = $1`, ofTheWhole)
	qIntegrity    = store.Wide(`SELECT integrity_check FROM pragma_integrity_check($1)`, ofTheWhole)
	qDue          = store.Wide(`SELECT kind, count(*) FROM jobs WHERE due <= $1
		GROUP BY kind ORDER BY kind`, ofTheWhole)
)

// texts reads the one column of a query.
func texts(db *store.DB, q *store.Query, args ...any) (all []string, err error) {
	err = db.Rows(q, args, func(scan func(...any) error) error {
		var text string
		err := scan(&text)
		all = append(all, text)
		return err
	})
	return all, err
}

// describe fills in what a database itself tells. Its schema is known to be the program's.
func (m *Manifest) describe(ctx context.Context, db *store.DB) (err error) {
	if m.Schema, err = db.Schema(); err != nil {
		return err
	}
	err = db.Row(qInstallation, nil, &m.Installation, &m.Root)
	if errors.Is(err, store.NoRow) {
		return errors.New("the database holds no installation, so that there is nothing to back up")
	}
	if err != nil {
		return err
	}
	tables, err := texts(db, qTables)
	if err != nil {
		return err
	}
	m.Rows = map[string]int64{}
	for _, table := range tables {
		var n int64
		if err := db.Row(store.Wide("SELECT count(*) FROM "+table, ofTheWhole), nil, &n); err != nil {
			return err
		}
		m.Rows[table] = n
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	m.Trail, err = endOf(db)
	return err
}

// endOf is the newest batch of a database's trail.
func endOf(db *store.DB) (End, error) {
	batch, err := db.TrailEnd()
	if err != nil || batch == 0 {
		return End{}, err
	}
	return BatchOf(db, batch)
}

// BatchOf returns a batch of a database's trail as an End, or [store.NoRow].
func BatchOf(db *store.DB, batch int64) (End, error) {
	var at int64
	var records []byte
	if err := db.Row(qBatch, []any{batch}, &at, &records); err != nil {
		return End{}, err
	}
	sum := sha256.Sum256(append(fmt.Appendf(nil, "%d %d ", batch, at), records...))
	return End{Batch: batch, Record: batch + int64(bytes.Count(records, []byte("\n"))),
		At: time.UnixMicro(at).UTC(), SHA256: hex.EncodeToString(sum[:])}, nil
}

// same reports whether two ends are of one trail. A time may have gone through JSON.
func (e End) same(other End) bool { return e.Batch == other.Batch && e.SHA256 == other.SHA256 }

// integrity has SQLite look at every page, table by table.
func integrity(ctx context.Context, db *store.DB, each func(done, total int64)) error {
	tables, err := texts(db, qTables)
	if err != nil {
		return err
	}
	for i, table := range tables {
		found, err := texts(db, qIntegrity, table)
		if err != nil {
			return err
		}
		if len(found) != 1 || found[0] != "ok" {
			return fmt.Errorf("%w: table %s was damaged before it was made: %q. Take an older one",
				ErrUnfit, table, found)
		}
		each(int64(i+1), int64(len(tables)))
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
