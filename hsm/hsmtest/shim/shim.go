package shim

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"claviger/hsm"
)

// Shim is one module in front of SoftHSM2. Its methods may be called from several goroutines.
type Shim struct {
	t      testing.TB
	module string
	mu     sync.Mutex // held by who writes rules
	region *region
}

// New makes a module that does what SoftHSM2 does, until [Shim.Set] says otherwise. It is gone when
// the test has ended; then nobody may be inside it.
func New(t testing.TB) *Shim {
	t.Helper()
	behind, ok := hsm.FindSoftHSM()
	if !ok {
		t.Fatal("SoftHSM2 is not installed: run `make softhsm`")
	}
	built, err := library()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := &Shim{t: t, module: filepath.Join(dir, "shim.so")}
	own := filepath.Join(dir, "behind.so")
	if err := copyFile(s.module, built); err != nil {
		t.Fatal(err)
	}
	if err := copyFile(own, behind); err != nil {
		t.Fatal(err)
	}
	s.mapRules(s.module + ".rules")
	if len(own) >= pathBytes {
		t.Fatalf("%s is too long a path for the module", own)
	}
	copy(s.region.module[:], own)
	return s
}

// mapRules makes the file and maps it.
func (s *Shim) mapRules(path string) {
	s.t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	size := int(unsafe.Sizeof(region{}))
	if err := f.Truncate(int64(size)); err != nil {
		s.t.Fatal(err)
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_SHARED)
	if err != nil {
		s.t.Fatal(err)
	}
	s.region = (*region)(unsafe.Pointer(&b[0]))
	// A goroutine that a test left behind may still look at the counts: the memory stays, and
	// calls that hang go on.
	s.t.Cleanup(s.Clear)
}

// Module returns the path of the module.
func (s *Shim) Module() string { return s.module }

// Set has these rules hold from now on, and no others. Their counts begin anew. Calls that hang go
// on hanging.
func (s *Shim) Set(rules ...Rule) {
	s.t.Helper()
	if len(rules) > mostRules {
		s.t.Fatalf("%d rules, and %d are the most", len(rules), mostRules)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.region.sequence.Add(1) // odd: whoever reads now reads again
	for i, r := range rules {
		r.put(s.t, &s.region.rules[i])
	}
	s.region.count.Store(uint64(len(rules)))
	s.region.sequence.Add(1)
}

// Clear takes all rules away and lets calls that hang go on. Objects that were lost and a login
// that was forgotten stay so.
func (s *Shim) Clear() {
	s.Set()
	s.Lanes(0)
	s.Release()
}

// Release lets the calls go on that hang at this moment.
func (s *Shim) Release() { s.region.released.Add(1) }

// Lanes bounds how many calls are at work at once, delays included; the others wait for their turn
// in no order. 0 is no bound, as it is at first.
func (s *Shim) Lanes(n int) { s.region.lanes.Store(uint64(n)) }

// Calls returns how often a function was called so far, and without a name how often any was. What
// was answered without a true call counts.
func (s *Shim) Calls(functions ...string) (n uint64) {
	s.t.Helper()
	for _, name := range functions {
		n += s.region.calls[number(s.t, name)].Load()
	}
	if functions == nil {
		for i := range s.region.calls {
			n += s.region.calls[i].Load()
		}
	}
	return n
}

// Applied returns how often the i-th rule of the last Set was followed.
func (s *Shim) Applied(i int) uint64 {
	r := &s.region.rules[i]
	if n := r.applied.Load(); r.times == 0 || n <= r.times {
		return n
	}
	return r.times
}

// Bound returns the session that the i-th rule was bound to by OneSession; 0 while there is none.
func (s *Shim) Bound(i int) uint64 { return s.region.rules[i].bound.Load() }

// Hanging returns how many calls hang at this moment.
func (s *Shim) Hanging() int { return int(s.region.hanging.Load()) }

// Opened returns how many sessions were opened so far: the last one's number.
func (s *Shim) Opened() uint64 { return s.region.sessions.Load() }
