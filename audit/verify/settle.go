package verify

import (
	"slices"

	"claviger/audit/tree"
)

// level is what may be the hashes of the complete tiles of one level, by their numbers: the entries
// of the level above.
type level struct {
	first []tree.Hash           // what is most likely, of each
	other map[int64][]tree.Hash // what else it may be
	none  map[int64]bool        // nothing is known of it
	odd   map[int64]bool        // something is off in it, or below it
}

// put says what the hash of a tile may be.
func (l *level) put(number int64, hashes ...tree.Hash) {
	if l.odd == nil {
		l.other, l.none, l.odd = map[int64][]tree.Hash{}, map[int64]bool{}, map[int64]bool{}
	}
	for int64(len(l.first)) <= number {
		l.first = append(l.first, tree.Hash{})
	}
	if len(hashes) == 0 {
		l.none[number], l.odd[number] = true, true
		return
	}
	l.first[number] = hashes[0]
	for _, h := range hashes[1:] {
		l.add(number, h)
	}
}

// add says what else it may be.
func (l *level) add(number int64, h tree.Hash) {
	switch {
	case l.none[number]:
		l.first[number] = h
		delete(l.none, number)
	case l.first[number] != h && !slices.Contains(l.other[number], h):
		l.other[number] = append(l.other[number], h)
		l.odd[number] = true
	}
}

// candidates are all that it may be.
func (l *level) candidates(number int64) []tree.Hash {
	if l.none[number] || number >= int64(len(l.first)) {
		return nil
	}
	return append([]tree.Hash{l.first[number]}, l.other[number]...)
}

// decide says what it is.
func (l *level) decide(number int64, h tree.Hash) {
	l.first[number] = h
	delete(l.other, number)
	delete(l.none, number)
}

// climb works out, level by level, what the hashes of the tiles may be, of what is below them and
// of what rests of them.
func (v *verification) climb() error {
	for i := 0; ; i++ {
		below := &v.levels[i]
		count := int64(len(below.first)) // entries of the level above
		if count == 0 {
			return nil
		}
		v.levels = append(v.levels, level{})
		below = &v.levels[i]
		for number := int64(0); number<<tree.Height < count; number++ {
			if err := v.climbTile(i+1, number, below); err != nil {
				return err
			}
		}
	}
}

// climbTile looks at one tile of a level above the records.
func (v *verification) climbTile(at int, number int64, below *level) error {
	begin := number << tree.Height
	width := int(min(tree.Width, int64(len(below.first))-begin))
	data, err := v.tile(at, number, width)
	if err != nil {
		return err
	}
	stored := tree.Split(data)
	odd := !v.Bare && len(stored) < width
	for i := range width {
		if i < len(stored) {
			below.add(begin+int64(i), stored[i])
		}
		odd = odd || below.odd[begin+int64(i)]
	}
	if width < tree.Width {
		return nil
	}
	first, last, known := make([]tree.Hash, width), make([]tree.Hash, width), true
	for i := range width {
		c := below.candidates(begin + int64(i))
		if known = known && len(c) > 0; known {
			first[i], last[i] = c[0], c[len(c)-1]
		}
	}
	above := &v.levels[at]
	if known {
		above.put(number, tree.HashOf(first), tree.HashOf(last))
	} else {
		above.put(number)
	}
	if len(stored) == width {
		above.add(number, tree.HashOf(stored))
	}
	if odd {
		above.odd[number] = true
	}
	return nil
}

// How many ways are tried to put a hash together of what its parts may be: of one, and in all.
const (
	triesOfOne = 4096
	mostTries  = 1 << 15
)

// fit finds the parts of which fold makes what is wanted, one of each list.
func (v *verification) fit(want tree.Hash, parts [][]tree.Hash,
	fold func([]tree.Hash) tree.Hash) ([]tree.Hash, bool) {
	chosen := make([]tree.Hash, len(parts))
	var open []int // parts of which there is more than one
	for i, c := range parts {
		if len(c) == 0 {
			return nil, false
		}
		chosen[i] = c[0]
		if len(c) > 1 {
			open = append(open, i)
		}
	}
	if fold(chosen) == want {
		return chosen, true
	}
	for _, i := range open {
		chosen[i] = parts[i][len(parts[i])-1]
	}
	if len(open) > 0 && fold(chosen) == want {
		return chosen, true
	}
	digits := make([]int, len(open))
	for range min(triesOfOne, v.tries) {
		v.tries--
		k := 0
		for k < len(open) {
			if digits[k]++; digits[k] < len(parts[open[k]]) {
				break
			}
			digits[k] = 0
			k++
		}
		if k == len(open) {
			return nil, false
		}
		for j, i := range open {
			chosen[i] = parts[i][digits[j]]
		}
		if fold(chosen) == want {
			return chosen, true
		}
	}
	return nil, false
}

// settle decides what each record was, by what was signed: by the newest checkpoint that something
// fits. The others must be of the same trail, and those which nothing fits bound where it was
// changed.
func (v *verification) settle() error {
	good, bad := int64(0), int64(0)
	for i := len(v.signed) - 1; i >= 0; i-- {
		size := v.signed[i].Size
		ok, err := v.settleRoot(v.signed[i].Checkpoint)
		if err != nil {
			return err
		}
		switch {
		case ok:
			good = max(good, size)
		case good > 0 && v.within(size):
		case good > 0 || i > 0 && v.signed[i-1].Size == size:
			v.fault(Fault{Kind: Forked, First: 1, Last: size, Size: size})
		default:
			bad = size
		}
	}
	if bad > 0 {
		v.fault(Fault{Kind: Rewritten, First: good + 1, Last: bad, Size: bad})
		v.suspect(good+1, bad)
	}
	return nil
}

// within reports whether a tree ends in the midst of records of which nothing is known, so that its
// root can't be told.
func (v *verification) within(size int64) bool {
	return slices.ContainsFunc(v.lost, func(f Fault) bool { return f.First <= size && size < f.Last })
}

// settleRoot decides what the tree of a checkpoint was, or reports that nothing fits.
func (v *verification) settleRoot(c tree.Checkpoint) (bool, error) {
	var parts [][]tree.Hash
	var widths []int
	for at := 0; ; at++ {
		number, width := tree.Edge(c.Size, at)
		if number == 0 && width == 0 {
			break
		}
		widths = append(widths, width)
		some, err := v.parts(at, number, width)
		if err != nil {
			return false, err
		}
		parts = append(parts, some...)
	}
	edge := make([][]tree.Hash, len(widths))
	chosen, ok := v.fit(c.Root, parts, func(hashes []tree.Hash) tree.Hash {
		for at, width := range widths {
			edge[at], hashes = hashes[:width], hashes[width:]
		}
		return tree.Root(edge)
	})
	if !ok {
		return false, nil
	}
	for at, width := range widths {
		number, _ := tree.Edge(c.Size, at)
		if err := v.settled(at, number, chosen[:width]); err != nil {
			return false, err
		}
		chosen = chosen[width:]
	}
	return true, nil
}

// parts are what the first hashes of a tile may be.
func (v *verification) parts(at int, number int64, width int) (parts [][]tree.Hash, err error) {
	if at > 0 {
		for i := range width {
			parts = append(parts, v.levels[at-1].candidates(number<<tree.Height+int64(i)))
		}
		return parts, nil
	}
	if b := v.blocks[number]; b != nil {
		for i := range width {
			parts = append(parts, b.candidates(i))
		}
		return parts, nil
	}
	data, err := v.tile(0, number, width) // it is as the records are
	for _, h := range tree.Split(data) {
		parts = append(parts, []tree.Hash{h})
	}
	return append(parts, make([][]tree.Hash, width-len(parts))...), err
}

// settled goes on below hashes of a tile that are decided.
func (v *verification) settled(at int, number int64, hashes []tree.Hash) error {
	if at == 0 {
		if b := v.blocks[number]; b != nil {
			v.tellRecords(b, hashes)
		}
		return nil
	}
	data, err := v.tile(at, number, len(hashes))
	if err != nil {
		return err
	}
	begin := number << tree.Height
	stored := tree.Split(data)
	below := &v.levels[at-1]
	for i, h := range hashes {
		child := begin + int64(i)
		if !v.Bare && (i >= len(stored) || stored[i] != h) {
			first, last := span(at, number, i)
			v.fault(Fault{Kind: Tile, First: first, Last: last, Level: at, Number: number})
		}
		if !below.odd[child] {
			continue
		}
		below.decide(child, h)
		delete(below.odd, child) // once
		if err := v.settleTile(at-1, child, h); err != nil {
			return err
		}
	}
	return nil
}

// settleTile decides what the hashes of a complete tile are, whose own is known.
func (v *verification) settleTile(at int, number int64, want tree.Hash) error {
	if at == 0 && v.blocks[number] == nil { // there were too many of them
		first, last := span(1, number>>tree.Height, int(number%tree.Width))
		v.fault(Fault{Kind: Altered, First: first, Last: last})
		return nil
	}
	parts, err := v.parts(at, number, tree.Width)
	if err != nil {
		return err
	}
	chosen, ok := v.fit(want, parts, tree.HashOf)
	if ok {
		return v.settled(at, number, chosen)
	}
	first, last := span(at+1, number>>tree.Height, int(number%tree.Width))
	v.fault(Fault{Kind: Rewritten, First: first, Last: last})
	v.suspect(first, last)
	return nil
}

// span are the numbers of the records below one hash of a tile.
func span(at int, number int64, i int) (first, last int64) {
	each := int64(1) << (tree.Height * at)
	index := (number<<tree.Height + int64(i)) * each
	return index + 1, index + each
}

// tellRecords tells which records, and which hashes of their tile, are not what was signed.
func (v *verification) tellRecords(b *block, hashes []tree.Hash) {
	for i, h := range hashes {
		n := b.number<<tree.Height + int64(i) + 1
		switch {
		case !b.have[i] && n >= v.report.First && n <= v.report.Last:
			v.fault(Fault{Kind: Missing, First: n, Last: n})
		case b.have[i] && b.computed[i] != h:
			v.altered(n, b.computed[i])
		}
		if !v.Bare && (i >= len(b.stored) || b.stored[i] != h) {
			v.fault(Fault{Kind: Tile, First: n, Last: n, Number: b.number})
		}
		// What was told is told once, and what was signed is what counts from here on.
		b.computed[i], b.have[i] = h, true
		if i < len(b.stored) {
			b.stored[i] = h
		}
	}
}

// suspect tells which records of a range differ from the tree, where neither is what was signed.
func (v *verification) suspect(first, last int64) {
	for n := first; n <= last; n++ {
		b := v.blocks[(n-1)>>tree.Height]
		if b == nil {
			n = ((n-1)>>tree.Height + 1) << tree.Height // on to the last of the block
			continue
		}
		i := int((n - 1) % tree.Width)
		switch {
		case i >= len(b.have):
			return
		case !b.have[i] && n >= v.report.First && n <= v.report.Last:
			v.fault(Fault{Kind: Missing, First: n, Last: n})
		case b.have[i] && i < len(b.stored) && b.stored[i] != b.computed[i]:
			v.altered(n, b.computed[i])
		}
	}
}

// altered tells of a record that has another hash than was signed.
func (v *verification) altered(n int64, has tree.Hash) {
	if at := len(v.report.Faults); at < MostFaults {
		v.strange[has] = append(v.strange[has], at)
	}
	v.fault(Fault{Kind: Altered, First: n, Last: n})
}
