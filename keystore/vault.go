package keystore

import (
	"claviger/keystore/key"
	"context"
	"errors"
	"sync"
)

// Clusters are the HSM clusters that custom key stores may stand on. A name in the server's configuration is all that a
// caller can say of one.
type Clusters interface {
	// Look returns how a cluster is now, without logging in; nil if none has the name.
	Look(ctx context.Context, id string) (*Cluster, error)
	// Open logs in to a cluster. The password is read again at each login, and wiped. Errors are [*Trouble].
	Open(ctx context.Context, id string, password func() ([]byte, error)) (Vault, error)
}

// Cluster is what is known of a cluster before anybody logs in to it.
type Cluster struct {
	Anchor string // certificate of its trust anchor in PEM, or nothing if the site compares none
	Works  bool   // its module can be loaded
	Active int    // HSMs that are there
	Needed int    // HSMs that must be there to make a store or a key: AWS asks for two
	Ready  bool   // the HSM that holds the keys is there
}

// Vault is a cluster that is logged in to. The keys of a store rest on it and never leave it.
type Vault interface {
	key.Sealer
	Keeper
	Random(ctx context.Context, n int) ([]byte, error)
	Ready() error      // why it can't be used just now, or nil
	Trouble() *Trouble // why only a person can bring it back, or nil
	Close()
}

// Trouble is why a cluster can't be connected to.
type Trouble struct {
	Code  string // ConnectionErrorCode
	Final bool   // trying again would be of no use, or do harm
	Err   error  // for the operator
}

func (t *Trouble) Error() string { return t.Code + ": " + t.Err.Error() }
func (t *Trouble) Unwrap() error { return t.Err }

// troubleOf returns err as a trouble. What a cluster did not name is none of the caller's doing.
func troubleOf(err error) *Trouble {
	var t *Trouble
	if errors.As(err, &t) {
		return t
	}
	return &Trouble{Code: "INTERNAL_ERROR", Err: err}
}

// connection is a vault that this process has open for a store.
type connection struct {
	Vault
	live bool // keys may be used: the store's row says CONNECTED
	over bool // the store was disconnected meanwhile, so that the vault never becomes live again
}

// connections are those of this process, by store. Nothing in here waits.
type connections struct {
	mu   sync.RWMutex
	open map[storeRef]*connection

	// refused has what came of trying stores' passwords in vain: none is tried again, not even if that could not be
	// written down.
	refused map[storeRef]refusal
}

// refusal is why a store at some revision could not be connected to, for good.
type refusal struct {
	rev     int64
	trouble *Trouble
}

func newConnections() *connections {
	return &connections{open: map[storeRef]*connection{}, refused: map[storeRef]refusal{}}
}

// vault returns what the keys of a store are used by, or nil.
func (n *connections) vault(ref storeRef) Vault {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if o := n.open[ref]; o != nil && o.live {
		return o.Vault
	}
	return nil
}

// opened returns the vault of a store whether it is live or not, or nil.
func (n *connections) opened(ref storeRef) Vault {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if o := n.open[ref]; o != nil {
		return o.Vault
	}
	return nil
}

// offer keeps a vault that is to become live.
func (n *connections) offer(ref storeRef, v Vault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open[ref] = &connection{Vault: v}
}

// admit lets keys be used.
func (n *connections) admit(ref storeRef) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if o := n.open[ref]; o != nil {
		o.live = !o.over
	}
}

// retire keeps keys from being used.
func (n *connections) retire(ref storeRef) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if o := n.open[ref]; o != nil {
		o.live, o.over = false, true
	}
}

// close closes the vault of a store unless it is live.
func (n *connections) close(ref storeRef) {
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

// closeAll closes every vault: the process ends.
func (n *connections) closeAll() {
	n.mu.Lock()
	all := n.open
	n.open = map[storeRef]*connection{}
	n.mu.Unlock()
	for _, o := range all {
		o.Close()
	}
}

// refuse remembers why connecting to a store at its revision is not to be tried again, and refusal returns that, or nil.
func (n *connections) refuse(st *keyStore, t *Trouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refused[st.storeRef] = refusal{st.rev, t}
}

func (n *connections) refusal(st *keyStore) *Trouble {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if r := n.refused[st.storeRef]; r.rev == st.rev {
		return r.trouble
	}
	return nil
}
