package search

import (
	"context"
	"errors"
)

// Bounds of one page: how many records are read that no segment is about, and how many that the
// index gave and that were not what was asked for. Then the page is given as it is.
const (
	mostRead   = 50_000
	mostInVain = 5_000
)

var errEnough = errors.New("search: the page is full, or took enough")

// Page is a part of what was found, newest first.
type Page struct {
	Events []Event

	// Next is what the next page begins before; 0: there is none. A page that little was found for
	// is short, and may have nothing and yet a next one.
	Next int64
}

// Find returns records with numbers below before, or the newest if before is 0. It sees all that
// was committed when it was called.
func (x *Index) Find(ctx context.Context, q Query, before int64, size int) (Page, error) {
	newest, err := x.trail.newest()
	if err != nil {
		return Page{}, err
	}
	oldest, err := x.trail.oldest()
	if err != nil {
		return Page{}, err
	}
	if before <= 0 || before > newest {
		before = newest + 1
	}
	f := &finding{Context: ctx, plan: x.seed.plan(q), size: size, at: before, mostRead: x.mostRead,
		lines: lines{trail: x.trail}}
	err = x.look(f, oldest)
	if err != nil && !errors.Is(err, errEnough) {
		return Page{}, err
	}
	if len(f.found) > size {
		f.found = f.found[:size]
		f.at = f.found[size-1].Number
	} else if err == nil {
		f.at = 0
	}
	return Page{Events: f.found, Next: f.at}, nil
}

// finding is one lookup.
type finding struct {
	context.Context
	plan
	size           int
	found          []Event
	at             int64 // all from this number on was looked at
	lines          lines
	record         record
	read, mostRead int // records that no segment told of
	inVain         int // records that one told of, and that were others
}

// take looks at a record.
func (f *finding) take(number int64, line []byte) error {
	if f.record.parse(line); f.matches(&f.record) {
		f.found = append(f.found, f.record.event(number, line))
	}
	f.at = number
	if len(f.found) > f.size {
		return errEnough
	}
	return nil
}

// scan looks at all records from high down to low.
func (f *finding) scan(low, high int64, hint []byte) error {
	before := high + 1
	return f.lines.back(low, high, hint, func(number int64, line []byte) error {
		if err := f.Err(); err != nil {
			return err
		}
		f.read += int(before - number)
		if before = number; f.read > f.mostRead {
			return errEnough
		}
		if line == nil {
			f.at = number
			return nil
		}
		return f.take(number, line)
	})
}

// part is what a segment, or the block in memory, says of the numbers above base.
type part struct {
	base     int64
	cursor   cursor
	granules []granule
}

// look looks into a part for records from high down.
func (f *finding) look(p part, high int64) error {
	for n := f.below(p, uint32(high-p.base)); n > 0; n = f.below(p, n) {
		if f.id != nil {
			low := (n-1)/granuleSize*granuleSize + 1
			if err := f.scan(p.base+int64(low), p.base+int64(n), f.id); err != nil {
				return err
			}
			n = low - 1
			continue
		}
		at, err := p.cursor.seek(n)
		if err != nil || at == 0 {
			return err
		}
		if g := &p.granules[(at-1)/granuleSize]; g.events.meets(f.from, f.to) {
			if err := f.fetch(p.base + int64(at)); err != nil {
				return err
			}
			at--
		}
		n = at
	}
	return nil
}

// below returns the newest number that isn't above n and whose granule may have what is asked for.
func (f *finding) below(p part, n uint32) uint32 {
	for n > 0 {
		i := (n - 1) / granuleSize
		g := &p.granules[i]
		if g.events.meets(f.from, f.to) && (f.id == nil || g.ids.meets(f.idAt, f.idAt)) {
			return n
		}
		n = i * granuleSize
	}
	return 0
}

// fetch looks at a record that the index has given.
func (f *finding) fetch(number int64) error {
	if err := f.Err(); err != nil {
		return err
	}
	line, err := f.lines.at(number)
	if err != nil || line == nil {
		return err
	}
	before := len(f.found)
	if err := f.take(number, line); err != nil {
		return err
	}
	if len(f.found) == before {
		f.inVain++
	}
	if f.inVain > mostInVain {
		return errEnough
	}
	return nil
}
