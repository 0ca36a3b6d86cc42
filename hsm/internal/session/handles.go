package session

import (
	"container/heap"
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// handle is an unwrapped key on the token. It belongs to one login and is never used in another,
// since after a reload the same number names another key.
type handle struct {
	object.Key
	cache  *handles
	estate *estate // what its object belongs to; nil for a resident key and before it is loaded

	loaded chan struct{} // closed when the key and err are set
	err    error
	// The cache guards what follows.
	over     bool // the same as loaded
	prepared bool // the key is known, but for its object
	private  bool // err is only for who prepared it

	uses  int
	asked uint64        // how often it was asked for, in this login and the ones before
	place int           // among those to be loaded; -1: it isn't
	entry *list.Element // nil once it was dropped: the last use destroys it
}

// estate is the objects that die with one session: those it loaded.
type estate struct {
	session cryptoki.Session
	uses    int               // of its handles
	dropped []cryptoki.Object // to be destroyed
	tidy    chan struct{}     // says that there are some
	retired bool              // its session is closed, or will be once nobody uses it
	close   func()            // closes that; nil: it isn't to be, or was
}

// handles is the bounded set of a login's unwrapped keys, by material id.
type handles struct {
	limit   int
	ended   <-chan struct{} // with the login
	mu      sync.Mutex
	byID    map[string]*handle
	order   *list.List         // of *handle, last used first
	wanted  queue              // to be loaded
	lost    map[string]*handle // known, but the device didn't load them: the next login will
	more    chan struct{}
	estates map[cryptoki.Session]*estate
}

// newHandles returns a cache of at most limit keys, those in use beyond it not counted. Those of
// the login before, if there was one, are wanted again: what is known of them was verified then.
// Resident ones are only forgotten beyond the limit, others are destroyed.
func newHandles(limit int, ended <-chan struct{}, before *handles) *handles {
	h := &handles{
		limit: limit, ended: ended, byID: make(map[string]*handle), order: list.New(),
		lost: map[string]*handle{}, more: make(chan struct{}, 1),
		estates: map[cryptoki.Session]*estate{},
	}
	if before == nil {
		return h
	}
	before.mu.Lock()
	defer before.mu.Unlock()
	for _, k := range before.lost {
		h.wantAgain(k)
	}
	for e := before.order.Back(); e != nil; e = e.Prev() {
		h.wantAgain(e.Value.(*handle))
	}
	h.trim()
	return h
}

// wantAgain has a key loaded whose object is lost. The lock must be held.
func (h *handles) wantAgain(lost *handle) {
	if !lost.prepared || len(lost.Proof) == 0 {
		return // what it is isn't known, or not whether it will be that again
	}
	k := h.add(lost.ID)
	k.prepared, k.asked = true, lost.asked/2
	k.Key.Inherit(&lost.Key)
	heap.Push(&h.wanted, k)
}

// get returns the handle of ref with one use taken, having it loaded if it isn't there. Of several
// callers who want the same one, one prepares it and the others wait. Whoever leaves meanwhile, or
// is sent away, takes nothing from the others: the key is loaded for all.
func (h *handles) get(ctx context.Context, ref custody.Ref, timeout time.Duration,
	observe Observer, prepare func(context.Context, custody.Ref, *object.Key) error,
) (*handle, error) {
	for {
		k, hit, mine := h.take(ref.ID)
		if mine {
			h.prepare(ctx, k, ref, prepare)
		}
		if observe != nil {
			observe.Handle(hit)
		}
		if err := k.wait(ctx, timeout); err != nil {
			k.release()
			return nil, err
		}
		if k.err == nil {
			return k, nil
		}
		k.release()
		if !mine && k.private && ctx.Err() == nil {
			continue
		}
		return nil, k.err
	}
}

// wait waits until the key is loaded, or was found not to be.
func (k *handle) wait(ctx context.Context, timeout time.Duration) error {
	select {
	case <-k.loaded:
		return nil
	default:
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-k.loaded:
		return nil
	case <-k.cache.ended:
		return failure.ErrRenewed
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return failure.ErrTimeout
	}
}

// take returns the handle of id with one use taken, whether it was there, and whether the caller is
// the one to prepare it.
func (h *handles) take(id string) (k *handle, hit, prepare bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k = h.byID[id]; k != nil {
		k.use(1)
		k.asked++
		h.order.MoveToFront(k.entry)
		return k, k.over, false
	}
	k = h.add(id)
	k.uses, k.asked = 1, 1
	h.trim()
	return k, false, true
}

// trim drops what is beyond the limit. The lock must be held.
func (h *handles) trim() {
	for h.order.Len() > h.limit {
		h.drop(h.order.Back().Value.(*handle))
	}
}

// add puts a handle in front. The lock must be held.
func (h *handles) add(id string) *handle {
	k := &handle{cache: h, Key: object.Key{ID: id}, loaded: make(chan struct{}), place: -1}
	delete(h.lost, id)
	k.entry = h.order.PushFront(k)
	h.byID[id] = k
	return k
}

// use counts uses of k, also where it is waited for. The cache's lock must be held.
func (k *handle) use(n int) {
	k.uses += n
	if k.estate != nil {
		k.estate.use(n)
	}
	if k.place >= 0 {
		heap.Fix(&k.cache.wanted, k.place)
	}
}

func (e *estate) use(n int) {
	e.uses += n
	if e.uses == 0 && e.close != nil {
		go e.close()
		e.close = nil
	}
}

// prepare learns what the key is, and has it loaded. Even a panic is published, since others may be
// waiting for it.
func (h *handles) prepare(ctx context.Context, k *handle, ref custody.Ref,
	prepare func(context.Context, custody.Ref, *object.Key) error) {
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fault.Panic(p)
			}
		}()
		return prepare(ctx, ref, &k.Key)
	}()
	if err != nil {
		// its time was over, or its party wants too much
		k.private = ctx.Err() != nil || errors.Is(err, custody.ErrBusy)
		h.fail(k, err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	k.prepared = true
	heap.Push(&h.wanted, k)
	h.wakeLoader()
}

func (h *handles) wakeLoader() {
	select {
	case h.more <- struct{}{}:
	default:
	}
}

// next returns the handle that is to be loaded next, with one use taken, or nil when the login has
// ended.
func (h *handles) next() *handle {
	for {
		if h.over() {
			return nil
		}
		h.mu.Lock()
		if len(h.wanted) > 0 {
			k := heap.Pop(&h.wanted).(*handle)
			k.use(1)
			if len(h.wanted) > 0 {
				h.wakeLoader() // another loader
			}
			h.mu.Unlock()
			return k
		}
		h.mu.Unlock()
		select {
		case <-h.more:
		case <-h.ended:
			return nil
		}
	}
}

// settle publishes that k was loaded as o, in a session that owns it. What comes too late is made
// for nobody, and destroyed.
func (h *handles) settle(k *handle, o cryptoki.Object, in cryptoki.Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.estates[in]
	if k.over {
		if !k.Resident {
			e.drop(o)
		}
		return
	}
	k.Object, k.over = o, true
	if !k.Resident {
		k.estate = e
		e.use(k.uses)
	}
	close(k.loaded)
	h.condemn(k)
}

// fail publishes that k wasn't loaded, unless it was. It leaves the cache, so that the next caller
// tries again. But what the device is to blame for, the next login tries too, unless it was
// forgotten meanwhile.
func (h *handles) fail(k *handle, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k.over {
		return
	}
	k.err, k.over = err, true
	if k.entry != nil && k.prepared && failure.OfDevice(err) && len(h.lost) < h.limit {
		h.lost[k.ID] = k
	}
	h.drop(k)
	close(k.loaded)
}

// forget drops one handle, if it is still in the cache.
func (h *handles) forget(k *handle) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(k)
}

// forgetID drops what is cached, or is being loaded, for a material.
func (h *handles) forgetID(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.lost, id)
	if k := h.byID[id]; k != nil {
		h.drop(k)
	}
}

// prove gives a key its proof, if it has none.
func (h *handles) prove(id string, proof []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k := h.byID[id]; k != nil && len(k.Proof) == 0 {
		k.Proof = proof
	}
}

// drop takes k out of the cache. Its key dies with its last use. The lock must be held.
func (h *handles) drop(k *handle) {
	if k.entry == nil {
		return
	}
	h.order.Remove(k.entry)
	k.entry = nil
	delete(h.byID, k.ID)
	if k.uses == 0 && k.place >= 0 {
		heap.Remove(&h.wanted, k.place)
	}
	h.condemn(k)
}

// condemn marks the key of a dropped handle for destruction once nobody uses it.
// The lock must be held.
func (h *handles) condemn(k *handle) {
	if k.uses == 0 && k.entry == nil && k.estate != nil {
		k.estate.drop(k.Object)
		k.Object, k.estate = 0, nil
	}
}

// drop marks an object for destruction in the session that made it, unless it dies with that.
func (e *estate) drop(o cryptoki.Object) {
	if e.retired {
		return
	}
	e.dropped = append(e.dropped, o)
	select {
	case e.tidy <- struct{}{}:
	default:
	}
}

// release ends one use. The last use of a dropped handle leaves its key to be destroyed: never
// before, since the number of a destroyed object may come to name another key under a call that is
// on its way.
func (k *handle) release() {
	if k == nil {
		return
	}
	k.cache.mu.Lock()
	defer k.cache.mu.Unlock()
	k.use(-1)
	k.cache.condemn(k)
}

// retain takes one more use of a handle that is in use. There may be none.
func (k *handle) retain() {
	if k != nil {
		k.cache.mu.Lock()
		defer k.cache.mu.Unlock()
		k.use(1)
	}
}

// found begins the estate of a session.
func (h *handles) found(s cryptoki.Session) *estate {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := &estate{session: s, tidy: make(chan struct{}, 1)}
	h.estates[s] = e
	return e
}

// retire forgets the objects of an estate, whose session is lost or not to be used any more, has
// their keys loaded again, and reports whether nobody uses them, so that the session can be closed:
// that would end a key under a call. Else later is done when nobody does any more.
func (h *handles) retire(e *estate, later func()) (idle bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.estates[e.session] == e { // a device that lost its sessions may give a number again
		delete(h.estates, e.session)
	}
	e.retired, e.dropped = true, nil
	if h.over() {
		// Who is late may still find a handle, and is told that the login has ended.
		return e.idle(later)
	}
	var lost []*handle
	for at := h.order.Back(); at != nil; at = at.Prev() {
		if k := at.Value.(*handle); k.estate == e {
			lost = append(lost, k)
		}
	}
	for _, k := range lost {
		h.drop(k)
		h.wantAgain(k)
	}
	h.wakeLoader()
	return e.idle(later)
}

// idle reports whether nobody uses an estate. Else later is done once nobody does any more.
func (e *estate) idle(later func()) bool {
	if e.uses > 0 {
		e.close = later
	}
	return e.uses == 0
}

// over reports whether the login has ended.
func (h *handles) over() bool {
	select {
	case <-h.ended:
		return true
	default:
		return false
	}
}

// takeDropped takes the keys of a session that are to be destroyed.
func (h *handles) takeDropped(s cryptoki.Session) []cryptoki.Object {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.estates[s]
	dropped := e.dropped
	e.dropped = nil
	return dropped
}

// size counts the handles that are cached or being loaded.
func (h *handles) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.order.Len()
}

// queue is a heap of the handles that are to be loaded: what most wait for comes first, and then
// what was asked for most.
type queue []*handle

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if q[i].uses != q[j].uses {
		return q[i].uses > q[j].uses
	}
	return q[i].asked > q[j].asked
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push and Pop are those of [heap.Interface].
func (q *queue) Push(x any) {
	k := x.(*handle)
	k.place = len(*q)
	*q = append(*q, k)
}

// Pop takes the last one.
func (q *queue) Pop() any {
	last := len(*q) - 1
	k := (*q)[last]
	k.place = -1
	(*q)[last] = nil
	*q = (*q)[:last]
	return k
}
