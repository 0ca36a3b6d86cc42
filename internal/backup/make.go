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

	"github.com/go-json-experiment/json"
)

// Watch is told how far something is: how much of a stage is done, of how much.
type Watch func(s *Stage, done, total int64)

// Stage is a part of the work that takes its time.
type Stage struct {
	What string // that is counted, for people
	Unit int64  // how many of what a Watch is told make one of that
}

// The stages.
var (
	Copying  = &Stage{"MB copied", 1 << 20}
	Reading  = &Stage{"MB read", 1 << 20}
	Checking = &Stage{"tables checked", 1}
	Rows     = &Stage{"signed rows verified", 1}
	Writing  = &Stage{"MB written", 1 << 20}
)

// Making says what is to be backed up. All fields must be set.
type Making struct {
	Database string // path
	File     string // that the backup is made in; nothing may be there
	Version  string
	Commit   string
	Now      func() time.Time
	Watch    Watch

	// Sign has the token's authenticator sign a manifest, by [Sign].
	Sign func(ctx context.Context, manifest []byte) (mac []byte, err error)
}

// Make makes a backup. A server may be running on the database. If it fails there is no file, nor
// anything beside it.
func Make(ctx context.Context, c Making) (_ *Manifest, err error) {
	if err := absent(c.File); err != nil {
		return nil, err
	}
	db, err := store.OpenReader(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := room(filepath.Dir(c.File), db.Stats().Bytes); err != nil {
		return nil, err
	}
	// Under a name of its own until it is whole, so that nobody takes half of it for a backup.
	f, err := os.CreateTemp(filepath.Dir(c.File), filepath.Base(c.File)+".*.partial")
	if err != nil {
		return nil, fmt.Errorf("the backup can't be made in that directory: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	m := &Manifest{Format: format, Made: c.Now().UTC(), Version: c.Version, Commit: c.Commit}
	if err := m.fill(ctx, c, db, f); err != nil {
		return nil, err
	}
	text, err := json.Marshal(m, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	mac, err := c.Sign(ctx, text)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(seal(text, mac)); err != nil {
		return nil, full(err)
	}
	if err := f.Sync(); err != nil {
		return nil, full(err)
	}
	if err := absent(c.File); err != nil {
		return nil, err
	}
	if err := os.Rename(f.Name(), c.File); err != nil {
		return nil, err
	}
	return m, syncDir(filepath.Dir(c.File))
}

// fill copies the database into a file, and says what is in it. The file is left at its end.
func (m *Manifest) fill(ctx context.Context, c Making, db *store.DB, f *os.File) error {
	err := snapshot.Copy(ctx, c.Database, f.Name(), func(done, total int64) {
		share := float64(done) / float64(total) // a page may have any size
		c.Watch(Copying, int64(share*float64(db.Stats().Bytes)), db.Stats().Bytes)
	})
	if err != nil {
		return err
	}
	copied, err := store.OpenCopy(f.Name())
	if err != nil {
		return err
	}
	err = m.describe(ctx, copied)
	if err = errors.Join(err, copied.Close()); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	m.Size = info.Size()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	m.SHA256, err = digestOf(f, m.Size, nil, func(done int64) error {
		c.Watch(Reading, done, m.Size)
		return ctx.Err()
	})
	return err
}

// absent refuses to write over a file.
func absent(file string) error {
	_, err := os.Lstat(file)
	switch {
	case err == nil:
		return fmt.Errorf("%s %w, and isn't written over: name another", file, fs.ErrExist)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// room looks whether a directory's disk has room for so many bytes: where the database is on the
// same one, a backup that fills it would stop the server.
func room(dir string, bytes int64) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return fmt.Errorf("the backup can't be made in %s: %w", dir, err)
	}
	const left = 1 << 20 // for the manifest, and what is committed meanwhile
	if free := int64(s.Bavail) * s.Bsize; free < bytes+left {
		return fmt.Errorf("%w: the backup needs %d MB and there are %d in %s", store.ErrFull,
			(bytes+left)>>20, free>>20, dir)
	}
	return nil
}

// full says of an error that there is no room, where that is what it means.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return err
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
