// Package snapshot copies a SQLite database as it is at one moment, while others write to it.
//
// The moment is held by a read transaction that lasts until the end. SQLite's own shell lets go of
// it between the steps of its .backup, and begins again whenever somebody has committed.
package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"syscall"

	"claviger/store"

	"github.com/mattn/go-sqlite3"
)

// step is how many pages are copied before they are synced, 1 MiB of them. What is left for one
// sync at the end keeps the disk busy for a tenth of a second and more, and with it every commit.
const step = 256

// Copy writes what is committed at one moment to the file at path, which is there and empty, as a
// database of its own that needs nothing beside it. Commits and reads go on meanwhile; the log
// grows by what is committed. each is told after every step how many of how many pages are copied.
// The file is of no use if Copy fails. No room for it is [store.ErrFull].
func Copy(ctx context.Context, database, path string, each func(done, total int64)) (err error) {
	defer func() { err = full(err) }()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	from, err := open(database, url.Values{"_query_only": {"on"}, "_busy_timeout": {"5000"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := open(path, url.Values{"_journal_mode": {"OFF"}, "_synchronous": {"OFF"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	// A transaction begins with what it reads first. SQLite's backup keeps one that is there.
	const hold = "PRAGMA wal_autocheckpoint = 0; BEGIN; SELECT count(*) FROM sqlite_schema"
	if _, err := from.Exec(hold, nil); err != nil {
		return err
	}
	b, err := to.Backup("main", from, "main")
	if err != nil {
		return err
	}
	for done := false; !done && err == nil; {
		if done, err = b.Step(step); err == nil {
			err = file.Sync()
		}
		if err == nil {
			each(int64(b.PageCount()-b.Remaining()), int64(b.PageCount()))
			err = ctx.Err()
		}
	}
	if ended := b.Finish(); err == nil {
		err = ended // it says the same again
	}
	if err != nil {
		return errors.Join(err, refusal(file))
	}
	// The first page says that there is a log, which is another's.
	if _, err = to.Exec("PRAGMA journal_mode = DELETE", nil); err != nil {
		return err
	}
	return file.Sync()
}

// Settle moves the log of a database that nobody has open into its file, so that this one file is
// the whole database. It may fail where the database is damaged; then the log is as it was.
func Settle(path string) error {
	c, err := open(path, url.Values{"_synchronous": {"FULL"}})
	if err != nil {
		return err
	}
	_, err = c.Exec("PRAGMA wal_checkpoint(TRUNCATE)", nil)
	return errors.Join(err, c.Close())
}

func open(path string, options url.Values) (*sqlite3.SQLiteConn, error) {
	options.Set("mode", "rw")
	c, err := new(sqlite3.SQLiteDriver).Open(
		(&url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return c.(*sqlite3.SQLiteConn), nil
}

// full says of an error that there is no room, where that is what it means.
func full(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) && e.Code == sqlite3.ErrFull {
		return fmt.Errorf("%w: copying the database", store.ErrFull)
	}
	for _, no := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, no) {
			return fmt.Errorf("%w: copying the database: %w", store.ErrFull, no)
		}
	}
	return err
}

// refusal is why the system takes no more of a file, if it doesn't. SQLite's backup keeps that for
// itself.
func refusal(f *os.File) error {
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(make([]byte, step<<12), info.Size())
	}
	return err
}
