package follow_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/internal/follow"
	"claviger/store"
	"claviger/store/storetest"
)

// counted is a database that counts how often its trail is read.
type counted struct {
	*store.DB
	reads atomic.Int64
}

func (c *counted) Rows(q *store.Query, args []any,
	each func(scan func(dest ...any) error) error) error {
	c.reads.Add(1)
	return c.DB.Rows(q, args, each)
}

func open(t *testing.T) (*counted, string) {
	t.Helper()
	path := filepath.Join(storetest.Dir(t), "db")
	return &counted{DB: storetest.Open(t, path)}, path
}

// commit stores records in a batch of their own.
func commit(t *testing.T, db *counted, records ...string) {
	t.Helper()
	err := db.Commit(nil, func(error) []byte { return []byte(strings.Join(records, "\n")) })
	if err != nil {
		t.Fatal(err)
	}
}

// drain reads from behind n to the end, and returns the records in their order.
func drain(t *testing.T, f *follow.Feed, n, end int64) (records []string) {
	t.Helper()
	for n < end {
		page, err := f.After(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page {
			for number, line := range b.Lines() {
				if number > n {
					records = append(records, fmt.Sprint(number, " ", string(line)))
				}
			}
			if b.At.IsZero() {
				t.Error("a batch of no time")
			}
			n = b.Last()
		}
	}
	return records
}

func TestAfter_AnyRecord_GivesWhatIsBehindIt(t *testing.T) {
	db, _ := open(t)
	var want []string
	for i := range 40 {
		var batch []string
		for range i%3 + 1 {
			batch = append(batch, fmt.Sprintf("r%d", len(want)+1))
			want = append(want, fmt.Sprintf("%d r%d", len(want)+1, len(want)+1))
		}
		commit(t, db, batch...)
	}
	f := &follow.Feed{DB: db}
	end := int64(len(want))
	for n := range end {
		if got := drain(t, f, n, end); !slices.Equal(got, want[n:]) {
			t.Fatalf("behind %d: %q, want %q", n, got, want[n:])
		}
		fresh := &follow.Feed{DB: db}
		if got := drain(t, fresh, n, end); !slices.Equal(got, want[n:]) {
			t.Fatalf("behind %d, by who comes first: %q, want %q", n, got, want[n:])
		}
	}
}

// TestAfter_ManyFollowers_ShareWhatIsRead: at the end of the trail the database is read once for
// all of them.
func TestAfter_ManyFollowers_ShareWhatIsRead(t *testing.T) {
	db, _ := open(t)
	commit(t, db, "a")
	f := &follow.Feed{DB: db}
	const followers = 5
	var all sync.WaitGroup
	for range followers {
		all.Go(func() { drain(t, f, 0, 3) })
	}
	commit(t, db, "b", "c")
	all.Wait()
	if n := db.reads.Load(); n > 3 {
		t.Errorf("%d readings of two batches by %d followers", n, followers)
	}
}

func TestAfter_LongPast_ComesInPages(t *testing.T) {
	db, _ := open(t)
	long := strings.Repeat("x", 300<<10)
	for range 40 {
		commit(t, db, long)
	}
	f := &follow.Feed{DB: db}
	for range 2 { // the second time partly from memory
		for n := int64(0); n < 40; {
			page, err := f.After(t.Context(), n)
			if err != nil || len(page) == 0 || len(page) > 4 || page[0].First != n+1 {
				t.Fatalf("behind %d: %d batches, %v", n, len(page), err)
			}
			n = page[len(page)-1].Last()
		}
	}
}

func TestAfter_NothingBehind_WaitsForIt(t *testing.T) {
	db, _ := open(t)
	commit(t, db, "a")
	f := &follow.Feed{DB: db}
	got := make(chan []follow.Batch, 1)
	go func() {
		page, _ := f.After(t.Context(), 1)
		got <- page
	}()
	time.Sleep(20 * time.Millisecond)
	commit(t, db, "b")
	if page := <-got; len(page) != 1 || page[0].First != 2 || string(page[0].Records) != "b" {
		t.Errorf("%v", page)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.After(ended, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("who has left gets %v", err)
	}
}

// TestAfter_FollowerAhead_IsTold: its place is of a database that was replaced by an older one.
func TestAfter_FollowerAhead_IsTold(t *testing.T) {
	db, _ := open(t)
	commit(t, db, "a")
	if _, err := (&follow.Feed{DB: db}).After(t.Context(), 2); !errors.Is(err, follow.ErrAhead) {
		t.Errorf("%v", err)
	}
}

// late is a database whose committer has not yet said how far it is.
type late struct {
	*store.DB
	newest atomic.Int64
}

func (l *late) TrailNewest() int64 { return l.newest.Load() }

// TestAfter_CommittedAMomentAgo_ComesOnceTheCommitterSaysSo: nobody gets ahead of what it says.
func TestAfter_CommittedAMomentAgo_ComesOnceTheCommitterSaysSo(t *testing.T) {
	db, _ := open(t)
	commit(t, db, "a")
	commit(t, db, "b", "c")
	l := &late{DB: db.DB}
	l.newest.Store(1)
	f := &follow.Feed{DB: l}
	page, err := f.After(t.Context(), 0)
	if err != nil || len(page) != 1 || page[0].Last() != 1 {
		t.Fatalf("%v, %v", page, err)
	}
	moment, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if page, err := f.After(moment, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v", page, err)
	}
	l.newest.Store(3)
	if page, err := f.After(t.Context(), 1); err != nil || len(page) != 1 || page[0].Last() != 3 {
		t.Errorf("%v, %v", page, err)
	}
}

// TestAfter_OldestRemoved_BeginsBehindThem, and the batch says by its number what is gone.
func TestAfter_OldestRemoved_BeginsBehindThem(t *testing.T) {
	db, path := open(t)
	commit(t, db, "a", "b")
	commit(t, db, "c", "d")
	commit(t, db, "e")
	storetest.Edit(t, path, `DELETE FROM trail WHERE batch = 1`)
	f := &follow.Feed{DB: db}
	for _, n := range []int64{0, 1, 2, 3} {
		page, err := f.After(t.Context(), n)
		if err != nil || len(page) != 2 || page[0].First != 3 {
			t.Errorf("behind %d: %v, %v", n, page, err)
		}
	}
}

// TestAfter_HandedOver_ReadsNoDatabase, however many follow; and what was not handed over is read.
func TestAfter_HandedOver_ReadsNoDatabase(t *testing.T) {
	f := new(follow.Feed)
	told := true
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(storetest.Dir(t), "db"),
		Committed: func(batch, at int64, records []byte) {
			if told {
				f.Committed(batch, at, records)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	source := &counted{DB: db}
	f.DB = source
	var want []string
	for n := range 60 {
		told = n < 20 || n >= 30 && n != 45
		commit(t, source, fmt.Sprint("a", n), fmt.Sprint("b", n))
		want = append(want, fmt.Sprintf("%d a%d", 2*n+1, n), fmt.Sprintf("%d b%d", 2*n+2, n))
		switch n {
		case 9, 19: // all of these were handed over
			for range 3 {
				if got := drain(t, f, 0, int64(len(want))); !slices.Equal(got, want) {
					t.Fatalf("%q, want %q", got, want)
				}
			}
			if reads := source.reads.Load(); reads != 0 {
				t.Fatalf("%d readings of what the committer handed over", reads)
			}
		case 35, 50, 59:
			for from := range want {
				if got := drain(t, f, int64(from), int64(len(want))); !slices.Equal(got, want[from:]) {
					t.Fatalf("behind %d: %q, want %q", from, got, want[from:])
				}
			}
		}
	}
}

// TestAfter_ReadAndThenHandedOver_ComesOnce: who was quicker than the committer has read it.
func TestAfter_ReadAndThenHandedOver_ComesOnce(t *testing.T) {
	db, _ := open(t)
	f := &follow.Feed{DB: db}
	for _, record := range []string{"a", "b", "c"} {
		commit(t, db, record)
	}
	want := []string{"1 a", "2 b", "3 c"}
	if got := drain(t, f, 0, 3); !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	f.Committed(2, 1, []byte("b"))
	f.Committed(3, 1, []byte("c"))
	commit(t, db, "d")
	f.Committed(4, 1, []byte("d"))
	reads := db.reads.Load()
	for from := range int64(4) {
		if got := drain(t, f, from, 4); len(got) != int(4-from) {
			t.Errorf("behind %d: %q", from, got)
		}
	}
	if more := db.reads.Load() - reads; more != 0 {
		t.Errorf("%d more readings", more)
	}
}

// TestCommitted_NobodyFollows_KeepsLittle: what is handed over doesn't grow without an end.
func TestCommitted_NobodyFollows_KeepsLittle(t *testing.T) {
	db, _ := open(t)
	f := &follow.Feed{DB: db}
	long := []byte(strings.Repeat("x", 1<<20))
	for n := range int64(64) {
		f.Committed(n+1, 1, long)
	}
	if most := f.Handed(); most > 16<<20 {
		t.Errorf("%d bytes wait for nobody", most)
	}
}
