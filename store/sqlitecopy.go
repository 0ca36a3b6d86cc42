package store

import (
	"context"
	"errors"
	"fmt"
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
		if s.outOfSpace(err) {
			err = fmt.Errorf("%w: copying the database", ErrFull)
		}
		for _, no := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
			if errors.Is(err, no) {
				err = fmt.Errorf("%w: copying the database: %w", ErrFull, no)
			}
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
	if ended := b.Finish(); err == nil {
		err = ended // it says the same again
	}
	if err != nil {
		return errors.Join(err, nospace(file))
	}
	// The first page says that there is a log, which is another's.
	if _, err = to.Exec("PRAGMA journal_mode = DELETE", nil); err != nil {
		return err
	}
	return file.Sync()
}

// nospace is why the system takes no more of a file, if it doesn't. SQLite's backup keeps that for
// itself.
func nospace(f *os.File) error {
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(make([]byte, copyStep<<12), info.Size())
	}
	return err
}
