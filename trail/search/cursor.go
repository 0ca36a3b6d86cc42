package search

import "slices"

// cursor finds the records that have a value, from the newest to the oldest.
type cursor interface {
	// seek returns the newest such record that isn't above n, or 0.
	seek(n uint32) (uint32, error)
}

// inMemory is the records of a block that isn't complete.
type inMemory []uint32

func (m inMemory) seek(n uint32) (uint32, error) {
	i, found := slices.BinarySearch(m, n)
	switch {
	case found:
		return n, nil
	case i == 0:
		return 0, nil
	}
	return m[i-1], nil
}

// gather returns the records of a hash among postings that are in order of records.
func gather(postings []posting, hash uint64) (m inMemory) {
	for _, p := range postings {
		if p.hash == hash && (len(m) == 0 || m[len(m)-1] != p.record) {
			m = append(m, p.record)
		}
	}
	return m
}

// inSegment reads the postings of one hash in a segment, and keeps those of one entry.
type inSegment struct {
	*segment
	hash  uint64
	table *tables
	at    int // the chunk in memory; -1: none
	chunk []byte
	inMemory
}

func (c *inSegment) seek(n uint32) (uint32, error) {
	m := c.inMemory
	if len(m) > 0 && m[0] <= n && n <= m[len(m)-1] {
		return m.seek(n)
	}
	i := c.table.find(c.hash, n)
	if i < 0 {
		return 0, nil
	}
	if i != c.at {
		var err error
		if c.chunk, err = c.read(&c.table.chunks[i]); err != nil {
			return 0, err
		}
		c.at = i
	}
	var found entry
	for b := c.chunk; len(b) > 0; {
		e, rest, err := next(b)
		if err != nil {
			return 0, err
		}
		if e.hash > c.hash || e.hash == c.hash && e.record > n {
			break
		}
		if e.hash == c.hash {
			found = e
		}
		b = rest
	}
	if found.count == 0 {
		return 0, nil
	}
	c.inMemory = found.numbers(c.inMemory[:0])
	return c.inMemory.seek(n)
}

// all finds the records that all of several cursors find.
type all []cursor

func (a all) seek(n uint32) (uint32, error) {
	agreed := 0
	for i := 0; agreed < len(a); i = (i + 1) % len(a) {
		at, err := a[i].seek(n)
		if err != nil || at == 0 {
			return 0, err
		}
		if at != n {
			n, agreed = at, 0
		}
		agreed++
	}
	return n, nil
}

// either finds the records that one of several cursors finds.
type either []cursor

func (e either) seek(n uint32) (newest uint32, err error) {
	for _, c := range e {
		at, err := c.seek(n)
		if err != nil {
			return 0, err
		}
		newest = max(newest, at)
	}
	return newest, nil
}
