package store

import (
	"hash/maphash"
	"sync"
)

// Cache keeps what was read from the database until the committer drops it.
//
// A change gives [Tx.After] a call of Drop for every key it touches. Drop runs after COMMIT and
// before the answer, so nobody who knows of the change reads the old value. A load that began
// before a Drop may have read the old row, so what it returns is handed to its caller and not kept.
type Cache[K comparable, V any] struct {
	seed   maphash.Seed
	weigh  func(V) int // nil: nothing weighs anything
	shards [cacheShards]cacheShard[K, V]
}

const cacheShards = 32

// cacheShard is a ring of lines with a clock hand that passes over the lines used since it last
// came by.
type cacheShard[K comparable, V any] struct {
	mu    sync.Mutex
	drops uint64 // how often anything was dropped here
	at    map[K]int
	lines []cacheLine[K, V]
	free  []int
	limit int
	hand  int

	weight, budget int
}

type cacheLine[K comparable, V any] struct {
	key    K
	value  V
	weight int
	used   bool
}

// NewCache returns a cache of about limit values, and at least 32.
func NewCache[K comparable, V any](limit int) *Cache[K, V] {
	c := &Cache[K, V]{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].limit = max(1, limit/cacheShards)
		c.shards[i].at = map[K]int{}
	}
	return c
}

// NewWeighedCache returns a cache of about limit values that weigh budget bytes together at most. A
// 32nd of the budget bounds the value that is kept.
func NewWeighedCache[K comparable, V any](limit, budget int, weigh func(V) int) *Cache[K, V] {
	c := NewCache[K, V](limit)
	c.weigh = weigh
	for i := range c.shards {
		c.shards[i].budget = budget / cacheShards
	}
	return c
}

// Get returns the value kept under key, or what load returns, which is kept unless it is an error
// or key was dropped meanwhile. Two callers may load the same key at the same time. load runs
// without any lock.
func (c *Cache[K, V]) Get(key K, load func() (V, error)) (V, error) {
	s := c.shard(key)
	s.mu.Lock()
	if i, ok := s.at[key]; ok {
		s.lines[i].used = true
		value := s.lines[i].value
		s.mu.Unlock()
		return value, nil
	}
	drops := s.drops
	s.mu.Unlock()

	value, err := load()
	if err != nil {
		return value, err
	}
	line := cacheLine[K, V]{key: key, value: value}
	if c.weigh != nil {
		line.weight = c.weigh(value)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drops == drops && line.weight <= s.budget {
		s.keep(line)
	}
	return value, nil
}

// Drop forgets key, also for the loads of it that are on their way.
func (c *Cache[K, V]) Drop(key K) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drops++
	if i, ok := s.at[key]; ok {
		s.empty(i)
		s.free = append(s.free, i)
	}
}

// shard spreads keys by a hash whose seed nobody outside knows, so that no
// caller can aim at one shard.
func (c *Cache[K, V]) shard(key K) *cacheShard[K, V] {
	return &c.shards[maphash.Comparable(c.seed, key)%cacheShards]
}

// keep writes a line over that of its key, or into an empty one. Others make room for its weight.
func (s *cacheShard[K, V]) keep(line cacheLine[K, V]) {
	if i, ok := s.at[line.key]; ok {
		s.empty(i)
		s.free = append(s.free, i)
	}
	for s.weight+line.weight > s.budget {
		s.free = append(s.free, s.evict())
	}
	i := s.room()
	s.at[line.key], s.lines[i] = i, line
	s.weight += line.weight
}

// room returns the number of an empty line, after emptying one if it must.
func (s *cacheShard[K, V]) room() int {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	if len(s.lines) < s.limit {
		s.lines = append(s.lines, cacheLine[K, V]{})
		return len(s.lines) - 1
	}
	return s.evict()
}

// evict empties a line that wasn't used since the hand came by, and returns its number. One at
// least has to be full.
func (s *cacheShard[K, V]) evict() int {
	for {
		i := s.hand
		s.hand = (i + 1) % len(s.lines)
		line := &s.lines[i]
		at, ok := s.at[line.key]
		switch {
		case !ok || at != i: // it is empty
		case line.used:
			line.used = false
		default:
			s.empty(i)
			return i
		}
	}
}

func (s *cacheShard[K, V]) empty(i int) {
	delete(s.at, s.lines[i].key)
	s.weight -= s.lines[i].weight
	s.lines[i] = cacheLine[K, V]{}
}
