package store

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"claviger/internal/fault"

	"github.com/mattn/go-sqlite3"
)

// heldDisk is one whose fsync can be held.
type heldDisk struct {
	held atomic.Pointer[chan struct{}] // closed to let go; nil: nothing is held
	fail atomic.Bool                   // what was held fails then, and nobody knows
	log  lockedBuffer
}

// lockedBuffer is a log that can be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (d *heldDisk) hold() (free func()) {
	c := make(chan struct{})
	d.held.Store(&c)
	return sync.OnceFunc(func() { d.held.Store(nil); close(c) })
}

func (d *heldDisk) around(commit func() error) error {
	if c := d.held.Load(); c != nil {
		<-*c
		if d.fail.Load() {
			return sqlite3.Error{Code: sqlite3.ErrIoErr}
		}
	}
	return commit()
}

// onHeldDisk runs a test in a bubble of package synctest, where the seconds of a hanging disk pass
// at once.
func onHeldDisk(t *testing.T, test func(t *testing.T, d *heldDisk, db *DB)) {
	synctest.Test(t, func(t *testing.T) {
		d := new(heldDisk)
		db, err := OpenAround(t.Context(), Config{Path: filepath.Join(t.TempDir(), "db"),
			Log: slog.New(slog.NewTextHandler(&d.log, nil)), Migrations: withThings}, d.around)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		test(t, d, db)
	})
}

// answer is what a Commit was told, and when.
type answer struct {
	err   error
	after time.Duration
}

func (a answer) kind() fault.Kind {
	if f := fault.Of(a.err); f != nil {
		return f.Kind
	}
	return fault.DryRun // none that the store has
}

// commits has things committed one after another, none waiting for those before it.
func commits(db *DB, names ...string) func() []answer {
	answers := make([]answer, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			start := time.Now()
			err := db.Commit(fill(name, 10), recordOf(name))
			answers[i] = answer{err, time.Since(start)}
		})
		synctest.Wait()
	}
	return func() []answer { wg.Wait(); return answers }
}

// TestCommit_DiskHangs_EndsInTime: those whose COMMIT doesn't come back hear that nobody knows,
// those who wait behind them that nothing was done, who comes later at once. Reads go on. The log
// says it once. When the disk answers again, what it had taken is there.
func TestCommit_DiskHangs_EndsInTime(t *testing.T) {
	onHeldDisk(t, func(t *testing.T, d *heldDisk, db *DB) {
		free := d.hold()
		first := commits(db, "first")
		others := commits(db, "second", "third")
		if err := db.Ready(); err != nil {
			t.Error("before anybody can know: ", err)
		}
		time.Sleep(hangAfter + time.Second)
		if err := db.Ready(); !errors.Is(err, ErrHangs) {
			t.Errorf("after %s Ready says %v", hangAfter, err)
		}
		for i, a := range others() {
			if a.kind() != fault.Unavailable || a.after != hangAfter {
				t.Errorf("behind it, %d was told %v after %s", i, a.err, a.after)
			}
		}
		for range 100 {
			if a := commits(db, "later")()[0]; a.kind() != fault.Unavailable || a.after != 0 {
				t.Fatalf("who came later was told %v after %s", a.err, a.after)
			}
		}
		if a := first()[0]; a.kind() != fault.Uncertain || a.after != giveUpAfter {
			t.Errorf("those of the batch were told %v after %s", a.err, a.after)
		}
		if things, lines := contents(t, db); things != 0 || len(lines) != 0 {
			t.Errorf("a read sees %d things and %v, of which nobody knows yet", things, lines)
		}
		time.Sleep(100 * time.Second)
		if n := strings.Count(d.log.String(), "level=ERROR"); n != 2 {
			t.Errorf("the log has %d errors:\n%s", n, d.log.String())
		}
		if s := db.Stats(); s.Hangs != 1 || s.Uncertain != 1 {
			t.Errorf("Stats has %+v", s)
		}
		free()
		synctest.Wait()
		if err := db.Ready(); err != nil {
			t.Error("the disk answers again, and Ready says ", err)
		}
		if things, lines := contents(t, db); things != 1 || len(lines) != 1 || lines[0] != "first true" {
			t.Errorf("there are %d things and %v", things, lines)
		}
		if err := db.Commit(fill("after", 10), recordOf("after")); err != nil {
			t.Error(err)
		}
	})
}

// TestCommit_DiskHangsAndAnswers_DropsCaches of what was told to be unknown: a cache that was
// filled meanwhile, with what was before, doesn't answer afterwards.
func TestCommit_DiskHangsAndAnswers_DropsCaches(t *testing.T) {
	for name, fails := range map[string]bool{"it is there": false, "it failed": true} {
		t.Run(name, func(t *testing.T) {
			onHeldDisk(t, func(t *testing.T, d *heldDisk, db *DB) {
				d.fail.Store(fails)
				free := d.hold()
				defer free()
				var dropped atomic.Bool
				err := db.Commit(func(tx *Tx) error {
					tx.After(func() { dropped.Store(true) })
					return fill("thing", 10)(tx)
				}, recordOf("thing"))
				if fault.Of(err).Kind != fault.Uncertain || dropped.Load() {
					t.Fatalf("told %v; caches dropped: %t", err, dropped.Load())
				}
				free()
				time.Sleep(time.Second)
				if !dropped.Load() {
					t.Error("no cache was dropped")
				}
				if err := db.Ready(); err != nil {
					t.Error("a second later Ready says ", err)
				}
				things, lines := contents(t, db)
				if want := map[bool]int{false: 1, true: 0}[fails]; things != want || len(lines) != want {
					t.Errorf("there are %d things and %v", things, lines)
				}
				again := db.Commit(fill("thing", 10), recordOf("again"))
				if errors.Is(again, Exists) == fails {
					t.Error("the same again was told ", again)
				}
			})
		})
	}
}

// TestClose_DiskHangs_EndsInTime, and says what it leaves.
func TestClose_DiskHangs_EndsInTime(t *testing.T) {
	for name, before := range map[string]time.Duration{
		"just now": 0, "before anybody was told": 7 * time.Second, "for long": time.Minute} {
		t.Run(name, func(t *testing.T) {
			onHeldDisk(t, func(t *testing.T, d *heldDisk, db *DB) {
				free := d.hold()
				waits := commits(db, "first")
				time.Sleep(before)
				start := time.Now()
				err := db.Close()
				if took := time.Since(start); !errors.Is(err, ErrHangs) || took > hangAfter+leaveAfter+
					time.Second {
					t.Errorf("Close returned %v after %s", err, took)
				}
				if a := waits()[0]; a.kind() != fault.Uncertain {
					t.Errorf("who waited was told %v", a.err)
				}
				if !strings.Contains(d.log.String(), `of unknown outcome"=1`) {
					t.Errorf("the log doesn't say what is left:\n%s", d.log.String())
				}
				free()
				<-db.stopped // what a process that goes on would leave open
				if err := errors.Join(db.committer.wal.close(), db.release()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestHeartbeat_EachTime_TakesItsRoom: SQLite writes no page that is as it was, and a heartbeat
// that finds room where no request does would call a full disk healthy.
func TestHeartbeat_EachTime_TakesItsRoom(t *testing.T) {
	db := openTest(t, t.TempDir())
	size := db.Stats().Bytes
	for i := range 4 {
		if err := db.Commit(func(tx *Tx) error { return beat(tx.conn) }, nil); err != nil {
			t.Fatal(err)
		}
		now := db.Stats().Bytes
		if now-size < 65536 {
			t.Errorf("heartbeat %d took %d bytes", i, now-size)
		}
		size = now
	}
}

// TestReady_RoomForSmallRequestsOnly_StaysFalse: with room for some pages small requests are
// stored and the next larger one isn't, and nobody calls that ready, again and again.
func TestReady_RoomForSmallRequestsOnly_StaysFalse(t *testing.T) {
	dir := t.TempDir()
	rest := smallDisk(t, dir)
	db := openTest(t, dir)
	fillUp(t, rest, 0)
	if err := db.Commit(nil, recordOf("first")); err == nil || db.Ready() == nil {
		t.Fatalf("a full disk: %v, and Ready says %v", err, db.Ready())
	}
	size, err := rest.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	if err := rest.Truncate(size - 40<<10); err != nil {
		t.Fatal(err)
	}
	stored := 0
	for range 100 {
		time.Sleep(10 * time.Millisecond)
		if stored < 3 && db.Commit(nil, recordOf("small")) == nil {
			stored++
		}
		if db.Ready() == nil {
			t.Fatalf("a full disk was called ready after %d small requests", stored)
		}
	}
	if stored == 0 {
		t.Error("there was no room for small requests, so this test shows nothing")
	}
	if err := rest.Truncate(0); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); db.Ready() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the store did not recover: ", db.Ready())
		}
	}
}
