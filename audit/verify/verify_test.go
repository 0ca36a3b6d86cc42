package verify_test

import (
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"claviger/audit/tree"
	"claviger/audit/tree/treetest"
	"claviger/audit/verify"
)

// memory is a trail in memory, with its tree.
type memory struct {
	rows  map[int64]string
	tiles map[[2]int64]string
	notes map[int64]string
}

func (m *memory) Tile(level int, number int64) ([]byte, error) {
	return []byte(m.tiles[[2]int64{int64(level), number}]), nil
}

func (m *memory) Batches(each func(first int64, records []byte) error) error {
	for _, first := range slices.Sorted(maps.Keys(m.rows)) {
		if err := each(first, []byte(m.rows[first])); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Checkpoints(each func(size int64, signed []byte) error) error {
	for _, size := range slices.Sorted(maps.Keys(m.notes)) {
		if err := each(size, []byte(m.notes[size])); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) clone() *memory {
	return &memory{maps.Clone(m.rows), maps.Clone(m.tiles), maps.Clone(m.notes)}
}

// last is the number of the newest record of a row.
func (m *memory) last(first int64) int64 {
	return first + int64(strings.Count(m.rows[first], "\n"))
}

func (m *memory) firsts() []int64 { return slices.Sorted(maps.Keys(m.rows)) }

// plant makes the tree over the records as they are, of all of them, without any checkpoint.
func (m *memory) plant(t testing.TB) *tree.Builder {
	t.Helper()
	b := new(tree.Builder)
	m.tiles = map[[2]int64]string{}
	for _, first := range m.firsts() {
		for record := range strings.SplitSeq(m.rows[first], "\n") {
			b.Append(tree.Leaf([]byte(record)))
		}
	}
	for _, tile := range b.Changed() {
		m.tiles[[2]int64{int64(tile.Level), tile.Number}] = string(tile.Hashes)
	}
	return b
}

// grown is a trail of about so many records, with a checkpoint now and then, the last over all.
func grown(t testing.TB, s tree.Signer, random *mathrand.Rand, size int64, often int) *memory {
	t.Helper()
	m := &memory{map[int64]string{}, map[[2]int64]string{}, map[int64]string{}}
	b := new(tree.Builder)
	for n := int64(1); n <= size; {
		var lines []string
		for range random.IntN(6) + 1 {
			line := fmt.Sprintf(`{"eventID":"%d","is":"%x"}`, n, random.Uint64())
			b.Append(tree.Leaf([]byte(line)))
			lines = append(lines, line)
			n++
		}
		m.rows[n-int64(len(lines))] = strings.Join(lines, "\n")
		if random.IntN(often) == 0 || n > size {
			note, err := tree.Checkpoint{Origin: s.Name(), Size: b.Size(), Root: b.Root()}.Sign(s)
			if err != nil {
				t.Fatal(err)
			}
			m.notes[b.Size()] = string(note)
			for _, tile := range b.Changed() {
				m.tiles[[2]int64{int64(tile.Level), tile.Number}] = string(tile.Hashes)
			}
			b.Stored()
		}
	}
	return m
}

func verified(t testing.TB, m *memory, o verify.Options) *verify.Report {
	t.Helper()
	r, err := verify.Verify(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestVerify_TrailLeftAlone_IsProved, at any size, with tiles and by the records alone.
func TestVerify_TrailLeftAlone_IsProved(t *testing.T) {
	s, random := treetest.NewSigner(t, "claviger/one"), mathrand.New(mathrand.NewPCG(1, 2))
	sizes := []int64{1, 2, 200, 255, 256, 257, 511, 512, 513, 3000, 65_536, 66_000}
	for _, size := range sizes {
		m := grown(t, s, random, size, int(size/40)+2)
		whole := slices.Max(slices.Collect(maps.Keys(m.notes)))
		for _, o := range []verify.Options{{Key: s.Key, Whole: true, Closed: true},
			{Key: s.Key, Bare: true, Closed: true}} {
			if o.Bare {
				m.tiles = nil
			}
			told := int64(0)
			o.Tell = func(done, _ int64) { told = done }
			r := verified(t, m, o)
			if !r.OK() || r.Records != whole || r.Checkpoint.Size != whole || r.First != 1 ||
				r.Last != whole || r.Removed+r.Unproved != 0 || r.Checkpoints != len(m.notes) ||
				told != whole {
				t.Errorf("of %d: %+v, told %d", size, r, told)
			}
		}
	}
}

func TestVerify_OldestRemoved_RestIsProvedIfTheTrailTellsOfIt(t *testing.T) {
	s, random := treetest.NewSigner(t, "claviger/one"), mathrand.New(mathrand.NewPCG(3, 4))
	m := grown(t, s, random, 2000, 50)
	firsts := m.firsts()
	for i := 1; i < len(firsts); i += 7 {
		kept := m.clone()
		for _, first := range firsts[:i] {
			delete(kept.rows, first)
		}
		gone := firsts[i] - 1
		r := verified(t, kept, verify.Options{Key: s.Key})
		if len(r.Faults) != 1 || r.Faults[0].Kind != verify.Missing || r.Faults[0].Last != gone {
			t.Fatalf("without the first %d, of which nothing tells: %v", gone, r.Faults)
		}
		tell := `{"additionalEventData":{"firstRecord":1,"lastRecord":%d},"eventName":"DeleteTrailRecords",` +
			`"eventType":"%s"}`
		kept.rows[kept.newest()+1] = fmt.Sprintf(tell, gone, "AwsApiCall")
		if r := verified(t, kept, verify.Options{Key: s.Key}); r.OK() {
			t.Fatal("a caller's own words tell of a removal")
		}
		kept.rows[kept.newest()+1] = fmt.Sprintf(tell, gone, "AwsServiceEvent")
		r = verified(t, kept, verify.Options{Key: s.Key})
		if !r.OK() || r.Removed != gone || r.First != gone+1 {
			t.Fatalf("without the first %d: %+v", gone, r)
		}
		r = verified(t, kept, verify.Options{Key: s.Key, Whole: true})
		if len(r.Faults) != 1 || r.Faults[0].Kind != verify.Missing || r.Faults[0].First != 1 ||
			r.Faults[0].Last != gone {
			t.Fatalf("asked for the whole, without the first %d: %v", gone, r.Faults)
		}
	}
}

func TestVerify_RecordsBehindTheCheckpoint_AreToldApart(t *testing.T) {
	s, random := treetest.NewSigner(t, "claviger/one"), mathrand.New(mathrand.NewPCG(5, 6))
	m := grown(t, s, random, 300, 10)
	size := slices.Max(slices.Collect(maps.Keys(m.notes)))
	m.rows[size+1] = "a\nb"
	if r := verified(t, m, verify.Options{Key: s.Key}); !r.OK() || r.Unproved != 2 {
		t.Errorf("%+v", r)
	}
	r := verified(t, m, verify.Options{Key: s.Key, Closed: true})
	if len(r.Faults) != 1 || r.Faults[0].Kind != verify.Unproved || r.Faults[0].First != size+1 {
		t.Errorf("%v", r.Faults)
	}
	m.rows[size+5] = "c"
	r = verified(t, m, verify.Options{Key: s.Key})
	if len(r.Faults) != 1 || r.Faults[0].Kind != verify.Missing || r.Faults[0].First != size+3 ||
		r.Faults[0].Last != size+4 {
		t.Errorf("with a gap behind it: %v", r.Faults)
	}
}

func TestVerify_OtherKey_ProvesNothing(t *testing.T) {
	s, random := treetest.NewSigner(t, "claviger/one"), mathrand.New(mathrand.NewPCG(7, 8))
	m := grown(t, s, random, 300, 10)
	r := verified(t, m, verify.Options{Key: treetest.NewSigner(t, "claviger/one").Key})
	kinds := map[verify.Kind]int{}
	for _, f := range r.Faults {
		kinds[f.Kind]++
	}
	if kinds[verify.OtherKey] != len(m.notes) || kinds[verify.Unsigned] != 1 || r.Checkpoints != 0 {
		t.Errorf("%v", r.Faults)
	}
}

// TestVerify_OlderTrail_IsToldByWhatWasHeld: all of it was put back as it was, and is right in
// itself. Only a checkpoint that was kept elsewhere says more.
func TestVerify_OlderTrail_IsToldByWhatWasHeld(t *testing.T) {
	s, random := treetest.NewSigner(t, "claviger/one"), mathrand.New(mathrand.NewPCG(9, 10))
	m := grown(t, s, random, 900, 10)
	sizes := slices.Sorted(maps.Keys(m.notes))
	then, now := sizes[len(sizes)/2], sizes[len(sizes)-1]
	old := m.clone()
	maps.DeleteFunc(old.rows, func(first int64, _ string) bool { return first > then })
	maps.DeleteFunc(old.notes, func(size int64, _ string) bool { return size > then })
	maps.Copy(old.tiles, func() map[[2]int64]string {
		again := old.clone()
		again.plant(t)
		return again.tiles
	}())
	if r := verified(t, old, verify.Options{Key: s.Key, Closed: true}); !r.OK() {
		t.Fatalf("the older trail by itself: %v", r.Faults)
	}
	r := verified(t, old, verify.Options{Key: s.Key, Held: [][]byte{[]byte(m.notes[now])}})
	if len(r.Faults) != 1 || r.Faults[0].Kind != verify.Older || r.Faults[0].First != then+1 ||
		r.Faults[0].Last != now {
		t.Errorf("%v", r.Faults)
	}
	// And one that went another way since is no trail of what was held, though the key has signed
	// both.
	other := grown(t, s, random, 900, 10)
	r = verified(t, other, verify.Options{Key: s.Key, Held: [][]byte{[]byte(m.notes[then])}})
	if len(r.Faults) != 1 || r.Faults[0].Kind != verify.Forked || r.Faults[0].Size != then {
		t.Errorf("another trail: %v", r.Faults)
	}
}

// TestVerify_CheckpointOfAnotherSize_IsNamedByItsRow: what a note says of itself is no place, once
// it isn't what was signed. Of one that was held there is nothing else.
func TestVerify_CheckpointOfAnotherSize_IsNamedByItsRow(t *testing.T) {
	s, random := treetest.NewSigner(t, "claviger/one"), mathrand.New(mathrand.NewPCG(21, 22))
	whole := grown(t, s, random, 200, 4)
	size := whole.sizes()[3]
	says := func(claimed string) []byte {
		return []byte(strings.Replace(whole.notes[size], fmt.Sprintf("\n%d\n", size),
			"\n"+claimed+"\n", 1))
	}
	for _, claimed := range []string{"1", "199", "123456789", "x"} {
		m := whole.clone()
		m.notes[size] = string(says(claimed))
		r := verified(t, m, verify.Options{Key: s.Key})
		if len(r.Faults) != 1 || r.Faults[0].Kind != verify.Forged || r.Faults[0].Size != size {
			t.Errorf("%s in the row of %d: %v", claimed, size, r.Faults)
		}
	}
	m := whole.clone()
	m.notes[-5] = m.notes[size]
	r := verified(t, m, verify.Options{Key: s.Key})
	if len(r.Faults) != 1 || r.Faults[0].Kind != verify.Forged || r.Faults[0].Size != -5 {
		t.Errorf("a row of a size that there can't be: %v", r.Faults)
	}
	r = verified(t, whole, verify.Options{Key: s.Key, Held: [][]byte{says("77")}})
	if len(r.Faults) != 1 || r.Faults[0].Kind != verify.Forged || r.Faults[0].Size != 77 {
		t.Errorf("one that was held: %v", r.Faults)
	}
}

func TestVerify_Faults_SayWhatAndWhere(t *testing.T) {
	why := errors.New("x")
	for want, f := range map[string]verify.Fault{
		"record 7 is not what was signed": {Kind: verify.Altered, First: 7, Last: 7},
		"record 7 is not what was signed: it has the bytes of record 9": {Kind: verify.Misplaced,
			First: 7, Last: 7, Of: 9},
		"records 3 to 5 are missing":                       {Kind: verify.Missing, First: 3, Last: 5},
		"records 8 to 9 are missing: the tail was cut off": {Kind: verify.Cut, First: 8, Last: 9},
		"the checkpoint of 5 records is forged: x":         {Kind: verify.Forged, Size: 5, Why: why},
	} {
		if got := f.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
