package session

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/object"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// handle is an unwrapped key on the token. It belongs to one login and is never used in another,
// since after a reload the same number names another key.
type handle struct {
	object.Key
	cache *handles

	loaded chan struct{} // closed when the key and err are set
	err    error

	uses  int           // guarded by the cache
	entry *list.Element // nil once it was dropped: the last use destroys it
}

// handles is the bounded set of a login's unwrapped keys, by material id.
type handles struct {
	limit   int
	mu      sync.Mutex
	byID    map[string]*handle
	order   *list.List        // of *handle, last used first
	dropped []cryptoki.Object // to be destroyed
}

// newHandles returns an empty cache of at most limit keys, those in use beyond it not counted.
// Resident ones are only forgotten then, others are destroyed.
func newHandles(limit int) *handles {
	return &handles{limit: limit, byID: make(map[string]*handle), order: list.New()}
}

// get returns the handle of ref with one use taken, unwrapping it if it isn't there. Of several
// callers who want the same one, one loads it and the others wait.
func (h *handles) get(ctx context.Context, ref custody.Ref, observe Observer,
	load func(*handle) error) (*handle, error) {
	for {
		k, mine := h.take(ref.ID)
		if mine {
			h.load(k, load)
		}
		select {
		case <-k.loaded:
		default:
			select {
			case <-k.loaded:
			case <-ctx.Done():
				k.release()
				return nil, context.Cause(ctx)
			}
		}
		if observe != nil {
			observe.Handle(!mine)
		}
		if k.err == nil {
			return k, nil
		}
		k.release()
		if !mine && (errors.Is(k.err, context.Canceled) ||
			errors.Is(k.err, context.DeadlineExceeded)) && ctx.Err() == nil {
			continue // that was the loader's deadline, not ours
		}
		return nil, k.err
	}
}

// take returns the handle of id with one use taken, and whether the caller is the one to load it.
func (h *handles) take(id string) (k *handle, load bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k = h.byID[id]; k != nil {
		k.uses++
		h.order.MoveToFront(k.entry)
		return k, false
	}
	k = &handle{cache: h, Key: object.Key{ID: id}, loaded: make(chan struct{}), uses: 1}
	k.entry = h.order.PushFront(k)
	h.byID[id] = k
	for h.order.Len() > h.limit {
		h.drop(h.order.Back().Value.(*handle))
	}
	return k, true
}

// load loads k and publishes the outcome, even that of a panic, since others may be waiting for it.
// A failed one leaves the cache, so that the next caller tries again.
func (h *handles) load(k *handle, load func(*handle) error) {
	defer func() {
		if p := recover(); p != nil {
			k.err = fault.Panic(p)
		}
		if k.err != nil {
			h.forget(k)
		}
		close(k.loaded)
	}()
	k.err = load(k)
}

// forget drops one handle, if it is still in the cache.
func (h *handles) forget(k *handle) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(k)
}

// forgetID drops what is cached, or is being loaded, for a material, and reports
// whether there was anything.
func (h *handles) forgetID(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.byID[id]
	if k != nil {
		h.drop(k)
	}
	return k != nil
}

// drop takes k out of the cache. Its key dies with its last use. The lock must be held.
func (h *handles) drop(k *handle) {
	if k.entry == nil {
		return
	}
	h.order.Remove(k.entry)
	k.entry = nil
	delete(h.byID, k.ID)
	h.condemn(k)
}

// condemn marks the key of a dropped handle for destruction once nobody uses it.
// The lock must be held.
func (h *handles) condemn(k *handle) {
	if k.uses == 0 && k.entry == nil && k.Object != 0 && !k.Resident {
		h.dropped = append(h.dropped, k.Object)
		k.Object = 0
	}
}

// release ends one use. The last use of a dropped handle leaves its key to be destroyed: never
// before, since the number of a destroyed object may come to name another key under a call that is
// on its way.
func (k *handle) release() {
	k.cache.mu.Lock()
	defer k.cache.mu.Unlock()
	k.uses--
	k.cache.condemn(k)
}

// takeDropped takes the keys that are to be destroyed.
func (h *handles) takeDropped() []cryptoki.Object {
	h.mu.Lock()
	defer h.mu.Unlock()
	dropped := h.dropped
	h.dropped = nil
	return dropped
}

// size counts the handles that are cached or being loaded.
func (h *handles) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.order.Len()
}
