package store

import (
	"context"
	"database/sql/driver"
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

// unsureEngine is SQLite whose COMMIT can be told to report an I/O error, and to reach the disk or
// not to.
type unsureEngine struct {
	*sqlite
	breakNext *atomic.Bool  // it reaches the disk
	loseNext  *atomic.Bool  // it doesn't
	opened    *atomic.Int64 // connections for writing
}

type unsureConn struct {
	*sqlite3.SQLiteConn
	engine unsureEngine
}

type unsureCommit struct {
	*sqlite3.SQLiteStmt
	engine unsureEngine
}

func (d unsureEngine) connect(ctx context.Context, r role) (driver.Conn, error) {
	c, err := d.sqlite.connect(ctx, r)
	if err != nil {
		return nil, err
	}
	if r == writing {
		d.opened.Add(1)
	}
	return unsureConn{c.(*sqlite3.SQLiteConn), d}, nil
}

func (d unsureEngine) alive(c driver.Conn) bool {
	return d.sqlite.alive(c.(unsureConn).SQLiteConn)
}

func (d unsureEngine) define(c driver.Conn, name string, function any) error {
	return d.sqlite.define(c.(unsureConn).SQLiteConn, name, function)
}

func (c unsureConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.SQLiteConn.PrepareContext(ctx, query)
	if err == nil && query == commit.text {
		stmt = unsureCommit{stmt.(*sqlite3.SQLiteStmt), c.engine}
	}
	return stmt, err
}

func (s unsureCommit) ExecContext(
	ctx context.Context, args []driver.NamedValue,
) (driver.Result, error) {
	if s.engine.loseNext.Swap(false) {
		return nil, sqlite3.Error{Code: sqlite3.ErrIoErr}
	}
	result, err := s.SQLiteStmt.ExecContext(ctx, args)
	if err == nil && s.engine.breakNext.Swap(false) {
		return nil, sqlite3.Error{Code: sqlite3.ErrIoErr}
	}
	return result, err
}

// startUnsure opens a database with such an engine.
func startUnsure(t *testing.T, migrations fs.FS) (unsureEngine, *DB) {
	t.Helper()
	file, err := newSQLite(filepath.Join(t.TempDir(), "db"), true)
	if err != nil {
		t.Fatal(err)
	}
	e := unsureEngine{sqlite: file, breakNext: new(atomic.Bool), loseNext: new(atomic.Bool),
		opened: new(atomic.Int64)}
	db := &DB{engine: e, stopped: make(chan struct{})}
	if err := db.start(t.Context(), Config{Log: slog.New(slog.DiscardHandler),
		Migrations: migrations}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.shut() })
	return e, db
}

// When nobody knows how a COMMIT ended, its requests hear that they must look for themselves, and
// none is run again: what was there already would be there twice. Caches are dropped, for the
// change may be there. The connection goes, and another one serves.
func TestCommit_OutcomeUnknown_IsNotRunAgain(t *testing.T) {
	e, db := startUnsure(t, withThings)
	if err := db.Commit(nil, recordOf("create")); err != nil {
		t.Fatal(err)
	}
	opened := e.opened.Load()
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
		if fault.Of(err) == nil || fault.Of(err).Kind != fault.Unavailable {
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
	if e.opened.Load() == opened {
		t.Error("the connection of unknown outcome is still in use")
	}
	if err := db.Commit(fill("after", 10), recordOf("after")); err != nil {
		t.Error(err)
	}
	if things, lines := contents(t, db); things != 5 || len(lines) != 6 {
		t.Errorf("there are %d things and the records %v", things, lines)
	}
}
