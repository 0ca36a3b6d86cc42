package domain

import (
	"errors"

	"claviger/store"
)

// Cache keeps what was read from verified rows, if it is small enough. A caller may give one thing
// hundreds of KiB of text, so what weighs more than the limit is read from its row each time. An
// absent row is the zero value and no error.
type Cache[K comparable, V any] struct {
	lines *store.Cache[K, V]
	limit int
	weigh func(V) int
}

// NewCache returns a cache of about lines values. Those that weigh more than limit bytes are not
// kept; without weigh all are.
func NewCache[K comparable, V any](lines, limit int, weigh func(V) int) *Cache[K, V] {
	return &Cache[K, V]{lines: store.NewCache[K, V](lines), limit: limit, weigh: weigh}
}

// NewWeighedCache returns a cache of about lines values that weigh budget bytes together at most.
func NewWeighedCache[K comparable, V any](lines, budget int, weigh func(V) int) *Cache[K, V] {
	return &Cache[K, V]{lines: store.NewWeighedCache[K](lines, budget, weigh)}
}

// errUnkept is why a value that was loaded is not kept.
var errUnkept = errors.New("the value is not to be kept")

// Get returns the value kept under key, or what load returns.
func (c *Cache[K, V]) Get(key K, load func() (V, error)) (V, error) {
	return c.get(key, load, func(v V) bool { return c.weigh == nil || c.weigh(v) <= c.limit })
}

// Peek is [Cache.Get] for those who load less than what is kept: it keeps nothing.
func (c *Cache[K, V]) Peek(key K, load func() (V, error)) (V, error) {
	return c.get(key, load, func(V) bool { return false })
}

func (c *Cache[K, V]) get(key K, load func() (V, error), keep func(V) bool) (V, error) {
	var unkept V
	v, err := c.lines.Get(key, func() (V, error) {
		v, err := load()
		if err == nil && !keep(v) {
			unkept, err = v, errUnkept
		}
		return v, err
	})
	switch {
	case errors.Is(err, errUnkept):
		return unkept, nil
	case errors.Is(err, store.NoRow):
		var absent V
		return absent, nil
	}
	return v, err
}

// Drop forgets key once the change is committed, also for the loads of it that are on their way.
func (c *Cache[K, V]) Drop(tx *store.Tx, keys ...K) {
	tx.After(func() {
		for _, key := range keys {
			c.lines.Drop(key)
		}
	})
}

// Forget forgets key at once.
func (c *Cache[K, V]) Forget(key K) { c.lines.Drop(key) }

// IsNoRow reports whether a query for one row found none.
func IsNoRow(err error) bool { return errors.Is(err, store.NoRow) }
