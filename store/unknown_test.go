package store

import (
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"claviger/internal/fault"

	"github.com/mattn/go-sqlite3"
)

// unsure is a COMMIT that can be told to report an I/O error, and to reach the disk or not to.
type unsure struct {
	breakNext atomic.Bool // it reaches the disk
	loseNext  atomic.Bool // it doesn't
}

func (u *unsure) around(commit func() error) error {
	if u.loseNext.Swap(false) {
		return sqlite3.Error{Code: sqlite3.ErrIoErr}
	}
	err := commit()
	if err == nil && u.breakNext.Swap(false) {
		return sqlite3.Error{Code: sqlite3.ErrIoErr}
	}
	return err
}

// startUnsure opens a database whose COMMIT is one, and returns how many connections for writing
// there were.
func startUnsure(t *testing.T, migrations fs.FS) (u *unsure, db *DB, opened *atomic.Int64) {
	t.Helper()
	u = new(unsure)
	db, e, err := openAround(t.Context(), Config{Path: filepath.Join(t.TempDir(), "db"),
		Log: slog.New(slog.DiscardHandler), Migrations: migrations}, u.around)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return u, db, e.opened
}

// When nobody knows how a COMMIT ended, its requests hear that they must look for themselves, and
// none is run again: what was there already would be there twice. Caches are dropped, for the
// change may be there. The connection goes, and another one serves.
func TestCommit_OutcomeUnknown_IsNotRunAgain(t *testing.T) {
	e, db, opens := startUnsure(t, withThings)
	if err := db.Commit(nil, recordOf("create")); err != nil {
		t.Fatal(err)
	}
	opened := opens.Load()
	var runs, hooks atomic.Int64
	for i, err := range inOneBatch(db, 4, func(i int) error {
		name := fmt.Sprint("thing-", i)
		return db.Commit(func(tx *Tx) error {
			runs.Add(1)
			e.breakNext.Store(true)
			tx.After(func() { hooks.Add(1) })
			return fill(name, 10)(tx)
		}, recordOf(name))
	}) {
		if fault.Of(err) == nil || fault.Of(err).Kind != fault.Uncertain {
			t.Errorf("request %d was answered %v", i, err)
		}
	}
	if runs.Load() != 4 || hooks.Load() != 4 {
		t.Errorf("4 requests ran %d times, and %d functions were called", runs.Load(), hooks.Load())
	}
	for deadline := time.Now().Add(time.Minute); db.Ready() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the store did not recover: ", db.Ready())
		}
	}
	if opens.Load() == opened {
		t.Error("the connection of unknown outcome is still in use")
	}
	if err := db.Commit(fill("after", 10), recordOf("after")); err != nil {
		t.Error(err)
	}
	if things, lines := contents(t, db); things != 5 || len(lines) != 6 {
		t.Errorf("there are %d things and the records %v", things, lines)
	}
}
