package verify_test

import (
	"bytes"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"claviger/audit/tree"
	"claviger/audit/tree/treetest"
	"claviger/audit/verify"
	"claviger/torture/driver"
)

// place is where something was changed: records, or a checkpoint.
type place struct{ first, last, size int64 }

// mutation changes a trail, and returns all places that may be blamed for it, and of how many of
// them something must be said.
type mutation func(m *memory, random *mathrand.Rand) []place

func pick[T any](random *mathrand.Rand, all []T) T { return all[random.IntN(len(all))] }

func flipped(s string, random *mathrand.Rand) string {
	b := []byte(s)
	b[random.IntN(len(b))] ^= 1 << random.IntN(8)
	return string(b)
}

func (m *memory) place(first int64) place { return place{first: first, last: m.last(first)} }

func (m *memory) sizes() []int64 { return slices.Sorted(maps.Keys(m.notes)) }

func (m *memory) newest() int64 { return slices.Max(m.sizes()) }

// leaf puts the hash of a record into its tile.
func (m *memory) leaf(n int64, h tree.Hash) {
	at := [2]int64{0, (n - 1) >> tree.Height}
	data := []byte(m.tiles[at])
	copy(data[(n-1)%tree.Width*tree.HashSize:], h[:])
	m.tiles[at] = string(data)
}

// mutations are by what somebody does who can write to the database and can't sign.
var mutations = map[string]mutation{
	"bit of a row": func(m *memory, random *mathrand.Rand) []place {
		first := pick(random, m.firsts())
		p := m.place(first)
		m.rows[first] = flipped(m.rows[first], random)
		p.last = max(p.last, m.last(first)) // a bit may make one record two
		return []place{p}
	},
	"row missing": func(m *memory, random *mathrand.Rand) []place {
		firsts := m.firsts()
		p := m.place(pick(random, firsts[1:]))
		delete(m.rows, p.first)
		return []place{p}
	},
	"first row missing": func(m *memory, random *mathrand.Rand) []place {
		p := m.place(1)
		delete(m.rows, 1)
		return []place{p}
	},
	"row doubled between others": func(m *memory, random *mathrand.Rand) []place {
		for {
			from, to := pick(random, m.firsts()), random.Int64N(m.newest())+1
			if _, taken := m.rows[to]; !taken {
				m.rows[to] = m.rows[from]
				return []place{m.place(to)}
			}
		}
	},
	"row doubled at the end": func(m *memory, random *mathrand.Rand) []place {
		to := m.newest() + 1
		m.rows[to] = m.rows[pick(random, m.firsts())]
		return []place{m.place(to)}
	},
	"row doubled over another": func(m *memory, random *mathrand.Rand) []place {
		from, to := pick(random, m.firsts()), pick(random, m.firsts())
		for from == to {
			to = pick(random, m.firsts())
		}
		p := m.place(to)
		m.rows[to] = m.rows[from]
		p.last = max(p.last, m.last(to))
		return []place{p}
	},
	"rows swapped": func(m *memory, random *mathrand.Rand) []place {
		a, b := pick(random, m.firsts()), pick(random, m.firsts())
		for a == b {
			b = pick(random, m.firsts())
		}
		p, q := m.place(a), m.place(b)
		m.rows[a], m.rows[b] = m.rows[b], m.rows[a]
		p.last, q.last = max(p.last, m.last(a)), max(q.last, m.last(b))
		return []place{p, q}
	},
	"records of a row swapped": func(m *memory, random *mathrand.Rand) []place {
		for {
			first := pick(random, m.firsts())
			lines := strings.Split(m.rows[first], "\n")
			if len(lines) < 2 {
				continue
			}
			i := random.IntN(len(lines) - 1)
			lines[i], lines[i+1] = lines[i+1], lines[i]
			m.rows[first] = strings.Join(lines, "\n")
			n := first + int64(i)
			return []place{{first: n, last: n}, {first: n + 1, last: n + 1}}
		}
	},
	"row called by another number": func(m *memory, random *mathrand.Rand) []place {
		for {
			first := pick(random, m.firsts())
			to := first + random.Int64N(7) - 3
			if _, taken := m.rows[to]; taken || to < 1 {
				continue
			}
			p := m.place(first)
			m.rows[to] = m.rows[first]
			delete(m.rows, first)
			return []place{{first: min(to, first), last: max(m.last(to), p.last)}}
		}
	},
	"tail cut": func(m *memory, random *mathrand.Rand) []place {
		firsts := m.firsts()
		last := m.newest()
		n := random.IntN(10) + 1
		for _, first := range firsts[len(firsts)-n:] {
			delete(m.rows, first)
		}
		return []place{{first: firsts[len(firsts)-n], last: last}}
	},
	"bit of a tile": func(m *memory, random *mathrand.Rand) []place {
		at := pick(random, slices.SortedFunc(maps.Keys(m.tiles), compareTiles))
		m.tiles[at] = flipped(m.tiles[at], random)
		return []place{placeOf(at)}
	},
	"tile missing": func(m *memory, random *mathrand.Rand) []place {
		at := pick(random, slices.SortedFunc(maps.Keys(m.tiles), compareTiles))
		delete(m.tiles, at)
		return []place{placeOf(at)}
	},
	"tile cut": func(m *memory, random *mathrand.Rand) []place {
		at := pick(random, slices.SortedFunc(maps.Keys(m.tiles), compareTiles))
		m.tiles[at] = m.tiles[at][:random.IntN(len(m.tiles[at]))]
		return []place{placeOf(at)}
	},
	"record and its hash": func(m *memory, random *mathrand.Rand) []place {
		first := pick(random, m.firsts())
		lines := strings.Split(m.rows[first], "\n")
		i := random.IntN(len(lines))
		lines[i] += " "
		m.rows[first] = strings.Join(lines, "\n")
		n := first + int64(i)
		m.leaf(n, tree.Leaf([]byte(lines[i])))
		return []place{{first: n, last: n}}
	},
	"record and the whole tree": func(m *memory, random *mathrand.Rand) []place {
		first := pick(random, m.firsts())
		p := m.place(first)
		m.rows[first] = strings.Replace(m.rows[first], "eventID", "eventId", 1)
		b := new(tree.Builder)
		for _, first := range m.firsts() {
			for record := range strings.SplitSeq(m.rows[first], "\n") {
				b.Append(tree.Leaf([]byte(record)))
			}
		}
		for _, tile := range b.Changed() {
			m.tiles[[2]int64{int64(tile.Level), tile.Number}] = string(tile.Hashes)
		}
		return []place{p}
	},
	"bit of a checkpoint": func(m *memory, random *mathrand.Rand) []place {
		size := pick(random, m.sizes())
		m.notes[size] = flipped(m.notes[size], random)
		return []place{{size: size}}
	},
	"checkpoint of another one's size": func(m *memory, random *mathrand.Rand) []place {
		sizes := m.sizes()
		i := random.IntN(len(sizes) - 1)
		m.notes[sizes[i]] = m.notes[sizes[i+1]]
		return []place{{size: sizes[i]}}
	},
	"newest checkpoint missing": func(m *memory, random *mathrand.Rand) []place {
		sizes := m.sizes()
		delete(m.notes, sizes[len(sizes)-1])
		return []place{{first: sizes[len(sizes)-2] + 1, last: sizes[len(sizes)-1]}}
	},
}

func compareTiles(a, b [2]int64) int { return slices.Compare(a[:], b[:]) }

// placeOf are the records below a tile.
func placeOf(at [2]int64) place {
	each := int64(1) << (tree.Height * (at[0] + 1))
	return place{first: at[1]*each + 1, last: (at[1] + 1) * each}
}

// says reports whether a fault is about a place.
func says(f verify.Fault, p place) bool {
	if p.size > 0 {
		return f.Size == p.size && f.First == 0
	}
	return f.First > 0 && f.First <= p.last && f.Last >= p.first
}

// TestVerify_AnyMutation_IsFoundAtItsPlace, and nothing else is blamed. The whole sweep tries
// 10,000.
func TestVerify_AnyMutation_IsFoundAtItsPlace(t *testing.T) {
	s, random := treetest.NewSigner(t, "claviger/one"), mathrand.New(mathrand.NewPCG(11, 12))
	forger := treetest.NewSigner(t, "claviger/one")
	mutations["checkpoint by another key"] = func(m *memory, random *mathrand.Rand) []place {
		size := pick(random, m.sizes())
		c, err := tree.Claimed([]byte(m.notes[size]))
		if err != nil {
			t.Fatal(err)
		}
		note, err := c.Sign(forger)
		if err != nil {
			t.Fatal(err)
		}
		m.notes[size] = string(note)
		return []place{{size: size}}
	}
	names := slices.Sorted(maps.Keys(mutations))
	var whole *memory
	tries := 1500
	if driver.Whole() {
		tries = 10_000
	}
	changed := 0
	for i := range tries {
		if i%300 == 0 {
			whole = grown(t, s, random, int64(random.IntN(800)+60), 12)
		}
		name := names[i%len(names)]
		m := whole.clone()
		places := mutations[name](m, random)
		newest := whole.newest()
		if len(places) == 1 && places[0].size == newest {
			// What it alone has said is not proved any more, and that is said too.
			places = append(places, place{first: 1, last: newest})
		}
		r := verified(t, m, verify.Options{Key: s.Key, Whole: true, Closed: true})
		for _, p := range places {
			if !slices.ContainsFunc(r.Faults, func(f verify.Fault) bool { return says(f, p) }) {
				t.Fatalf("%s (%d): nothing is said of %+v: %v", name, i, p, r.Faults)
			}
		}
		for _, f := range r.Faults {
			if !slices.ContainsFunc(places, func(p place) bool { return says(f, p) }) {
				t.Fatalf("%s (%d) at %+v: %v is blamed", name, i, places, f)
			}
		}
		changed += len(places)
	}
	driver.Report(t, "mutations", "A trail of 60 to 860 records was changed as somebody may who can write "+
		"to the database and can't sign: bits of records, of the tree and of checkpoints; records and "+
		"tiles that are missing, moved, doubled or cut; records with their hashes and with the whole tree "+
		"made anew; checkpoints by another key. Then it was verified.", "mutations", tries,
		"kinds of them", len(names), "places that were changed", changed, "of them not found", 0,
		"other places that were blamed", 0)
}

// TestVerify_MutationOfRecordsAlone_IsFoundBetweenCheckpoints: without tiles, as of an export.
func TestVerify_MutationOfRecordsAlone_IsFoundBetweenCheckpoints(t *testing.T) {
	s, random := treetest.NewSigner(t, "claviger/one"), mathrand.New(mathrand.NewPCG(13, 14))
	whole := grown(t, s, random, 700, 8)
	whole.tiles = nil
	for range 200 {
		m := whole.clone()
		p := mutations["bit of a row"](m, random)[0]
		r := verified(t, m, verify.Options{Key: s.Key, Bare: true, Whole: true, Closed: true})
		if !slices.ContainsFunc(r.Faults, func(f verify.Fault) bool { return says(f, p) }) {
			t.Fatalf("nothing is said of %+v: %v", p, r.Faults)
		}
		for _, f := range r.Faults {
			between := slices.ContainsFunc(m.sizes(), func(size int64) bool {
				return f.First <= size && size < f.Last
			})
			if f.Kind == verify.Rewritten && between {
				t.Errorf("%+v is found in %v, with a checkpoint in between", p, f)
			}
		}
	}
}

// TestVerify_MovedRecords_AreRecognised: of a record it is said whose bytes it has.
func TestVerify_MovedRecords_AreRecognised(t *testing.T) {
	s, random := treetest.NewSigner(t, "claviger/one"), mathrand.New(mathrand.NewPCG(15, 16))
	whole := grown(t, s, random, 700, 8)
	for range 50 {
		m := whole.clone()
		p := mutations["records of a row swapped"](m, random)
		r := verified(t, m, verify.Options{Key: s.Key})
		if len(r.Faults) != 2 || r.Faults[0].Kind != verify.Misplaced || r.Faults[0].Of != p[1].first ||
			r.Faults[1].Kind != verify.Misplaced || r.Faults[1].Of != p[0].first {
			t.Fatalf("%v: %v", p, r.Faults)
		}
	}
}

// TestVerify_EverythingWrong_EndsInTime, and says so of a bounded number of places.
func TestVerify_EverythingWrong_EndsInTime(t *testing.T) {
	s, random := treetest.NewSigner(t, "claviger/one"), mathrand.New(mathrand.NewPCG(17, 18))
	m := grown(t, s, random, 40_000, 2000)
	for first, records := range m.rows {
		m.rows[first] = strings.ReplaceAll(records, "is", "was")
	}
	for at, data := range m.tiles {
		m.tiles[at] = string(bytes.Repeat([]byte{1}, len(data)))
	}
	r := verified(t, m, verify.Options{Key: s.Key})
	if r.OK() || len(r.Faults) > verify.MostFaults {
		t.Errorf("%d faults", len(r.Faults))
	}
}
