package disk

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// Function is a kind of call: pwrite is a Write, and fdatasync is a Sync.
type Function uint32

// The functions, in the library's order.
const (
	Open Function = iota
	Read
	Write
	Truncate
	Sync
	Unlink
	Rename
	functions
)

// String returns the name of the system's call.
func (f Function) String() string {
	return [...]string{"open", "read", "write", "ftruncate", "fsync", "unlink", "rename"}[f]
}

// File is what a call is about, which is told from the end of its name.
type File uint32

// The files, in the library's order. Directory is the observed one itself.
const (
	Any File = iota
	Database
	WAL
	SharedMemory
	Journal
	Directory
	files
)

// String returns a word for a person.
func (f File) String() string {
	return [...]string{"any file", "database", "log", "shared memory", "journal", "directory"}[f]
}

// Rule says which calls fail, and how. They are counted from when the rule is set, from 1.
type Rule struct {
	Function Function
	File     File
	Errno    syscall.Errno
	Short    bool   // of Write: half of the bytes are written, and the call says so; no Errno
	From     uint64 // the first call that fails; 0 is 1
	Every    uint64 // and each so many after it: 1 is all from then on, 0 is no more
	Times    uint64 // the most that fail; 0 is any number
}

// mostRules is how many rules there can be at once.
const mostRules = 16

type rule struct {
	function, file, errno, short uint32
	from, every, times           uint64
	seen, done                   atomic.Uint64
}

// control is the mapped file. The library has the same structure.
type control struct {
	position   atomic.Uint64
	hold, held atomic.Uint32
	syncDelay  atomic.Uint64
	active, _  atomic.Uint32
	calls      [functions][files]atomic.Uint64
	rules      [mostRules]rule
}

// Disk is a directory whose files are written by a process under the library. Its methods may be
// called while the process runs, from one goroutine but for Position and Calls.
type Disk struct {
	t       testing.TB
	dir     string // without symbolic links, as SQLite names its files
	library string
	own     string // where control and log lie
	shared  *control
	log     string // path of the log; empty if nothing is recorded
	base    map[string][]byte
}

// New prepares the library for a directory, which must be there. Several processes may run under it
// one after the other, and see the same rules and counts.
func New(t testing.TB, dir string) *Disk {
	t.Helper()
	d := &Disk{t: t}
	var err error
	if d.library, err = Build(); err != nil {
		t.Fatal(err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		t.Fatal(err)
	}
	if d.dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	root := "/dev/shm" // the log would be written twice as slowly elsewhere
	if _, err := os.Stat(root); err != nil {
		root = ""
	}
	if d.own, err = os.MkdirTemp(root, "claviger-disk-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(d.own) })
	if err := d.share(); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *Disk) controlPath() string { return filepath.Join(d.own, "control") }

// share makes the control file and maps it.
func (d *Disk) share() error {
	f, err := os.OpenFile(d.controlPath(), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	size := int(unsafe.Sizeof(control{}))
	if err := f.Truncate(int64(size)); err != nil {
		return err
	}
	mapped, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_SHARED)
	if err != nil {
		return err
	}
	d.t.Cleanup(func() { _ = syscall.Munmap(mapped) })
	d.shared = (*control)(unsafe.Pointer(&mapped[0]))
	return nil
}

// Env returns the variables that put a process under the library.
func (d *Disk) Env() []string {
	env := []string{"LD_PRELOAD=" + d.library, "CLAVIGER_DISK_DIR=" + d.dir,
		"CLAVIGER_DISK_CONTROL=" + d.controlPath()}
	if d.log != "" {
		env = append(env, "CLAVIGER_DISK_LOG="+d.log)
	}
	return env
}

// Set replaces all rules.
func (d *Disk) Set(rules ...Rule) {
	d.t.Helper()
	if len(rules) > mostRules {
		d.t.Fatalf("%d rules, and there is room for %d", len(rules), mostRules)
	}
	d.Clear()
	for i, r := range rules {
		to := &d.shared.rules[i]
		to.function, to.file, to.errno = uint32(r.Function), uint32(r.File), uint32(r.Errno)
		to.short = 0
		if r.Short {
			to.short = 1
		}
		to.from, to.every, to.times = max(r.From, 1), r.Every, r.Times
		to.seen.Store(0)
		to.done.Store(0)
	}
	d.shared.active.Store(uint32(len(rules)))
}

// Clear ends all rules.
func (d *Disk) Clear() { d.shared.active.Store(0) }

// Failed returns how many calls the rules have made fail since they were set.
func (d *Disk) Failed() (n uint64) {
	for i := range d.shared.rules {
		r := &d.shared.rules[i]
		done := r.done.Load()
		if r.times > 0 {
			done = min(done, r.times)
		}
		n += done
	}
	return n
}

// Hold lets no sync return until Release.
func (d *Disk) Hold() { d.shared.hold.Store(1) }

// Release ends Hold.
func (d *Disk) Release() { d.shared.hold.Store(0) }

// Held returns how many syncs wait for Release.
func (d *Disk) Held() int { return int(d.shared.held.Load()) }

// SlowSyncs makes every sync take so much longer.
func (d *Disk) SlowSyncs(by time.Duration) { d.shared.syncDelay.Store(uint64(by)) }

// Calls returns how many calls of a function there were, those that failed included.
func (d *Disk) Calls(f Function, of File) uint64 { return d.shared.calls[f][of].Load() }

// Position returns how far the log is. What was promised to be durable before this call is in the
// log before the position.
func (d *Disk) Position() int64 { return int64(d.shared.position.Load()) }
