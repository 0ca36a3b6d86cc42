package customstore

import (
	"sync"

	"claviger/keystore/key"
)

// connections are those of this process, by store. Nothing in here waits for a cluster: each use of
// a key asks it.
type connections struct {
	mu   sync.RWMutex
	open map[key.StoreRef]*connection

	// refused has what came of trying stores' passwords in vain: none is tried again, not even if
	// that could not be written down.
	refused map[key.StoreRef]refusal
}

// connection is one that this process has open for a store.
type connection struct {
	Connection
	live     bool // keys may be used: the store's row says CONNECTED
	useEnded bool // the store was disconnected meanwhile, so that it never becomes live again
}

// refusal is why a store at some revision could not be connected to, for good.
type refusal struct {
	rev int64
	err *ConnectionError
}

func newConnections() *connections {
	return &connections{open: map[key.StoreRef]*connection{}, refused: map[key.StoreRef]refusal{}}
}

// live returns what the keys of a store are used by, or nil.
func (n *connections) live(ref key.StoreRef) Connection {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if o := n.open[ref]; o != nil && o.live {
		return o.Connection
	}
	return nil
}

// opened returns the connection of a store whether it is live or not, or nil.
func (n *connections) opened(ref key.StoreRef) Connection {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if o := n.open[ref]; o != nil {
		return o.Connection
	}
	return nil
}

// add keeps a connection that is to become live.
func (n *connections) add(ref key.StoreRef, c Connection) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open[ref] = &connection{Connection: c}
}

// allowUse makes a connection live, unless its use was ended while it was being opened.
func (n *connections) allowUse(ref key.StoreRef) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if o := n.open[ref]; o != nil {
		o.live = !o.useEnded
	}
}

// endUse keeps keys from being used, for good. The connection stays open for those who use it now.
func (n *connections) endUse(ref key.StoreRef) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if o := n.open[ref]; o != nil {
		o.live, o.useEnded = false, true
	}
}

// close closes the connection of a store unless it is live.
func (n *connections) close(ref key.StoreRef) {
	n.mu.Lock()
	o := n.open[ref]
	if o != nil && o.live {
		o = nil
	}
	if o != nil {
		delete(n.open, ref)
	}
	n.mu.Unlock()
	if o != nil {
		o.Close()
	}
}

// closeAll closes every connection when the process ends.
func (n *connections) closeAll() {
	n.mu.Lock()
	all := n.open
	n.open = map[key.StoreRef]*connection{}
	n.mu.Unlock()
	for _, o := range all {
		o.Close()
	}
}

// rememberRefusal remembers why connecting to a store at its revision is not to be tried again.
func (n *connections) rememberRefusal(st *Store, e *ConnectionError) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refused[st.StoreRef] = refusal{rev: st.Rev, err: e}
}

// refusal returns what [connections.rememberRefusal] remembers of a store, or nil.
func (n *connections) refusal(st *Store) *ConnectionError {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if r := n.refused[st.StoreRef]; r.rev == st.Rev {
		return r.err
	}
	return nil
}
