package search

// Sizes, in numbers of records. They are part of the format.
const (
	blockSize   = 4096 // of a segment of level 0
	fanOut      = 16   // segments of one level are one of the next
	levels      = 3    // the segments of the last one are not merged
	granuleSize = 256  // records whose times are told apart from others'
)

// sizeOf is how many numbers a segment of a level is about.
func sizeOf(level int) int64 {
	size := int64(blockSize)
	for range level {
		size *= fanOut
	}
	return size
}

// place is a segment's: those numbers of its level that are above index times the size.
type place struct {
	level int
	index int64
}

// base is the number before the first one of a segment.
func (p place) base() int64 { return p.index * sizeOf(p.level) }

// end is the last number of a segment.
func (p place) end() int64 { return p.base() + sizeOf(p.level) }

// parent is the segment that one is merged into.
func (p place) parent() place { return place{p.level + 1, p.index / fanOut} }

// blockOf is the place of level 0 that a number belongs to.
func blockOf(number int64) place { return place{0, (number - 1) / blockSize} }

// posting says that a record has a value. Numbers are counted from the segment's base, the first
// is 1.
type posting struct {
	hash   uint64
	record uint32
}

// span is a range of times; an empty one has no times.
type span struct{ from, to int64 }

var emptySpan = span{from: ever << 10, to: -1}

func (s *span) add(at int64) {
	s.from, s.to = min(s.from, at), max(s.to, at)
}

func (s *span) join(t span) { s.from, s.to = min(s.from, t.from), max(s.to, t.to) }

// meets reports whether a range of times has any of from to to.
func (s *span) meets(from, to int64) bool { return s.from <= to && from <= s.to }

// granule is what is known of 256 records without looking at them: when their events were, in
// seconds, and when their ids were made, in milliseconds. An id that doesn't tell is a value like
// others.
type granule struct{ events, ids span }

var emptyGranule = granule{events: emptySpan, ids: emptySpan}

func (g *granule) join(o granule) {
	g.events.join(o.events)
	g.ids.join(o.ids)
}

// scope is an account and a Region that there are records of.
type scope struct{ account, region string }

// block gathers what a segment of level 0 is made of.
type block struct {
	place
	seed     seed
	postings []posting // of records in order
	granules []granule
	scopes   map[scope]uint64 // and their hashes
	before   scope            // of the record before
	last     int64            // the newest record that was added; 0: none
	print    uint64           // of that record's line
	record   record
}

func newBlock(at place, s seed) *block {
	b := &block{place: at, seed: s, scopes: map[scope]uint64{},
		postings: make([]posting, 0, 14*blockSize)}
	for range blockSize / granuleSize {
		b.granules = append(b.granules, emptyGranule)
	}
	return b
}

// add takes the next record of the trail.
func (b *block) add(number int64, line []byte) {
	r := &b.record
	r.parse(line)
	n := uint32(number - b.base())
	g := &b.granules[(n-1)/granuleSize]
	g.events.add(r.at)
	under := b.under(r.account, r.region)
	b.postings = append(b.postings, posting{hashOf(under, anything, nil), n})
	at, told := timeOf(r.id)
	if told {
		g.ids.add(at)
	}
	r.values(func(a Attribute, value []byte) {
		if a != EventID || !told {
			b.postings = append(b.postings, posting{hashOf(under, a, value), n})
		}
	})
	b.last = number
}

// under returns the hash of a scope. Most records have that of the one before.
func (b *block) under(account, region []byte) uint64 {
	if b.last != 0 && string(account) == b.before.account && string(region) == b.before.region {
		return b.scopes[b.before]
	}
	b.before = scope{string(account), string(region)}
	if b.scopes[b.before] == 0 {
		b.scopes[b.before] = b.seed.scope(account, region)
	}
	return b.scopes[b.before]
}

// sorted returns the postings in order of their hashes, and those of one hash in order of their
// records. It is a radix sort, from the last byte of the hash to the first: each pass keeps the
// order of the one before, and records came in order.
func sorted(postings []posting) []posting {
	from, to := append([]posting(nil), postings...), make([]posting, len(postings))
	for shift := 0; shift < 64; shift += 8 {
		var count [257]int
		for _, p := range from {
			count[p.hash>>shift&0xff+1]++
		}
		for i := range 256 {
			count[i+1] += count[i]
		}
		for _, p := range from {
			at := &count[p.hash>>shift&0xff]
			to[*at] = p
			*at++
		}
		from, to = to, from
	}
	return from
}
