package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"claviger/store"
	"claviger/store/snapshot"
)

// Placing says what is put where. All fields must be set.
type Placing struct {
	Backup   *Manifest // of a backup that was checked
	File     string    // its file
	Database string    // in whose place it is put; the caller holds its lock
	Now      time.Time
	Watch    Watch

	// Record opens the database at path as a server does, and stores a record in its trail.
	Record func(path string) error
}

// Put puts a backup in a database's place, and returns under which name that one is kept; "" if
// there was none. At each moment there is the one or the other, whole. If it fails there is the one
// that was.
func Put(ctx context.Context, p Placing) (kept string, err error) {
	// Where it is a link, its log is beside what it leads to, and so is what takes its place.
	if real, err := filepath.EvalSymlinks(p.Database); err == nil {
		p.Database = real
	}
	next := p.Database + ".restoring"
	remove(next) // of a restore that was broken off
	defer func() {
		if err != nil {
			remove(next)
		}
	}()
	if err := p.write(ctx, next); err != nil {
		return "", full(err)
	}
	if err := p.Record(next); err != nil {
		return "", err
	}
	if err := own(next, p.Database); err != nil {
		return "", err
	}
	if err := os.Remove(next + ".lock"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := syncFile(next); err != nil {
		return "", full(err)
	}
	return p.exchange(next)
}

// beside are the files that SQLite has next to a database, and ours.
var beside = []string{"", "-wal", "-shm", "-journal", ".lock"}

// remove removes a database that nobody has open.
func remove(path string) {
	for _, suffix := range beside {
		os.Remove(path + suffix)
	}
}

// write copies the database out of the backup. What is copied is what its manifest says, whatever
// has become of the file since it was checked.
func (p Placing) write(ctx context.Context, next string) (err error) {
	from, err := os.Open(p.File)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(next, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("the database can't be written: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	sum, err := digestOf(from, p.Backup.Size, to, func(done int64) error {
		p.Watch(Writing, done, p.Backup.Size)
		return ctx.Err()
	})
	if err == nil && sum != p.Backup.SHA256 {
		err = errDigest
	}
	return err
}

// Lock keeps servers away from a database until it is closed, or says [store.ErrLocked] at once.
func Lock(database string) (io.Closer, error) {
	lock, err := store.Lock(database)
	if err != nil {
		return nil, err
	}
	if err := own(database+".lock", database); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// own gives a file to whoever has the database, or the directory that it lies in: what root
// restores is to be the service's.
func own(path, database string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(database)
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(database))
	}
	if err != nil {
		return err
	}
	s := info.Sys().(*syscall.Stat_t)
	return os.Chown(path, int(s.Uid), int(s.Gid))
}

// exchange keeps the database that is there under another name and puts next in its place.
func (p Placing) exchange(next string) (kept string, err error) {
	there := true
	if _, err := os.Lstat(p.Database); errors.Is(err, fs.ErrNotExist) {
		there = false
	}
	if there {
		// If it fails the database is damaged, and its log goes where it goes.
		_ = snapshot.Settle(p.Database)
	}
	moved, err := p.aside()
	if err == nil && there {
		if err = os.Link(p.Database, p.kept()); err == nil {
			kept = p.kept()
		}
	}
	if err == nil {
		err = os.Rename(next, p.Database)
	}
	if err == nil {
		return kept, syncDir(filepath.Dir(p.Database))
	}
	if kept != "" {
		os.Remove(kept)
	}
	return "", errors.Join(err, moved.back())
}

// kept is the name under which the database is kept.
func (p Placing) kept() string {
	return p.Database + ".before-restore-" + p.Now.UTC().Format("20060102T150405Z")
}

// moves are files that were moved, each from where to where.
type moves [][2]string

// aside moves what lies beside the database, before anything else is in its place: SQLite takes any
// log with the right name for the database's own. The index of a log is made anew. What was kept
// before stays.
func (p Placing) aside() (done moves, err error) {
	if err := absent(p.kept()); err != nil {
		return nil, err
	}
	if err := os.Remove(p.Database + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, suffix := range []string{"-wal", "-journal"} {
		from, to := p.Database+suffix, p.kept()+suffix
		err := os.Rename(from, to)
		if err == nil {
			done = append(done, [2]string{from, to})
		} else if !errors.Is(err, fs.ErrNotExist) {
			return done, err
		}
	}
	return done, syncDir(filepath.Dir(p.Database))
}

// back undoes it.
func (m moves) back() (err error) {
	for _, move := range m {
		err = errors.Join(err, os.Rename(move[1], move[0]))
	}
	return err
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
