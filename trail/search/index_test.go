package search

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"claviger/store/storetest"
)

// TestFind_RandomQuestions_FindWhatLookingAtAllFinds, while nothing is indexed, while all is, while
// there is more than was indexed, and after a start.
func TestFind_RandomQuestions_FindWhatLookingAtAllFinds(t *testing.T) {
	h := newTrail(t, 1)
	h.agreesOnNothing()
	h.put(9_000, 40)
	h.agrees(30, 1)
	h.keep()
	h.agrees(70, 1)
	h.put(700, 3)
	h.agrees(50, 1)
	h.reopen(func() {})
	h.agrees(50, 1)
	h.keep()
	h.agrees(70, 1)
}

func (h *trailOf) agreesOnNothing() {
	h.t.Helper()
	if p, err := h.Find(h.t.Context(), Query{Account: "1", Region: "r"}, 0, 50); err != nil ||
		len(p.Events) != 0 || p.Next != 0 {
		h.t.Errorf("of an empty trail: %+v, %v", p, err)
	}
}

// files are the segments of the index.
func (h *trailOf) files() []string {
	h.t.Helper()
	all, err := filepath.Glob(filepath.Join(h.dir, "*.segment"))
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// TestKeep_SixteenSegments_AreMergedToOne, and nothing is lost on the way.
func TestKeep_SixteenSegments_AreMergedToOne(t *testing.T) {
	h := newTrail(t, 2)
	h.put(16*blockSize+5_000, 30)
	h.keep()
	if files := h.files(); len(files) != 2 || filepath.Base(files[1]) != "1-000000000000.segment" {
		t.Errorf("the segments are %v", files)
	}
	h.agrees(25, 1)
}

// TestIndex_AnyFileMissing_IsMadeAnew: what lacks is read from the trail until it is there again.
func TestIndex_AnyFileMissing_IsMadeAnew(t *testing.T) {
	h := newTrail(t, 3)
	h.put(4*blockSize+100, 20)
	h.keep()
	for _, file := range h.files() {
		h.reopen(func() {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		})
		h.agrees(15, 1)
		h.keep()
		h.agrees(15, 1)
	}
	h.reopen(func() {
		if err := os.RemoveAll(h.dir); err != nil {
			t.Fatal(err)
		}
	})
	h.agrees(15, 1)
	h.keep()
	if h.agrees(15, 1); len(h.files()) != 4 {
		t.Errorf("the segments are %v", h.files())
	}
}

// TestIndex_AnyByteDamaged_FindsTheSame: a byte is changed in a file that is open, or the file is
// cut. Nothing is found that isn't there, nothing is missed, and the next start makes it anew.
func TestIndex_AnyByteDamaged_FindsTheSame(t *testing.T) {
	h := newTrail(t, 4)
	h.put(2*blockSize+100, 20)
	h.keep()
	for i := range 12 {
		files := h.files()
		file := files[h.random.IntN(len(files))]
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		spoiled := append([]byte(nil), whole...)
		at := h.random.IntN(len(spoiled))
		if i%2 == 0 {
			at = h.random.IntN(headerSize) // the header too
		}
		spoiled[at] ^= byte(1 + h.random.IntN(255))
		if i%6 == 5 {
			spoiled = spoiled[:at]
		}
		damage := func() {
			if err := os.WriteFile(file, spoiled, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if i%3 == 0 {
			h.reopen(damage)
		} else {
			damage()
		}
		h.agrees(20, 1)
		h.reopen(func() {})
		h.agrees(5, 1)
		if err := h.mendAll(); err != nil {
			t.Fatal(err)
		}
		h.keep()
		h.agrees(5, 1)
	}
}

// mendAll reads everything, so that all damage is found, and has it made anew.
func (h *trailOf) mendAll() error {
	h.mu.RLock()
	for _, s := range h.segments {
		if s.check() != nil {
			s.spoiled.Store(true)
		}
	}
	h.mu.RUnlock()
	return h.mend(context.Background())
}

// TestIndex_OfAnotherTrail_IsForgotten: a backup is restored that has fewer records, or others of
// the same numbers.
func TestIndex_OfAnotherTrail_IsForgotten(t *testing.T) {
	h := newTrail(t, 5)
	h.put(2*blockSize+500, 50)
	h.keep()
	for _, size := range []int{blockSize + 300, 3 * blockSize, 10} {
		other := newTrail(t, uint64(size))
		other.put(size, 50)
		if err := os.RemoveAll(other.dir); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(other.dir, os.DirFS(h.dir)); err != nil {
			t.Fatal(err)
		}
		other.reopen(func() {})
		if len(other.segments) != 0 {
			t.Errorf("of a trail of %d records another's segments are used", size)
		}
		other.agrees(20, 1)
		other.keep()
		other.agrees(20, 1)
	}
}

// TestIndex_OldRecordsRemoved_GoWithTheirSegments, and what is left is found as before.
func TestIndex_OldRecordsRemoved_GoWithTheirSegments(t *testing.T) {
	h := newTrail(t, 6)
	h.put(3*blockSize+500, 1)
	h.keep()
	for _, oldest := range []int{300, blockSize + 7, 2*blockSize + 1} {
		storetest.Edit(t, h.path, `DELETE FROM trail WHERE batch < ?`, oldest)
		h.agrees(20, oldest)
		if err := h.mend(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := len(h.files()), 3-(oldest-1)/blockSize; got != want {
			t.Errorf("with record %d as the oldest there are %d segments, want %d", oldest, got, want)
		}
		h.agrees(20, oldest)
		h.reopen(func() {})
		h.agrees(10, oldest)
		h.keep()
	}
}

// TestOpenReader_BesideAServer_FindsTheSame, with an index and without one.
func TestOpenReader_BesideAServer_FindsTheSame(t *testing.T) {
	h := newTrail(t, 7)
	h.put(blockSize+500, 50)
	own := h.Index
	look := func() {
		t.Helper()
		x, err := OpenReader(h.db, Dir(h.path))
		if err != nil {
			t.Fatal(err)
		}
		h.Index = x
		h.agrees(30, 1)
		if err := x.Close(); err != nil {
			t.Error(err)
		}
		h.Index = own
	}
	look()
	h.keep()
	look()
	if err := os.RemoveAll(Dir(h.path)); err != nil {
		t.Fatal(err)
	}
	look()
}

// TestFind_EventID_IsFoundAtOnce, however old the event is: nothing between is read.
func TestFind_EventID_IsFoundAtOnce(t *testing.T) {
	h := newTrail(t, 9)
	h.put(3*blockSize, 20)
	h.keep()
	h.mostRead = 10 * granuleSize
	for range 100 {
		r := h.records[h.random.IntN(len(h.records))]
		p, err := h.Find(t.Context(), Query{Account: r.Account, Region: r.Region,
			Where: []Condition{{EventID, r.ID}}}, 0, 50)
		if err != nil || len(p.Events) != 1 || p.Events[0].ID != r.ID {
			t.Fatalf("%s of %s: %d events, the next page before %d, %v", r.ID, r.Time, len(p.Events),
				p.Next, err)
		}
	}
}

// TestFind_NothingIndexed_CostsAPage: a page ends when enough was read, and tells where to go on.
func TestFind_NothingIndexed_CostsAPage(t *testing.T) {
	h := newTrail(t, 8)
	h.put(3_000, 20)
	h.mostRead = 2_000
	q := Query{Account: "111122223333", Region: "us-east-1",
		Where: []Condition{{EventName, "NothingHasThisName"}}}
	if got, pages := h.ask(q, 50); len(got) != 0 || pages != 2 {
		t.Errorf("found %d records in %d pages, want none in 2", len(got), pages)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := h.Find(ctx, q, 0, 50); err == nil {
		t.Error("a lookup that nobody waits for went on")
	}
}
