package verify

import (
	"bytes"
	"context"

	"claviger/audit/tree"

	"github.com/go-json-experiment/json"
)

// block is a tile of records, with what their bytes and the tree say of them.
type block struct {
	number   int64
	computed []tree.Hash // of the records
	have     []bool      // which are there
	stored   []tree.Hash // of the tile, as many as it has
}

// candidates are what a record may have been.
func (b *block) candidates(i int) []tree.Hash {
	var c []tree.Hash
	if b.have[i] {
		c = append(c, b.computed[i])
	}
	if i < len(b.stored) && (len(c) == 0 || c[0] != b.stored[i]) {
		c = append(c, b.stored[i])
	}
	return c
}

// mostBlocks bounds what is in memory of a trail in which everything is wrong: 64 MiB.
const mostBlocks = 4096

// scanning is the way through the rows.
type scanning struct {
	*verification
	row      row    // read, and not yet taken: the next one may show that it has too many records
	expected int64  // number of the next record
	at       *block // that is being filled
	spare    *block // to be used again
	untold   int64  // records since the progress was told
}

// row is a row of the trail.
type row struct {
	first   int64
	records [][]byte
}

// scan reads every record once, and holds it against the tile that has its hash.
func (v *verification) scan(ctx context.Context) error {
	s := &scanning{verification: v, expected: 1}
	v.levels = []level{{}}
	err := v.trail.Batches(func(first int64, records []byte) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return s.next(row{first, bytes.Split(records, newline)})
	})
	if err == nil {
		err = s.take(s.row)
	}
	if err == nil {
		err = s.reach((v.size + tree.Width - 1) >> tree.Height)
	}
	v.Tell(v.size, v.size)
	return err
}

var newline = []byte("\n")

// next takes the row before, now that it is known where this one begins.
func (s *scanning) next(r row) error {
	surplus := s.row.first + int64(len(s.row.records)) - r.first
	if s.row.records != nil && surplus > 0 {
		rightful, err := s.rightful(r)
		if err != nil {
			return err
		}
		s.fault(Fault{Kind: Doubled, First: r.first, Last: r.first + surplus - 1})
		if !rightful {
			// The row that is there too many is left out, as far as another one has its numbers.
			if surplus >= int64(len(r.records)) {
				return nil
			}
			r.records = r.records[surplus:]
			r.first += surplus
		} else {
			s.row.records = s.row.records[:r.first-s.row.first]
		}
	}
	before := s.row
	s.row = r
	return s.take(before)
}

// rightful reports whether the tree has the first record of a row at its number, so that it is the
// row before which has too many.
func (s *scanning) rightful(r row) (bool, error) {
	index := r.first - 1
	data, err := s.tile(0, index>>tree.Height, tree.Width)
	if err != nil {
		return false, err
	}
	stored := tree.Split(data)
	i := int(index % tree.Width)
	return i < len(stored) && stored[i] == tree.Leaf(r.records[0]), nil
}

// take hashes the records of a row.
func (s *scanning) take(r row) error {
	if r.records == nil {
		return nil
	}
	if s.report.Records == 0 {
		s.report.First = r.first
	} else if r.first > s.expected && s.expected > s.size {
		s.fault(Fault{Kind: Missing, First: s.expected, Last: r.first - 1})
	}
	for i, record := range r.records {
		n := r.first + int64(i)
		s.report.Records++
		s.report.Last = n
		if bytes.Contains(record, removes) {
			s.told = max(s.told, Removed(record))
		}
		if n > s.size {
			continue
		}
		if err := s.reach((n - 1) >> tree.Height); err != nil {
			return err
		}
		j := (n - 1) % tree.Width
		s.at.computed[j], s.at.have[j] = tree.Leaf(record), true
	}
	s.expected = r.first + int64(len(r.records))
	if s.untold += int64(len(r.records)); s.untold >= 4096 {
		s.untold = 0
		s.Tell(min(s.expected, s.size), s.size)
	}
	return nil
}

// removes is in the record that tells which records are removed because they are old. It may be in
// others, as a caller's own words.
var removes = []byte(`"DeleteTrailRecords"`)

// Removed returns the number of the newest record that the service says it removes because it is
// old, with all before it. It is 0 if the record says no such thing.
func Removed(record []byte) int64 {
	var r struct {
		EventName           string `json:"eventName"`
		EventType           string `json:"eventType"`
		AdditionalEventData struct {
			LastRecord int64 `json:"lastRecord"`
		} `json:"additionalEventData"`
	}
	if json.Unmarshal(record, &r) != nil || r.EventName != "DeleteTrailRecords" ||
		r.EventType != "AwsServiceEvent" {
		return 0
	}
	return r.AdditionalEventData.LastRecord
}

// reach ends the blocks before the one of that number, and begins it.
func (s *scanning) reach(number int64) error {
	for s.at == nil || s.at.number < number {
		next := int64(0)
		if s.at != nil {
			if err := s.end(s.at); err != nil {
				return err
			}
			next = s.at.number + 1
		}
		width := min(tree.Width, s.size-next<<tree.Height)
		if width <= 0 {
			s.at = &block{number: next}
			continue
		}
		s.at = s.fresh(next, int(width))
	}
	return nil
}

// fresh returns an empty block.
func (s *scanning) fresh(number int64, width int) *block {
	b := s.spare
	if b == nil {
		b = &block{computed: make([]tree.Hash, tree.Width), have: make([]bool, tree.Width)}
	}
	s.spare = nil
	b.number, b.computed, b.have = number, b.computed[:width], b.have[:width]
	clear(b.have)
	return b
}

// end holds a block against its tile, and keeps it if they differ or if something is missing.
func (s *scanning) end(b *block) error {
	width := len(b.have)
	if width == 0 {
		return nil
	}
	data, err := s.tile(0, b.number, width)
	if err != nil {
		return err
	}
	above := &s.levels[0]
	if s.same(b, data) && (!s.Bare || !s.edges[b.number]) {
		if width == tree.Width {
			above.put(b.number, tree.HashOf(b.computed))
		}
		s.spare = b
		return nil
	}
	b.stored = tree.Split(data)
	if width == tree.Width {
		above.put(b.number, b.hashes()...)
	}
	first := b.number<<tree.Height + 1
	if last := first + tree.Width - 1; last < s.report.First || first > s.report.Last {
		// Removed for its age, or cut off: that is told of all of them at once.
		s.spare = b
		return nil
	}
	if width == tree.Width {
		above.odd[b.number] = true
	}
	if len(s.blocks) < mostBlocks || s.edges[b.number] {
		s.blocks[b.number] = b
	}
	return nil
}

// same reports whether a block is all there, and as the tree has it.
func (s *scanning) same(b *block, data []byte) bool {
	for i, have := range b.have {
		if !have {
			return false
		}
		if s.Bare {
			continue
		}
		at := i * tree.HashSize
		if at >= len(data) || !bytes.Equal(data[at:at+tree.HashSize], b.computed[i][:]) {
			return false
		}
	}
	return true
}

// tile returns so many hashes of a tile, or those that are there.
func (v *verification) tile(level int, number int64, width int) ([]byte, error) {
	data, err := v.trail.Tile(level, number)
	data = data[:len(data)-len(data)%tree.HashSize]
	return data[:min(len(data), width*tree.HashSize)], err
}

// hashes are those that a block may have: by its records first, and by the tile where one is
// missing, and the other way round.
func (b *block) hashes() (all []tree.Hash) {
	first, last := make([]tree.Hash, len(b.have)), make([]tree.Hash, len(b.have))
	for i := range b.have {
		c := b.candidates(i)
		if len(c) == 0 {
			return nil
		}
		first[i], last[i] = c[0], c[len(c)-1]
	}
	return []tree.Hash{tree.HashOf(first), tree.HashOf(last)}
}
