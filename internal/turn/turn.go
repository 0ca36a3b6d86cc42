// Package turn has those who change one thing do it one after the other, first come, first served.
//
// A lost race isn't wrong where changes are fenced by a revision: whoever lost begins again. But
// among many writers to one thing each attempt has but one winner, and what the others did in vain,
// on the token too, is done again. So within a process they wait for each other before they begin.
//
// # No deadlock
//
// Who finds out bit by bit what it changes can't take all of it at once. It takes what is free, in
// any order, since that is no waiting. Once something isn't free it gives back what it has, and
// waits for all of it in the order of the names. So nobody who waits has anything that comes after
// what it waits for.
//
// One within another is the exception: it waits while the outer one keeps what it has. So these may
// nest in one direction only, as services do: secrets ask for keys, and keys for no secrets.
package turn

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
)

// Queues has those who hold things, and who waits for them, by name. Its zero value is ready. What
// nobody holds takes no room.
type Queues struct{ shards [shards]shard }

// shards are how many locks there are, so that changes of different things rarely meet at one.
const shards = 64

type shard struct {
	mu sync.Mutex
	// Who waits for a thing that is held, in order. Each channel is closed when it is handed over.
	waiting map[string][]chan struct{}
}

var seed = maphash.MakeSeed()

func (q *Queues) of(name string) *shard {
	return &q.shards[maphash.String(seed, name)%shards]
}

// Held is what one change holds. It belongs to one goroutine.
type Held struct {
	queues *Queues
	outer  *Held
	names  []string
}

// Hold returns what holds nothing yet, within outer if that isn't nil: what the outer one holds is
// the inner one's, too.
func (q *Queues) Hold(outer *Held) *Held { return &Held{queues: q, outer: outer} }

// has reports whether a thing is held, here or further out.
func (h *Held) has(name string) bool {
	return h != nil && (slices.Contains(h.names, name) || h.outer.has(name))
}

// Try takes what is named and not held yet, and reports whether that was all of it. It waits for
// nobody. What it took it keeps, for [Held.Await].
func (h *Held) Try(names ...string) bool {
	for _, name := range names {
		if h.has(name) {
			continue
		}
		if !h.queues.of(name).take(name) {
			return false
		}
		h.names = append(h.names, name)
	}
	return true
}

// Await waits for what is named and for all that is held, which others may have meanwhile: what was
// read before is old. If ctx ends first nothing is held here, and the error is the cause of that.
func (h *Held) Await(ctx context.Context, names ...string) error {
	all := slices.Concat(h.names, names)
	h.Release()
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		if h.outer.has(name) {
			continue
		}
		if err := h.queues.of(name).wait(ctx, name); err != nil {
			h.Release()
			return err
		}
		h.names = append(h.names, name)
	}
	return nil
}

// Release gives back all that is held here, each thing to who waits first.
func (h *Held) Release() {
	for _, name := range h.names {
		h.queues.of(name).give(name)
	}
	h.names = h.names[:0]
}

// take takes what nobody holds.
func (s *shard) take(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free(name)
}

// free takes what nobody holds, for who has the lock.
func (s *shard) free(name string) bool {
	if _, held := s.waiting[name]; held {
		return false
	}
	if s.waiting == nil {
		s.waiting = map[string][]chan struct{}{}
	}
	s.waiting[name] = nil
	return true
}

// join takes what nobody holds, or returns what is closed when it is handed over.
func (s *shard) join(name string) (handed chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free(name) {
		return nil
	}
	handed = make(chan struct{})
	s.waiting[name] = append(s.waiting[name], handed)
	return handed
}

// wait waits for a thing until ctx ends.
func (s *shard) wait(ctx context.Context, name string) error {
	handed := s.join(name)
	if handed == nil {
		return nil
	}
	select {
	case <-handed:
		return nil
	case <-ctx.Done():
	}
	if s.leave(name, handed) {
		return context.Cause(ctx)
	}
	return nil // it was handed over at the same moment
}

// leave gives a place in a queue up, and reports false if its time had come.
func (s *shard) leave(name string, handed chan struct{}) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.Index(s.waiting[name], handed)
	if at < 0 {
		return false
	}
	s.waiting[name] = slices.Delete(s.waiting[name], at, at+1)
	return true
}

// give hands a thing over to who waits first, or lets go of it.
func (s *shard) give(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.waiting[name]
	if len(queue) == 0 {
		delete(s.waiting, name)
		return
	}
	close(queue[0])
	queue[0] = nil // nothing of those who are gone is kept as long as others wait
	s.waiting[name] = queue[1:]
}
