package search

import (
	"context"
	"errors"
	"slices"
	"time"

	"claviger/internal/follow"
)

// Feed is how the index follows the trail: see [follow.Feed].
type Feed interface {
	After(ctx context.Context, n int64) ([]follow.Batch, error)
}

const (
	// again is how long is waited after an error: a disk that is full, say.
	again = 5 * time.Second
	// often is how often it is looked whether something of the index lacks, or is about records that
	// were removed.
	often = time.Minute
)

// Keep keeps the index up to date until ctx ends: it follows the trail, and makes what is missing
// of the past. Lookups see what isn't there yet all the same.
func (x *Index) Keep(ctx context.Context, feed Feed) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		x.persist(ctx, often, x.mend)
	}()
	x.persist(ctx, 0, func(ctx context.Context) error { return x.follow(ctx, feed) })
	<-done
}

// persist does something again and again, with a pause between.
func (x *Index) persist(ctx context.Context, pause time.Duration, do func(context.Context) error) {
	for ctx.Err() == nil {
		wait := pause
		if err := do(ctx); err != nil && ctx.Err() == nil {
			x.log.Error("the index of the trail can't be kept: lookups read the trail", "error", err)
			wait = max(pause, again)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// follow indexes what comes next.
func (x *Index) follow(ctx context.Context, feed Feed) error {
	b := x.recent.block // nobody else changes it
	page, err := feed.After(ctx, max(b.last, b.base()))
	if err != nil {
		return err
	}
	for _, batch := range page {
		for number, line := range batch.Lines() {
			if number <= max(b.last, b.base()) {
				continue // of a batch that begins before
			}
			if number > b.end() {
				if err := x.complete(b, blockOf(number)); err != nil {
					return err
				}
				b = x.recent.block
			}
			x.recent.Lock()
			b.add(number, line)
			x.recent.Unlock()
		}
	}
	return nil
}

// complete makes a segment of the block in memory, which the one of the next record takes the place
// of. It has no records if those that come next to it were removed for their age.
func (x *Index) complete(b *block, following place) (err error) {
	var s *segment
	if b.last != 0 {
		if s, err = x.write(b); err != nil {
			return err
		}
	}
	x.mu.Lock()
	if s != nil {
		x.insert(s)
	}
	x.recent.Lock()
	x.recent.block = newBlock(following, x.seed)
	x.recent.Unlock()
	x.mu.Unlock()
	return x.merge(b.place.parent())
}

// write saves a block and opens what was saved.
func (x *Index) write(b *block) (*segment, error) {
	line, err := (&lines{trail: x.trail}).at(b.last)
	if err != nil {
		return nil, err
	}
	b.print = printOf(line)
	if err := b.save(x.dir); err != nil {
		return nil, err
	}
	return openSegment(x.dir, b.place)
}

// insert puts a segment in its place. The lock is held.
func (x *Index) insert(s *segment) {
	i := len(x.segments)
	for i > 0 && x.segments[i-1].at.base() > s.at.base() {
		i--
	}
	x.segments = slices.Insert(x.segments, i, s)
}

// replace takes some segments out, with their files, and puts one in their place if there is one.
func (x *Index) replace(old []*segment, by *segment) (err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.segments = slices.DeleteFunc(x.segments,
		func(s *segment) bool { return slices.Contains(old, s) })
	if by != nil {
		x.insert(by)
	}
	for _, s := range old {
		err = errors.Join(err, s.file.Close(), x.remove(s.at))
	}
	return err
}

// merge makes a segment of all below it, if all are there, and then the next one above.
func (x *Index) merge(at place) error {
	x.changing.Lock()
	defer x.changing.Unlock()
	for ; at.level < levels; at = at.parent() {
		var parts []*segment
		x.mu.RLock()
		for _, s := range x.segments {
			if s.at.level == at.level-1 && s.at.parent() == at {
				parts = append(parts, s)
			}
		}
		x.mu.RUnlock()
		if len(parts) < fanOut {
			return nil
		}
		err := merge(x.dir, parts)
		if errors.Is(err, errDamaged) {
			return x.dropDamaged(parts)
		}
		if err != nil {
			return err
		}
		s, err := openSegment(x.dir, at)
		if err != nil {
			return err
		}
		if err := x.replace(parts, s); err != nil {
			return err
		}
	}
	return nil
}

// dropDamaged takes those segments out that can't be read to their end.
func (x *Index) dropDamaged(parts []*segment) error {
	var bad []*segment
	for _, s := range parts {
		if s.check() != nil {
			bad = append(bad, s)
		}
	}
	return x.replace(bad, nil)
}

// check reads all of a segment.
func (s *segment) check() error {
	t, err := s.tables()
	if err != nil {
		return err
	}
	for i := range t.chunks {
		if _, err := s.read(&t.chunks[i]); err != nil {
			return err
		}
	}
	return nil
}

// mend takes out what is damaged or about records that are gone, and makes what lacks, from the
// newest to the oldest: that is what is mostly asked for.
func (x *Index) mend(ctx context.Context) error {
	oldest, err := x.trail.oldest()
	if err != nil {
		return err
	}
	if err := x.clear(oldest); err != nil {
		return err
	}
	began, told := time.Now(), false
	at := place{0, x.recentBase()/blockSize - 1}
	for ; at.index >= 0 && at.end() >= oldest; at.index-- {
		if covered := x.covering(at); covered != nil {
			at.index = covered.at.base() / blockSize
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		if !told {
			told = true
			x.log.Info("the index of the trail is being made", "from", at.end(), "to", oldest)
		}
		if err := x.make(ctx, at); err != nil {
			return err
		}
	}
	if told && ctx.Err() == nil {
		x.log.Info("the index of the trail is complete", "took", time.Since(began).Round(time.Second))
	}
	return nil
}

// clear takes out what is of no use.
func (x *Index) clear(oldest int64) error {
	x.changing.Lock()
	defer x.changing.Unlock()
	return x.replace(x.useless(oldest), nil)
}

// useless are the segments that are damaged, or about nothing that is there any more.
func (x *Index) useless(oldest int64) (all []*segment) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, s := range x.segments {
		if s.spoiled.Load() || s.at.end() < oldest {
			all = append(all, s)
		}
	}
	return all
}

// recentBase is the number before the block in memory.
func (x *Index) recentBase() int64 {
	x.recent.Lock()
	defer x.recent.Unlock()
	return x.recent.block.base()
}

// covering is the segment that is about a block.
func (x *Index) covering(at place) *segment {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s, _ := x.of(at.end())
	return s
}

// make makes the segment of one block of the past. It pauses as long as it works, so that it takes
// half of a processor from those who have requests.
func (x *Index) make(ctx context.Context, at place) error {
	began := time.Now()
	b := newBlock(at, x.seed)
	err := x.trail.back(at.base()+1, at.end(), nil, func(number int64, line []byte) error {
		b.add(number, line)
		return ctx.Err()
	})
	if err != nil || b.last == 0 {
		return err
	}
	slices.Reverse(b.postings)
	b.last = at.end()
	s, err := x.write(b)
	if err != nil {
		return err
	}
	x.mu.Lock()
	x.insert(s)
	x.mu.Unlock()
	if err := x.merge(at.parent()); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Since(began)):
	}
	return nil
}
