package export

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sys/unix"
)

// stateFile is where an export keeps how far it is. Its name is none that a bucket's object has.
const stateFile = ".claviger-export.json"

// state is how far an export is: enough for the next one to go on.
type state struct {
	Trail  Trail      `json:"trail"`
	Batch  int64      `json:"batch"` // the newest that is in the files; 0: none
	At     int64      `json:"at"`    // when it was committed, in microseconds since 1970
	Start  time.Time  `json:"start"` // of the next digests; zero: nothing was exported yet
	Chains []chainEnd `json:"chains"`
}

// chainEnd is the newest digest of an account and Region.
type chainEnd struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Newest  *Link  `json:"newest"` // nil: the next is the first
}

// files is a directory that an export writes to.
type files struct {
	dir   string
	lock  *os.File
	dirty map[string]bool // directories with names that aren't durable yet
}

// openFiles takes a directory, for one export at a time.
func openFiles(dir string) (*files, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another export writes to %s: %w", dir, err), lock.Close())
	}
	return &files{dir: dir, lock: lock, dirty: map[string]bool{}}, nil
}

func (f *files) close() error { return f.lock.Close() }

// load returns how far the export is that the directory holds.
func (f *files) load(t Trail) (s state, err error) {
	text, err := os.ReadFile(filepath.Join(f.dir, stateFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return state{Trail: t}, nil
	case err != nil:
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("%s: %w", filepath.Join(f.dir, stateFile), err)
	}
	if s.Trail != t {
		return s, fmt.Errorf("%w: it is %s in the bucket %s", errAnother, s.Trail.ARN(),
			s.Trail.Bucket)
	}
	return s, nil
}

// save remembers how far the export is, once all that was written is durable.
func (f *files) save(s state) error {
	text, err := json.Marshal(s, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	if err := f.sync(); err != nil {
		return err
	}
	if err := f.write(stateFile, append(text, '\n')); err != nil {
		return err
	}
	return f.sync()
}

// sync makes names durable.
func (f *files) sync() error {
	for dir := range f.dirty {
		if err := syncDirectory(dir); err != nil {
			return err
		}
	}
	clear(f.dirty)
	return nil
}

// write puts a file in its place, whole or not at all. Its name is durable after sync.
func (f *files) write(name string, content []byte) (err error) {
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for above := dir; !f.dirty[above] && len(above) >= len(f.dir); above = filepath.Dir(above) {
		f.dirty[above] = true
	}
	temporary, err := os.CreateTemp(dir, ".part-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temporary.Name())
		}
	}()
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Sync(), temporary.Close())
	if err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
