package keystore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/store"
)

// Kinds of the jobs that end what ConnectCustomKeyStore and DisconnectCustomKeyStore begin; see [Keys.Connect] and
// [Keys.Disconnect].
const (
	ConnectStoreJob    = "kms:ConnectCustomKeyStore"
	DisconnectStoreJob = "kms:DisconnectCustomKeyStore"
)

const (
	longestConnect = 30 * time.Second       // a device that takes longer is a network error
	passwordWait   = 250 * time.Millisecond // for the token to open a password, with the cluster's module waiting
)

// connectStore begins to connect. A store that is connected, or about to be, stays as it is.
func (s *Keys) connectStore(c *op.Call, _ StoreInput, st *keyStore) (func(*store.Tx) error, error) {
	if st.state != disconnected {
		return func(*store.Tx) error { return nil }, nil
	}
	cl, err := s.clusters.Look(c, st.cluster)
	switch {
	case err != nil:
		return nil, err
	case cl != nil && !cl.Works:
		return nil, fault.New(fault.State, "CloudHsmClusterNotActiveException", "The cluster "+st.cluster+" is not active.")
	case cl != nil && !cl.Ready: // one HSM is enough, but it has to be the one with the keys
		return nil, errFewHSMs
	}
	next := st.changed(func(st *keyStore) { st.state, st.trouble = connecting, "" })
	return s.amendStore(c, next, func(tx *store.Tx) error {
		return s.jobs.Schedule(tx, ConnectStoreJob, st.account, st.region, st.id, c.Time)
	})
}

// disconnectStore closes the store's keys at once. What is open is closed by the job.
func (s *Keys) disconnectStore(c *op.Call, _ StoreInput, st *keyStore) (func(*store.Tx) error, error) {
	next := st.changed(func(st *keyStore) { st.state, st.trouble = disconnecting, "" })
	return s.amendStore(c, next, func(tx *store.Tx) error {
		if err := s.closeStore(tx, st.storeRef); err != nil {
			return err
		}
		if err := s.jobs.Cancel(tx, ConnectStoreJob, st.account, st.region, st.id); err != nil {
			return err
		}
		return s.jobs.Schedule(tx, DisconnectStoreJob, st.account, st.region, st.id, c.Time)
	})
}

// closeStore keeps the keys of a store from being used once the transaction is there, and drops the handles of the data
// keys under them.
func (s *Keys) closeStore(tx *store.Tx, ref storeRef) error {
	ids, err := dataKeyIDsOfStore(tx, ref)
	tx.After(func() {
		s.vaults.retire(ref)
		for _, id := range ids {
			s.token.Forget(id)
		}
	})
	return err
}

// ownOnStore is the target of what the service itself does with a store, which may be gone by then.
type ownOnStore struct{ onStore }

func (ownOnStore) Missing() error { return nil }
func (ownOnStore) Ready() error   { return nil }

// findOwnStore reads the row, not the cache: what the service does by itself nobody repeats for it.
func (s *Keys) findOwnStore(c *op.Call, in StoreInput, operation string) (t ownOnStore, err error) {
	account, region := c.Namespace()
	t = ownOnStore{onStore{ref: storeRef{account, region, in.CustomKeyStoreId}, action: operation}}
	t.store, err = s.loadStore(c, t.ref)
	if isNoRow(err) {
		err = nil
		t.store = nil
	}
	return t, err
}

func (s *Keys) findConnection(c *op.Call, in StoreInput) (ownOnStore, error) {
	return s.findOwnStore(c, in, "ConnectCustomKeyStore")
}

func (s *Keys) findDisconnection(c *op.Call, in StoreInput) (ownOnStore, error) {
	return s.findOwnStore(c, in, "DisconnectCustomKeyStore")
}

// Connect ends the connecting of a store, and opens one again that was connected when the process started. It is the work
// of a [ConnectStoreJob]. A vault that no commit let in is closed again.
func (s *Keys) Connect(c *op.Call, id string) error {
	account, region := c.Namespace()
	_, err := op.AsService(c, "kms", s.connect, StoreInput{CustomKeyStoreId: id})
	s.vaults.close(storeRef{account, region, id})
	return err
}

// openStore opens the vault of a store that is to be connected, and plans the state that follows. A failure to connect is
// an outcome like another. To a store that is connected as far as its row says, only what needs a person is one: for the
// rest there will be another attempt.
func (s *Keys) openStore(c *op.Call, _ StoreInput, t ownOnStore) (op.Commit[op.None], error) {
	st := t.store
	if st == nil || st.state != connecting && st.state != connected {
		return op.Unchanged(op.None{}), nil
	}
	trouble, err := s.vaultOf(c, st)
	switch {
	case err != nil:
		return nil, err
	case trouble != nil && st.state == connected && !trouble.Final:
		return nil, custody.ErrUnavailable.Because(trouble)
	case trouble != nil:
		return s.failStore(c, st, trouble)
	case st.state == connected:
		return func(tx *store.Tx) (op.None, error) {
			tx.After(func() { s.vaults.admit(st.storeRef) })
			return op.None{}, s.unchangedStore(tx, st)
		}, nil
	}
	return s.letIn(c, st)
}

// vaultOf makes sure that a store's vault is open, live or not, and well as far as trying again is concerned.
func (s *Keys) vaultOf(c *op.Call, st *keyStore) (*Trouble, error) {
	if v := s.vaults.opened(st.storeRef); v != nil {
		return v.Trouble(), nil
	}
	if trouble := s.vaults.refusal(st); trouble != nil {
		return trouble, nil
	}
	password, err := s.passwordOf(c, st) // the token is asked first: its failure is not the cluster's
	if err != nil {
		return nil, err
	}
	clear(password)
	ctx, cancel := context.WithTimeout(c, longestConnect)
	defer cancel()
	v, err := s.clusters.Open(ctx, st.cluster, func() ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), passwordWait)
		defer cancel()
		return s.passwordOf(ctx, st)
	})
	if err != nil {
		trouble := troubleOf(err)
		if trouble.Final {
			s.vaults.refuse(st, trouble)
		}
		return trouble, nil
	}
	s.vaults.offer(st.storeRef, v)
	return nil, nil
}

func (s *Keys) passwordOf(ctx context.Context, st *keyStore) ([]byte, error) {
	password, err := s.token.Unseal(ctx, s.sealing, st.password, st.aad())
	if errors.Is(err, custody.ErrForged) {
		err = fault.New(fault.Internal, "", "").Because(fmt.Errorf("the sealed password of custom key store %s was changed", st.id))
	}
	return password, err
}

// failStore plans that a store has failed. Its code is in the record.
func (s *Keys) failStore(c *op.Call, st *keyStore, trouble *Trouble) (op.Commit[op.None], error) {
	c.Note(`{"connectionState":"` + failed + `","connectionErrorCode":"` + trouble.Code + `"}`)
	next := st.changed(func(st *keyStore) { st.state, st.trouble = failed, trouble.Code })
	amend, err := s.amendStore(c, next, func(tx *store.Tx) error { return s.closeStore(tx, st.storeRef) })
	return op.Apply(amend, op.None{}), err
}

// letIn plans that a store is connected, and that what it could not destroy before is destroyed now.
func (s *Keys) letIn(c *op.Call, st *keyStore) (op.Commit[op.None], error) {
	c.Note(`{"connectionState":"` + connected + `"}`)
	next := st.changed(func(st *keyStore) { st.state = connected })
	amend, err := s.amendStore(c, next, func(tx *store.Tx) error {
		tx.After(func() { s.vaults.admit(st.storeRef) })
		return s.hasten(tx, st.storeRef, c.Time)
	})
	return op.Apply(amend, op.None{}), err
}

// Disconnect closes the vault of a store. It is the work of a [DisconnectStoreJob].
func (s *Keys) Disconnect(c *op.Call, id string) error {
	_, err := op.AsService(c, "kms", s.disconnect, StoreInput{CustomKeyStoreId: id})
	return err
}

func (s *Keys) shutStore(c *op.Call, _ StoreInput, t ownOnStore) (op.Commit[op.None], error) {
	st := t.store
	if st == nil || st.state != disconnecting {
		return op.Unchanged(op.None{}), nil
	}
	s.vaults.close(st.storeRef)
	next := st.changed(func(st *keyStore) { st.state = disconnected })
	// Handles are dropped again: a request that had found its key before may have loaded one since.
	amend, err := s.amendStore(c, next, func(tx *store.Tx) error { return s.closeStore(tx, st.storeRef) })
	return op.Apply(amend, op.None{}), err
}

// The intervals at which [Keys.KeepConnected] looks, and waits after an attempt in vain.
const (
	keepEvery   = time.Second
	keepSlowest = time.Minute
)

// KeepConnected opens the vaults of stores that are connected and have none, as after the start of the process, and ends
// those connections that only a person can bring back. It runs until ctx ends.
func (s *Keys) KeepConnected(ctx context.Context, own func(ctx context.Context, account, region, service string) *op.Call) {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	after := map[storeRef]time.Time{}
	pause := map[storeRef]time.Duration{}
	for {
		for _, ref := range s.lost() {
			if time.Now().Before(after[ref]) || ctx.Err() != nil {
				continue
			}
			pause[ref] = min(max(2*pause[ref], keepEvery), keepSlowest)
			if s.Connect(own(ctx, ref.account, ref.region, "kms"), ref.id) == nil {
				delete(pause, ref)
			}
			after[ref] = time.Now().Add(pause[ref])
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Close closes the vaults of all stores: the process ends. Nobody may use or connect any then.
func (s *Keys) Close() { s.vaults.closeAll() }

// LostStores returns how many stores are connected as far as their rows say, and can't be used now.
func (s *Keys) LostStores() (n int) {
	all, _ := s.connectedStores() // what the database can't say, it says by itself
	for _, ref := range all {
		if v := s.vaults.vault(ref); v == nil || v.Ready() != nil {
			n++
		}
	}
	return n
}

// lost returns the stores that are connected as far as their rows say, and aren't.
func (s *Keys) lost() (refs []storeRef) {
	all, err := s.connectedStores()
	if err != nil {
		return nil // the database says so itself
	}
	for _, ref := range all {
		if v := s.vaults.opened(ref); v == nil || v.Trouble() != nil {
			refs = append(refs, ref)
		}
	}
	return refs
}
