package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// sqlite is one database file, its write-ahead log beside it, and a lock file.
type sqlite struct {
	path   string // absolute
	frozen bool   // nobody writes to it: what others may have left beside it isn't looked at
}

// newSQLite makes sure that the file is there and is the owner's alone. SQLite gives its log and
// its shared memory the mode of the database.
func newSQLite(path string, create bool) (*sqlite, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if create {
		if err := createAlone(path); err != nil {
			return nil, err
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s has mode %04o, chmod 600 it", ErrExposed, path, mode)
	}
	return &sqlite{path: path}, nil
}

// createAlone creates an empty file with mode 0600 where there is none, and makes its name durable.
func createAlone(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer f.Close()
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

func (s *sqlite) migrations() string { return "sqlite" }

// lock takes flock(2) on PATH.lock, which ends with the process however it ends. It is
// not taken on the database itself: SQLite's own locks live there, and closing any
// descriptor of a file drops them.
func (s *sqlite) lock() (io.Closer, error) {
	f, err := os.OpenFile(s.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 20))
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: process %s holds %s.lock",
				ErrLocked, strings.TrimSpace(string(holder)), s.path)
		}
		return nil, fmt.Errorf("locking %s.lock: %w", s.path, err)
	}
	if err := f.Truncate(0); err == nil {
		f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // for people; the lock itself is what counts
	}
	return f, nil
}

// pragmas hold for every connection. Temporary tables stay in memory so that nothing of a row
// reaches another file; the schema is not trusted to call functions; checkpoints are the
// committer's to decide, and a log that one long reader let grow is cut when it starts over.
const pragmas = `
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
PRAGMA cache_size = -8192;
PRAGMA wal_autocheckpoint = 0;
PRAGMA journal_size_limit = 67108864;`

// rights are the system's reasons that a person mends by giving one.
var rights = []syscall.Errno{syscall.EACCES, syscall.EPERM, syscall.EROFS}

// connect sets what must hold on every connection. Nothing is left to defaults: the driver's own is
// synchronous=NORMAL, which loses acknowledged commits when the power goes.
func (s *sqlite) connect(_ context.Context, r role) (driver.Conn, error) {
	if r == blank {
		return new(sqlite3.SQLiteDriver).Open(":memory:")
	}
	options := url.Values{
		"mode": {"rw"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_foreign_keys": {"on"},
		"_secure_delete": {"on"}, "_busy_timeout": {"5000"}, "_recursive_triggers": {"on"},
	}
	if r == reading {
		options.Set("_query_only", "on")
	}
	if s.frozen {
		options = url.Values{"mode": {"ro"}, "immutable": {"1"}, "_query_only": {"on"}}
	}
	open := &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		_, err := c.Exec(pragmas, nil)
		return err
	}}
	c, err := open.Open((&url.URL{Scheme: "file", Path: s.path, RawQuery: options.Encode()}).String())
	var e sqlite3.Error
	if errors.As(err, &e) && slices.Contains(rights, e.SystemErrno) {
		return nil, fmt.Errorf("opening %s or a file beside it: %w", s.path, e.SystemErrno)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", s.path, err)
	}
	return c, nil
}

// define has functions for temporary triggers in mind: the schema itself is not trusted to call
// any.
func (s *sqlite) define(c driver.Conn, name string, function any) error {
	return c.(*sqlite3.SQLiteConn).RegisterFunc(name, function, false)
}

// alive asks sqlite3_get_autocommit, which is the one way to know whether an error took the
// transaction along.
func (s *sqlite) alive(c driver.Conn) bool {
	return !c.(*sqlite3.SQLiteConn).AutoCommit()
}

// verdict goes by the result codes of sqlite.org/rescode.html. A full disk or a constraint refuses
// a COMMIT for certain. After an I/O error the frames of the transaction may be in the log or not,
// and only a later commit over them, or the recovery of the log, decides.
func (s *sqlite) verdict(err error) verdict {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return failed
	}
	switch e.ExtendedCode {
	case sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintPrimaryKey, sqlite3.ErrConstraintRowID:
		return unique
	}
	switch e.Code {
	case sqlite3.ErrFull:
		return full
	case sqlite3.ErrBusy, sqlite3.ErrConstraint, sqlite3.ErrInterrupt, sqlite3.ErrReadonly:
		return refused
	}
	return failed
}

// outOfSpace looks at the system's own reason too: where SQLite can't make its log or its index, a
// full disk is an I/O error.
func (s *sqlite) outOfSpace(err error) bool {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.SystemErrno {
	case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
		return e.Code == sqlite3.ErrIoErr || e.Code == sqlite3.ErrCantOpen
	}
	return e.Code == sqlite3.ErrFull
}

// broken counts a damaged file, too: SQLite takes EIO of a read for one.
func (s *sqlite) broken(err error) bool {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case sqlite3.ErrIoErr, sqlite3.ErrCantOpen, sqlite3.ErrFull, sqlite3.ErrCorrupt, sqlite3.ErrNotADB,
		sqlite3.ErrNomem, sqlite3.ErrBusy, sqlite3.ErrProtocol:
		return true
	}
	return false
}

var (
	passive  = internal("PRAGMA wal_checkpoint(PASSIVE)")
	truncate = internal("PRAGMA wal_checkpoint(TRUNCATE)")
)

// checkpoint is a passive one: it never waits for a reader nor makes a writer wait.
func (s *sqlite) checkpoint(on *connection) (bool, error) {
	var busy, frames, moved int64
	err := on.row(passive, nil, []any{&busy, &frames, &moved})
	return err == nil && busy == 0 && frames == moved, err
}

// finish empties the log, so that the one file is the whole database and can be copied as it is.
func (s *sqlite) finish(on *connection) error {
	var busy, frames, moved int64
	return on.row(truncate, nil, []any{&busy, &frames, &moved})
}

func (s *sqlite) size() int64 {
	var total int64
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(s.path + suffix); err == nil {
			total += info.Size()
		}
	}
	return total
}
