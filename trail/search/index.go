package search

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"claviger/store"
)

// Index is the index of one trail. It is safe for concurrent use.
type Index struct {
	trail  trail
	dir    string
	log    *slog.Logger
	seed   seed
	reader bool // it changes nothing

	mostRead int // records a page that aren't in it

	mu       sync.RWMutex // held for reading as long as somebody reads a segment
	segments []*segment   // in order; none is about a number that another is about

	changing sync.Mutex // held by who merges

	recent struct {
		sync.Mutex
		block *block // nil in an index that is open for reading
	}
}

// Dir is where the index of a database is: beside it.
func Dir(database string) string { return database + "-search" }

// Open opens the index of a trail, whatever there is of it: what fits the trail is used, and the
// rest removed. [Index.Keep] makes what is missing. It reads a few bytes of each file.
func Open(db *store.DB, dir string, log *slog.Logger) (*Index, error) {
	x := &Index{trail: trail{db}, dir: dir, log: log, mostRead: mostRead}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	newest, err := x.trail.newest()
	if err != nil {
		return nil, err
	}
	if err := x.load(newest, x.remove); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	if len(x.segments) == 0 {
		x.seed = seed(rand.Uint64())
	}
	x.recent.block = newBlock(blockOf(newest+1), x.seed)
	return x, nil
}

// OpenReader opens the index beside a running server, or without one. It changes nothing, and may
// be used until the server has merged its segments a few times: for a command that asks once.
func OpenReader(db *store.DB, dir string) (*Index, error) {
	x := &Index{trail: trail{db}, dir: dir, log: slog.New(slog.DiscardHandler), reader: true,
		mostRead: mostRead}
	newest, err := x.trail.newest()
	if err != nil {
		return nil, err
	}
	// A server may merge segments between the look at the directory and the opening.
	for range 3 {
		err = x.load(newest, func(place) error { return nil })
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		x.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // there is no index: the trail is read
	}
	return x, err
}

// Close closes the files. Whoever keeps the index or looks something up must have ended.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var err error
	for _, s := range x.segments {
		err = errors.Join(err, s.file.Close())
	}
	x.segments = nil
	return err
}

// load opens the segments that fit the trail. discard is called for each that doesn't.
func (x *Index) load(newest int64, discard func(place) error) error {
	places, err := x.list()
	if err != nil {
		return err
	}
	// From the newest to the oldest, the larger first of two that are about the same.
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.end(), a.end()), cmp.Compare(b.level, a.level))
	})
	trusted, low := false, int64(1<<62)
	for _, at := range places {
		s, err := openSegment(x.dir, at)
		switch {
		case errors.Is(err, errDamaged):
			x.log.Warn("a part of the index of the trail is damaged and made anew", "file", at.name())
		case err != nil:
			return err
		case at.end() > low, trusted && s.seed != x.seed:
			err = errDamaged // it is no part of what there is
		case !trusted:
			// Two trails that have one record have all before it: the newest that fits vouches for others.
			if trusted, err = x.fits(s, newest); err == nil && !trusted {
				err = errDamaged
			}
			x.seed = s.seed
		}
		if errors.Is(err, errDamaged) {
			if s != nil {
				s.file.Close()
			}
			if err := discard(at); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		x.segments, low = append(x.segments, s), at.base()
	}
	slices.Reverse(x.segments)
	return nil
}

// list returns the segments whose files are there, and removes what was not finished.
func (x *Index) list() (places []place, err error) {
	files, err := os.ReadDir(x.dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if at, ok := placeOf(f.Name()); ok {
			places = append(places, at)
		} else if strings.HasSuffix(f.Name(), unfinished) && !x.reader {
			err = errors.Join(err, os.Remove(filepath.Join(x.dir, f.Name())))
		}
	}
	return places, err
}

// fits reports whether the trail has the newest record of a segment.
func (x *Index) fits(s *segment, newest int64) (bool, error) {
	if s.last > newest {
		return false, nil
	}
	line, err := (&lines{trail: x.trail}).at(s.last)
	return line != nil && printOf(line) == s.print, err
}

// printOf is by which a record is known again.
func printOf(line []byte) uint64 { return extend(odd1, line) }

func (x *Index) remove(at place) error {
	err := os.Remove(filepath.Join(x.dir, at.name()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// of returns the segment that is about a number, or nil, and the number that the next one below
// ends with, 0 if there is none.
func (x *Index) of(number int64) (s *segment, below int64) {
	i, _ := slices.BinarySearchFunc(x.segments, number, func(s *segment, n int64) int {
		return cmp.Compare(s.at.end(), n)
	})
	if i < len(x.segments) && x.segments[i].at.base() < number {
		return x.segments[i], 0
	}
	if i > 0 {
		below = x.segments[i-1].at.end()
	}
	return nil, below
}

// look goes through the trail from where the lookup is down to its oldest record.
func (x *Index) look(f *finding, oldest int64) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	recent, high := x.memory(&f.plan)
	for number := f.at - 1; number >= max(oldest, 1); {
		f.at = number + 1
		var err error
		s, below := x.of(number)
		switch {
		case s != nil:
			number, err = s.at.base(), x.lookInto(f, s, number)
		case recent.base < number && number <= high:
			number, err = recent.base, f.look(recent, number)
		default:
			if recent.base < number && high > below {
				below = high
			}
			number, err = below, f.scan(below+1, number, f.id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// memory is the block that isn't complete, as of now, and the newest record that is in it. Without
// one it is above all numbers.
func (x *Index) memory(p *plan) (part, int64) {
	x.recent.Lock()
	defer x.recent.Unlock()
	b := x.recent.block
	if b == nil || b.last == 0 {
		return part{base: 1 << 62}, 0
	}
	cursor := p.cursor(slices.Collect(maps.Keys(b.scopes)),
		func(hash uint64) cursor { return gather(b.postings, hash) })
	return part{base: b.base(), cursor: cursor, granules: slices.Clone(b.granules)}, b.last
}

// lookInto looks into a segment. What a damaged one is about is read from the trail.
func (x *Index) lookInto(f *finding, s *segment, high int64) error {
	if !s.events.meets(f.from, f.to) || f.id != nil && !s.ids.meets(f.idAt, f.idAt) {
		return nil
	}
	found, at := len(f.found), f.at
	t, err := s.tables()
	if err == nil {
		cursor := f.cursor(t.scopes,
			func(hash uint64) cursor { return &inSegment{segment: s, hash: hash, table: t, at: -1} })
		err = f.look(part{base: s.at.base(), cursor: cursor, granules: t.granules}, high)
	}
	if errors.Is(err, errDamaged) {
		x.log.Warn("a part of the index of the trail is damaged: the trail itself is read",
			"file", s.at.name(), "error", err)
		f.found, f.at = f.found[:found], at
		s.spoiled.Store(true)
		return f.scan(s.at.base()+1, high, f.id)
	}
	return err
}

// Behind returns how many records of the trail aren't in the index yet. Lookups read these.
func (x *Index) Behind() (n int64, err error) {
	newest, err := x.trail.newest()
	if err != nil {
		return 0, err
	}
	oldest, err := x.trail.oldest()
	if err != nil || oldest == 0 {
		return 0, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	n = newest - oldest + 1
	for _, s := range x.segments {
		n -= max(0, s.last-max(s.at.base(), oldest-1))
	}
	x.recent.Lock()
	defer x.recent.Unlock()
	if b := x.recent.block; b != nil && b.last != 0 {
		n -= b.last - max(b.base(), oldest-1)
	}
	return max(0, n), nil
}
