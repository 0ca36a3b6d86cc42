package domain

import (
	"sync"

	"claviger/internal/op"
	"claviger/internal/signedtoken"
	"claviger/store"
)

// Watchers are the requests that wait for changes, by the keys of what they asked for. Its zero
// value is ready. A key is what a change can tell that it has changed: a secret's place, or each of
// the paths that a name lies under.
type Watchers[K comparable] struct {
	mu sync.Mutex
	by map[K]map[chan<- struct{}]bool
}

// Watch has a request that wants to wait learn of changes of keys, from now on. A find calls it
// before it reads what they stand for, so that no change slips in between.
func (w *Watchers[K]) Watch(c *op.Call, keys ...K) {
	c.Watch(func(changed chan<- struct{}) (leave func()) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.by == nil {
			w.by = map[K]map[chan<- struct{}]bool{}
		}
		for _, key := range keys {
			if w.by[key] == nil {
				w.by[key] = map[chan<- struct{}]bool{}
			}
			w.by[key][changed] = true
		}
		return func() { w.leave(changed, keys) }
	})
}

func (w *Watchers[K]) leave(changed chan<- struct{}, keys []K) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		delete(w.by[key], changed)
		if len(w.by[key]) == 0 {
			delete(w.by, key)
		}
	}
}

// Wake ends the waiting for keys once the change is committed. It comes after the [Cache.Drop] of
// what changed: who is woken reads at once.
func (w *Watchers[K]) Wake(tx *store.Tx, keys ...K) {
	tx.After(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, key := range keys {
			for changed := range w.by[key] {
				select {
				case changed <- struct{}{}:
				default: // it hasn't looked at the change before yet, and will see this one too
				}
			}
		}
	})
}

// ETags makes the entity tags of a service's answers ([op.Watched]).
type ETags struct{ Tokens *signedtoken.Maker }

// Of names an answer of an operation by all that it depends on, and is nothing if that is nothing.
// Who hasn't got the answer can't make its ETag up, and so learns nothing by asking whether it is
// still that one.
func (e ETags) Of(operation string, parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return e.Tokens.Make("", append([]string{"ETag", operation}, parts...)...)
}
