package tail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/cmd/claviger/exit"
	"claviger/store"
	"claviger/store/storetest"
)

// trail is a database with a server on it, and all that its trail should hold.
type trail struct {
	t     *testing.T
	path  string
	db    *store.DB
	lines []string // in order
	of    []int64  // the batch of each line
	batch int64    // the newest
	text  string   // of each record
}

func newTrail(t *testing.T) *trail {
	x := &trail{t: t, path: filepath.Join(storetest.Dir(t), "claviger.db")}
	x.start()
	t.Cleanup(x.stop)
	return x
}

func (x *trail) start() { x.db = storetest.Open(x.t, x.path) }

func (x *trail) stop() {
	x.t.Helper()
	if err := x.db.Close(); err != nil {
		x.t.Fatal(err)
	}
}

// add commits a batch of so many records.
func (x *trail) add(records int) {
	x.t.Helper()
	x.batch = int64(len(x.lines)) + 1 // its first record's number
	var batch []string
	for i := range records {
		batch = append(batch, fmt.Sprintf(`{"eventVersion":"1.11","eventID":"%s%d-%d"}`, x.text, x.batch, i))
		x.of = append(x.of, x.batch)
	}
	x.lines = append(x.lines, batch...)
	err := x.db.Commit(nil, func(error) []byte { return []byte(strings.Join(batch, "\n")) })
	if err != nil {
		x.t.Fatal(err)
	}
}

// tail is what is asked of it, with what a command asks for by itself.
func (x *trail) tail() Tail {
	return Tail{Database: x.path, After: -1, Out: io.Discard, Notes: io.Discard,
		Every: 5 * time.Millisecond}
}

// printed runs to the end and returns the lines.
func (x *trail) printed(ask Tail) []string {
	x.t.Helper()
	var out bytes.Buffer
	ask.Out = &out
	if err := ask.Run(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
	return slices.Collect(strings.Lines(out.String()))
}

func withEnds(lines []string) (all []string) {
	for _, line := range lines {
		all = append(all, line+"\n")
	}
	return all
}

func TestTail_LastRecords_AreCountedBackOverBatches(t *testing.T) {
	x := newTrail(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		x.add(1 + random.IntN(7))
	}
	all := len(x.lines)
	for n := range all + 5 {
		ask := x.tail()
		ask.Last = n
		want := withEnds(x.lines[max(0, all-n):])
		if n == 0 {
			want = withEnds(x.lines)
		}
		if got := x.printed(ask); !slices.Equal(got, want) {
			t.Fatalf("the last %d of %d are %d lines, the first %q", n, all, len(got), got[:1])
		}
	}
}

func TestTail_AfterABatch_PrintsExactlyWhatFollows(t *testing.T) {
	x := newTrail(t)
	for i := range 90 {
		x.add(1 + i%4)
	}
	for after := range x.batch + 1 {
		var notes bytes.Buffer
		ask := x.tail()
		ask.After, ask.Batches, ask.Notes = after, true, &notes
		var want []string
		for i, line := range x.lines {
			if x.of[i] > after {
				want = append(want, fmt.Sprintf("{\"batch\":%d,%s\n", x.of[i], line[1:]))
			}
		}
		if got := x.printed(ask); !slices.Equal(got, want) {
			t.Errorf("after %d come %d lines, want %d", after, len(got), len(want))
		}
		if !strings.Contains(notes.String(), fmt.Sprintf("--after %d ", x.batch)) {
			t.Errorf("it goes on so: %s", &notes)
		}
	}
	ask := x.tail()
	ask.After = x.batch + 1
	if err := ask.Run(t.Context()); !errors.Is(err, exit.ErrUsage) {
		t.Errorf("after a batch that isn't there: %v", err)
	}
}

// fill makes a long trail: batches of so many records of 700 bytes.
func (x *trail) fill(batches, records int) {
	record := `{"eventVersion":"1.11","requestParameters":"` + strings.Repeat("x", 654) + `"}`
	storetest.Edit(x.t, x.path, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n
		WHERE i < ?) INSERT INTO trail SELECT (i-1) * ? + 1, i * 1000, ? FROM n`, batches, records,
		[]byte(strings.Join(slices.Repeat([]string{record}, records), "\n")))
	x.batch = int64((batches-1)*records + 1)
}

// weighing is an output that looks now and then how much memory is in use.
type weighing struct {
	lines, size int64
	most        uint64
	first       func()
}

func (w *weighing) Write(p []byte) (int, error) {
	if w.size == 0 && w.first != nil {
		w.first()
	}
	if w.size>>21 != (w.size+int64(len(p)))>>21 {
		w.most = max(w.most, inUse())
	}
	w.size += int64(len(p))
	w.lines += int64(bytes.Count(p, []byte("\n")))
	return len(p), nil
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestTail_LongTrail_MemoryIsFlat, of small batches and of large ones, and whichever way the place
// to begin is found.
func TestTail_LongTrail_MemoryIsFlat(t *testing.T) {
	const bound = 4 << 20 // of 45 MB
	for _, shape := range [][2]int{{4000, 16}, {64, 1000}} {
		x := newTrail(t)
		batches, records := shape[0], shape[1]
		x.fill(batches, records)
		for name, ask := range map[string]Tail{
			"all": {After: -1}, "the most by count": {Last: batches*records - 5, After: -1},
			"after": {After: 3},
		} {
			out := new(weighing)
			before := inUse()
			ask.Database, ask.Out, ask.Notes = x.path, out, io.Discard
			if err := ask.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if out.lines < int64((batches-3)*records) || out.most == 0 {
				t.Errorf("%s: %d lines were printed, and memory looked at %v", name, out.lines, out.most > 0)
			}
			if out.most > before+bound {
				t.Errorf("%s: %d bytes are held for %d that are printed, in batches of %d", name,
					out.most-before, out.size, records)
			}
		}
	}
}

// TestTail_LongTrail_FirstRecordComesBeforeTheTrailIsRead. The times of some batches before the
// place to begin are read, too.
func TestTail_LongTrail_FirstRecordComesBeforeTheTrailIsRead(t *testing.T) {
	const batches = 4000
	x := newTrail(t)
	x.fill(batches, 16)
	for name, c := range map[string]struct {
		ask  Tail
		most int64
	}{
		"all":           {Tail{After: -1}, 4},
		"the last ten":  {Tail{Last: 10, After: -1}, 24},
		"after the end": {Tail{After: (batches-2)*16 + 1}, 24},
	} {
		p := &printing{Tail: c.ask}
		out := &weighing{first: func() {
			if n := p.db.Stats().Reads; n > c.most {
				t.Errorf("%s: %d statements were read before anything was printed", name, n)
			}
		}}
		p.Database, p.Notes = x.path, io.Discard
		p.out = newOutput(out)
		if err := p.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if out.lines == 0 {
			t.Errorf("%s: nothing was printed", name)
		}
	}
}

// TestPast_ManyBatches_AFewAreRemembered, the newest all, and each older one not far from another.
func TestPast_ManyBatches_AFewAreRemembered(t *testing.T) {
	var p past
	most := 0
	for i := range int64(1_000_000) {
		p.add(moment{batch: i + 1})
		most = max(most, len(p))
	}
	if most > 400 {
		t.Errorf("%d were remembered", most)
	}
	for i, m := range p[1:] {
		if gap := m.batch - p[i].batch; gap > max(1, (1_000_000-p[i].batch)/sparse+64) {
			t.Errorf("between %d and %d none is remembered", p[i].batch, m.batch)
		}
	}
	if p[0].batch != 1 || p[len(p)-1].batch != 1_000_000 {
		t.Errorf("the first is %d and the last %d", p[0].batch, p[len(p)-1].batch)
	}
}

// said is an output that somebody else reads meanwhile.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// following runs beside a test until that stops it.
type following struct {
	x          *trail
	out, notes said
	cancel     context.CancelFunc
	ended      chan error
}

func (x *trail) follow(ask Tail) *following {
	ctx, cancel := context.WithCancel(x.t.Context())
	f := &following{x: x, cancel: cancel, ended: make(chan error, 1)}
	ask.Out, ask.Notes, ask.Follow = &f.out, &f.notes, true
	go func() { f.ended <- ask.Run(ctx) }()
	x.t.Cleanup(cancel)
	return f
}

// waits until a text is there.
func (f *following) waits(in *said, what string) {
	f.x.t.Helper()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(in.String(), what); {
		if time.Now().After(end) {
			f.x.t.Fatalf("%q did not come. Notes: %s", what, &f.notes)
		}
		time.Sleep(time.Millisecond)
	}
}

func (f *following) stop() {
	f.x.t.Helper()
	f.cancel()
	if err := <-f.ended; err != nil {
		f.x.t.Errorf("it ended with %v", err)
	}
}

func (x *trail) last() string { return x.lines[len(x.lines)-1] }

func TestTail_FollowingOverARestart_PrintsEachRecordOnce(t *testing.T) {
	x := newTrail(t)
	for range 3 {
		x.add(2)
	}
	f := x.follow(x.tail())
	for range 3 {
		x.add(3)
		f.waits(&f.out, x.last())
		x.stop()
		x.start()
		x.add(1)
	}
	f.waits(&f.out, x.last())
	f.stop()
	if got := strings.Join(withEnds(x.lines), ""); f.out.String() != got {
		t.Errorf("printed is\n%s, want\n%s", &f.out, got)
	}
	want := fmt.Sprintf("the last batch printed is %d: --after %[1]d goes on from there\n", x.batch)
	if notes := f.notes.String(); notes != "claviger audit tail: "+want {
		t.Errorf("it says %q", notes)
	}
}

// TestTail_FollowingOverARestore_PrintsAllOfTheNewTrail, which has other records by the numbers of
// those that were lost.
func TestTail_FollowingOverARestore_PrintsAllOfTheNewTrail(t *testing.T) {
	for name, c := range map[string]struct{ backup, before, after int }{
		"it ends before what was printed":        {40, 30, 2},
		"it has gone on beyond what was printed": {40, 5, 20},
		"it lost nothing":                        {40, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTrail(t)
			for range c.backup {
				x.add(2)
			}
			x.stop()
			backup, err := os.ReadFile(x.path)
			if err != nil {
				t.Fatal(err)
			}
			x.start()
			f := x.follow(x.tail())
			for range c.before {
				x.add(2)
			}
			f.waits(&f.out, x.last())
			x.stop()

			put(t, x.path, backup)
			x.lines, x.text = x.lines[:2*c.backup], "anew "
			x.start()
			begun := len(x.lines)
			for range c.after {
				x.add(2)
			}
			f.waits(&f.out, x.last())
			f.stop()
			notes := f.notes.String()
			if lost := strings.Contains(notes, "an older database was restored"); lost != (c.before > 0) {
				t.Errorf("it says: %s", notes)
			}
			from, had := int64(2*c.backup-1), int64(2*c.backup-1)
			if m := regexp.MustCompile(`goes on after batch (\d+)`).FindStringSubmatch(notes); m != nil {
				fmt.Sscan(m[1], &from)
			}
			if from > had || from < had*3/4 {
				t.Errorf("it goes on after batch %d, and the backup had %d", from, had)
			}
			if !strings.HasSuffix(f.out.String(), strings.Join(withEnds(x.lines[begun:]), "")) {
				t.Errorf("of the new trail is missing what came after the backup")
			}
		})
	}
}

// put replaces the database as an operator does: without what belonged to the old one, and by
// another file of the same name.
func put(t *testing.T, path string, text []byte) {
	t.Helper()
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	err := errors.Join(os.Remove(path), os.WriteFile(path+".new", text, 0o600),
		os.Rename(path+".new", path))
	if err != nil {
		t.Fatal(err)
	}
}

func TestTail_DatabaseGoneForAWhile_IsWaitedFor(t *testing.T) {
	x := newTrail(t)
	x.add(1)
	f := x.follow(x.tail())
	f.waits(&f.out, x.last())
	x.stop()
	if err := os.Rename(x.path, x.path+".away"); err != nil {
		t.Fatal(err)
	}
	f.waits(&f.notes, "waiting for the database")
	if err := os.Rename(x.path+".away", x.path); err != nil {
		t.Fatal(err)
	}
	x.start()
	x.add(1)
	f.waits(&f.out, x.last())
	f.stop()
	if n := strings.Count(f.notes.String(), "waiting"); n != 1 {
		t.Errorf("it said %d times that it waits", n)
	}
}

// TestTail_NothingNew_IsLookedForByTwoRows, and never by a reading of the trail.
func TestTail_NothingNew_IsLookedForByTwoRows(t *testing.T) {
	x := newTrail(t)
	x.add(1)
	p := &printing{Tail: x.tail(), out: newOutput(io.Discard)}
	p.Follow = true
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := p.open(ctx); err != nil {
		t.Fatal(err)
	}
	defer p.db.Close()
	if _, err := p.begin(ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.print(ctx, all); err != nil {
		t.Fatal(err)
	}
	before := p.db.Stats().Reads
	for range 10 {
		if err := p.look(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.db.Stats().Reads - before; n != 20 {
		t.Errorf("ten looks made %d reads", n)
	}
}

func TestTail_OutputThatFails_IsSaid(t *testing.T) {
	x := newTrail(t)
	x.add(1)
	full := errors.New("the disk is full")
	for _, follow := range []bool{false, true} {
		ask := x.tail()
		ask.Out, ask.Follow = failing{full}, follow
		if err := ask.Run(t.Context()); !errors.Is(err, full) {
			t.Errorf("following is %v: %v", follow, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestTail_OutputThatNobodyTakes_EndsAllTheSame and says what may be lost.
func TestTail_OutputThatNobodyTakes_EndsAllTheSame(t *testing.T) {
	x := newTrail(t)
	x.fill(200, 16)
	r, w := io.Pipe()
	defer r.Close()
	ask := x.tail()
	ask.Out, ask.Follow = w, true
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- ask.Run(ctx) }()
	if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "after batch 0 may be lost") {
		t.Errorf("it ended with %v", err)
	}
}

// TestTail_EndedBeforeAllIsPrinted_IsNoSuccess where an end was asked for.
func TestTail_EndedBeforeAllIsPrinted_IsNoSuccess(t *testing.T) {
	x := newTrail(t)
	x.fill(2000, 16)
	ctx, cancel := context.WithCancel(t.Context())
	out := &weighing{first: cancel}
	ask := x.tail()
	ask.Out = out
	err := ask.Run(ctx)
	told := err != nil && strings.Contains(err.Error(), fmt.Sprint("of ", x.batch))
	if !told || out.lines >= 2000*16 {
		t.Errorf("after %d lines it ended with %v", out.lines, err)
	}
	if out.lines%16 != 0 {
		t.Errorf("the last batch is there in part: %d lines", out.lines)
	}
}
