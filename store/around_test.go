package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"
)

// aroundEngine is SQLite with a function around each COMMIT: it may hold it, let it fail, or claim
// that it failed.
type aroundEngine struct {
	*sqlite
	around func(commit func() error) error
	opened *atomic.Int64 // connections for writing
}

type aroundConn struct {
	*sqlite3.SQLiteConn
	engine aroundEngine
}

type aroundCommit struct {
	*sqlite3.SQLiteStmt
	engine aroundEngine
}

func (e aroundEngine) connect(ctx context.Context, r role) (driver.Conn, error) {
	c, err := e.sqlite.connect(ctx, r)
	if err != nil {
		return nil, err
	}
	if r == writing {
		e.opened.Add(1)
	}
	return aroundConn{c.(*sqlite3.SQLiteConn), e}, nil
}

func (e aroundEngine) alive(c driver.Conn) bool {
	return e.sqlite.alive(c.(aroundConn).SQLiteConn)
}

func (e aroundEngine) define(c driver.Conn, name string, function any) error {
	return e.sqlite.define(c.(aroundConn).SQLiteConn, name, function)
}

func (c aroundConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.SQLiteConn.PrepareContext(ctx, query)
	if err == nil && query == commit.text {
		stmt = aroundCommit{stmt.(*sqlite3.SQLiteStmt), c.engine}
	}
	return stmt, err
}

func (s aroundCommit) ExecContext(
	ctx context.Context, args []driver.NamedValue,
) (result driver.Result, err error) {
	err = s.engine.around(func() (err error) {
		result, err = s.SQLiteStmt.ExecContext(ctx, args)
		return err
	})
	return result, err
}

// OpenAround is [Open] with a function around each COMMIT. The database is nobody else's, so it
// takes no lock.
func OpenAround(ctx context.Context, c Config, around func(commit func() error) error) (
	*DB, error) {
	db, _, err := openAround(ctx, c, around)
	return db, err
}

func openAround(ctx context.Context, c Config, around func(commit func() error) error) (
	*DB, aroundEngine, error) {
	file, err := newSQLite(c.Path, true)
	if err != nil {
		return nil, aroundEngine{}, err
	}
	e := aroundEngine{sqlite: file, around: around, opened: new(atomic.Int64)}
	db := newDB(e)
	if err := db.start(ctx, c); err != nil {
		return nil, e, errors.Join(err, db.release())
	}
	return db, e, nil
}
