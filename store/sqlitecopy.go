package store

import (
	"context"
	"errors"
	"net/url"
	"os"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// copyStep is how many pages are copied before they are synced, 1 MiB of them. What is left for one
// sync at the end keeps the disk busy for a tenth of a second and more, and with it every commit.
const copyStep = 256

// copyTo holds the snapshot of from, which SQLite's backup keeps where the connection is in a
// transaction already.
func (s *sqlite) copyTo(ctx context.Context, from *connection, path string,
	each func(done, total int64)) (err error) {
	defer func() {
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || s.outOfSpace(err) {
			err = errors.Join(ErrFull, err)
		}
	}()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	options := url.Values{"mode": {"rw"}, "_journal_mode": {"OFF"}, "_synchronous": {"OFF"}}
	opened, err := new(sqlite3.SQLiteDriver).Open(
		(&url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}).String())
	if err != nil {
		return err
	}
	to := opened.(*sqlite3.SQLiteConn)
	defer func() { err = errors.Join(err, to.Close()) }()
	b, err := to.Backup("main", from.raw.(*sqlite3.SQLiteConn), "main")
	if err != nil {
		return err
	}
	for done := false; !done && err == nil; {
		if done, err = b.Step(copyStep); err == nil {
			err = file.Sync()
		}
		if err == nil {
			each(int64(b.PageCount()-b.Remaining()), int64(b.PageCount()))
			err = ctx.Err()
		}
	}
	if err = errors.Join(err, b.Finish()); err != nil {
		return err
	}
	// The first page says that there is a log, which is another's.
	if _, err = to.Exec("PRAGMA journal_mode = DELETE", nil); err != nil {
		return err
	}
	return file.Sync()
}
