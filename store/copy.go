package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// Copy writes what is committed at one moment to the file at path, which is there and empty, as a
// database of its own that needs nothing beside it. Commits and reads go on meanwhile; the log
// grows by what is committed. each is told after every step how many of how many pages are copied.
// The file is of no use if Copy fails. No room for it is [ErrFull].
//
// The moment is held by a transaction that lasts until the end. SQLite's own shell lets go of it
// between its steps, and begins again whenever somebody has committed.
func (db *DB) Copy(ctx context.Context, path string, each func(done, total int64)) (err error) {
	conn, err := newConnection(ctx, db.engine, reading)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer func() { err = errors.Join(err, conn.close()) }()
	if _, err := conn.exec(beginReading); err != nil {
		return err
	}
	if err = db.pool.schema.inspect(conn); err == nil {
		err = db.engine.copyTo(ctx, conn, path, each)
	}
	_, ended := conn.exec(rollback)
	return errors.Join(err, ended)
}

// OpenCopy opens what [DB.Copy] has made, for reading. Nobody may write to the file meanwhile. What
// follows the last page of the database in it is not looked at. It fails with [ErrOlder] or
// [ErrNewer] where the schema isn't this program's, and takes the file whoever can read it.
func OpenCopy(path string) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return readerOf(&sqlite{path: path, frozen: true}, nil)
}

// Settle moves the log of a database that nobody has open into its file, so that this one file is
// the whole database. It may fail where the database is damaged; then the log is as it was.
func Settle(path string) (err error) {
	e, err := newSQLite(path, false)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	conn, err := newConnection(context.Background(), e, writing)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return errors.Join(e.finish(conn), conn.close())
}

// Lock keeps servers away from the database at path until it is closed, or says [ErrLocked] at
// once.
func Lock(path string) (io.Closer, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return (&sqlite{path: path}).lock()
}
