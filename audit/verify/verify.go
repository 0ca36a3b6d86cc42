// Package verify holds a trail against what was signed over it, and says of each fault where it is.
//
// Two things tell of each record what it was: its own bytes, and the tree's tiles. Neither is
// believed. What was signed decides which of the two is right, from the root down to the record:
// whoever changes only one of them is found exactly, and whoever changes both between the two
// checkpoints around.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"claviger/audit/tree"
)

// Trail is what is verified: a copy of the database, or what was exported of it.
type Trail interface {
	tree.Tiles
	// Batches calls each for the rows of the trail in the order of their numbers. A row is called by
	// the number of its first record; records are lines, and each may keep them.
	Batches(each func(first int64, records []byte) error) error
	// Checkpoints calls each for the signed notes that rest beside the trail, and their sizes as they
	// are told there.
	Checkpoints(each func(size int64, signed []byte) error) error
}

// Options says what is asked.
type Options struct {
	Key    *tree.Key               // from elsewhere than the trail, or nothing is proved
	Held   [][]byte                // checkpoints that were kept elsewhere
	Whole  bool                    // the oldest records must be there, too
	Closed bool                    // every record must be proved: nobody was writing any more
	Bare   bool                    // there are no tiles: the records are all there is
	Part   bool                    // some records are looked at, and none before or behind is missed
	Tell   func(done, total int64) // nil, or told of the progress now and then
}

// Report says what was found.
type Report struct {
	Checkpoint  tree.Checkpoint // the newest that is signed
	Checkpoints int             // that are signed, those that were held included
	First, Last int64           // numbers of the oldest and the newest record that are there
	Records     int64           // that are there
	Removed     int64           // oldest records that aren't there and whose hashes are
	Unproved    int64           // records behind the checkpoint: nothing says what they were
	Faults      []Fault         // by position; at most [MostFaults]
	More        int64           // faults beyond these
}

// MostFaults is how many faults are told one by one.
const MostFaults = 1000

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

// verification is one run.
type verification struct {
	Options
	trail  Trail
	report *Report
	signed []mark // in order of their sizes
	size   int64  // of the newest
	levels []level
	blocks map[int64]*block // tiles of records in which something is off
	edges  map[int64]bool   // tiles of records in which a checkpoint ends
	lost   []Fault          // ranges of records of which nothing tells any more what was signed
	tries  int              // that are left to put hashes together
	told   int64            // the newest record of which a later one says that it is removed
	// of hashes that records have and shouldn't, the places of their faults in the report
	strange map[tree.Hash][]int
}

// mark is a checkpoint whose signature is the key's.
type mark struct {
	tree.Checkpoint
	held bool
}

// Verify holds a trail against what was signed. An error says that it could not be read; what is
// wrong with it is in the report.
func Verify(ctx context.Context, trail Trail, o Options) (*Report, error) {
	if o.Key == nil {
		return nil, errors.New("verify: no key")
	}
	if o.Tell == nil {
		o.Tell = func(int64, int64) {}
	}
	v := &verification{Options: o, trail: trail, report: &Report{}, blocks: map[int64]*block{},
		edges: map[int64]bool{}, strange: map[tree.Hash][]int{}, tries: mostTries}
	if err := v.readCheckpoints(); err != nil {
		return nil, err
	}
	if err := v.scan(ctx); err != nil {
		return nil, err
	}
	v.judgeRange()
	if v.size > 0 {
		if err := v.climb(); err != nil {
			return nil, err
		}
		if err := v.settle(); err != nil {
			return nil, err
		}
		if err := v.recognise(); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(v.report.Faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
	})
	return v.report, nil
}

// readCheckpoints takes the checkpoints whose signature is right, and tells of the others.
func (v *verification) readCheckpoints() error {
	newest := int64(0)
	add := func(size int64, signed []byte, held bool) {
		c, err := tree.Open(signed, v.Key)
		if held { // nothing but itself says of how many records it is
			claimed, _ := tree.Claimed(signed)
			size = claimed.Size
		}
		switch {
		case errors.Is(err, tree.ErrOtherKey):
			v.fault(Fault{Kind: OtherKey, Size: size, Why: err})
		case err != nil:
			v.fault(Fault{Kind: Forged, Size: size, Why: err})
		case c.Size != size:
			v.fault(Fault{Kind: Forged, Size: size,
				Why: fmt.Errorf("what was signed is of %d records", c.Size)})
		default:
			v.signed = append(v.signed, mark{c, held})
			if !held {
				newest = max(newest, c.Size)
			}
		}
	}
	err := v.trail.Checkpoints(func(size int64, signed []byte) error {
		add(size, signed, false)
		return nil
	})
	if err != nil {
		return err
	}
	for _, signed := range v.Held {
		add(0, signed, true)
	}
	slices.SortStableFunc(v.signed, func(a, b mark) int { return cmp.Compare(a.Size, b.Size) })
	v.report.Checkpoints = len(v.signed)
	v.choose(newest)
	return nil
}

// choose takes the newest checkpoint that rests beside the trail for the one that the whole must
// have, or the newest that was held if none does. What was held and is newer than the trail's shows
// that the trail is an older one.
func (v *verification) choose(newest int64) {
	if newest == 0 && len(v.signed) > 0 {
		newest = v.signed[len(v.signed)-1].Size
	}
	for _, m := range v.signed {
		if m.Size > newest {
			v.fault(Fault{Kind: Older, First: newest + 1, Last: m.Size, Size: m.Size})
			continue
		}
		v.edges[m.Size>>tree.Height] = true
		if m.Size == newest {
			v.report.Checkpoint = m.Checkpoint
		}
	}
	v.signed = slices.DeleteFunc(v.signed, func(m mark) bool { return m.Size > newest })
	v.size = newest
	if newest == 0 {
		v.fault(Fault{Kind: Unsigned})
	}
}

// judgeRange tells what the numbers alone say: which records are there.
func (v *verification) judgeRange() {
	r := v.report
	if r.Removed = max(0, r.First-1); r.Records == 0 {
		r.Removed = 0
	}
	told := v.told
	if v.Whole {
		told = 0
	}
	if r.Removed > told && !v.Part {
		v.fault(Fault{Kind: Missing, First: told + 1, Last: r.Removed})
	}
	if r.Last < v.size && !v.Part {
		v.fault(Fault{Kind: Cut, First: r.Last + 1, Last: v.size})
	}
	r.Unproved = max(0, r.Last-max(v.size, r.First-1))
	if r.Unproved > 0 && v.Closed {
		v.fault(Fault{Kind: Unproved, First: r.Last - r.Unproved + 1, Last: r.Last})
	}
}

// fault remembers a fault. What goes on from the one before is one with it.
func (v *verification) fault(f Fault) {
	faults := v.report.Faults
	if n := len(faults); n > 0 && f.Kind == faults[n-1].Kind && f.First == faults[n-1].Last+1 &&
		(f.Kind == Missing || f.Kind == Tile && f.Level == 0 && f.Number == faults[n-1].Number) {
		faults[n-1].Last = f.Last
		return
	}
	if f.Kind == Rewritten {
		v.lost = append(v.lost, f)
	}
	if len(faults) == MostFaults {
		v.report.More++
		return
	}
	v.report.Faults = append(faults, f)
}

// recognise tells of records that are not what was signed whether they are other ones.
func (v *verification) recognise() error {
	if len(v.strange) == 0 {
		return nil
	}
	for number := int64(0); number<<tree.Height < v.size; number++ {
		data, err := v.tile(0, number, tree.Width)
		if err != nil {
			return err
		}
		for i, h := range tree.Split(data) {
			for _, at := range v.strange[h] {
				f := &v.report.Faults[at]
				if is := number<<tree.Height + int64(i) + 1; is != f.First {
					f.Kind, f.Of = Misplaced, is
				}
			}
		}
	}
	return nil
}
