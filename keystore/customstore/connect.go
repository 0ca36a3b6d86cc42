package customstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/policy"
	"claviger/store"
)

// Kinds of the jobs that end what ConnectCustomKeyStore and DisconnectCustomKeyStore begin; see
// [Stores.Connect] and [Stores.Disconnect]. Their subject is the store's id. Jobs of the two kinds
// must never work on one store at once: what a slow cluster opened in the end could else belong to
// the next connection.
const (
	ConnectJob    = "kms:ConnectCustomKeyStore"
	DisconnectJob = "kms:DisconnectCustomKeyStore"
)

const (
	longestConnect = 30 * time.Second       // a device that takes longer is a network error
	passwordWait   = 250 * time.Millisecond // to open a password, with the cluster's module waiting
)

// beginConnect prepares the change by which connecting begins. A store that is connected, or about
// to be, stays as it is.
func (s *Stores) beginConnect(c *op.Call, st *Store) (domain.Change, error) {
	if st.State != Disconnected {
		return domain.Nothing, nil
	}
	if err := s.connectable(c, st); err != nil {
		return nil, err
	}
	next := st.Changed(func(st *Store) { st.State, st.ConnectionErrorCode = Connecting, "" })
	return s.amend(c, next, func(tx *store.Tx) error {
		return s.config.Jobs.Schedule(tx, ConnectJob, st.Account, st.Region, st.ID, c.Time)
	})
}

// beginDisconnect prepares the change that closes the store's keys at once. What is open is closed
// by the job.
func (s *Stores) beginDisconnect(c *op.Call, st *Store) (domain.Change, error) {
	next := st.Changed(func(st *Store) { st.State, st.ConnectionErrorCode = Disconnecting, "" })
	return s.amend(c, next, func(tx *store.Tx) error {
		if err := s.closeKeys(tx, st.StoreRef); err != nil {
			return err
		}
		if err := s.config.Jobs.Cancel(tx, ConnectJob, st.Account, st.Region, st.ID); err != nil {
			return err
		}
		return s.config.Jobs.Schedule(tx, DisconnectJob, st.Account, st.Region, st.ID, c.Time)
	})
}

// closeKeys keeps the keys of a store from being used once the transaction is committed, and drops
// the handles of the data keys under them.
func (s *Stores) closeKeys(tx *store.Tx, ref key.StoreRef) error {
	tx.After(func() { s.connections.endUse(ref) })
	return s.config.ForgetDataKeys(tx, ref)
}

// storeInput names the store that a job is about.
type storeInput struct {
	CustomKeyStoreId string `shape:"CustomKeyStoreIdType,required"`
	op.ByShape
}

// jobTarget is the store that a job is about, which may be gone by then.
type jobTarget struct {
	ref    key.StoreRef
	store  *Store // nil if it is gone
	action string
	op.There
}

// Demands implements [op.Target].
func (t jobTarget) Demands() []policy.Demand {
	return []policy.Demand{domain.On("kms:"+t.action, "*", t.ref.Account)}
}

// findForJob returns what finds the store of a job. It reads the row and not the cache: a caller
// whom a stale row misleads tries again, a job has nobody who does.
func (s *Stores) findForJob(action string) func(*op.Call, storeInput) (jobTarget, error) {
	return func(c *op.Call, in storeInput) (jobTarget, error) {
		t := jobTarget{ref: refOf(c, in.CustomKeyStoreId), action: action}
		st, err := s.load(c, t.ref)
		if domain.IsNoRow(err) {
			return t, nil
		}
		t.store = st
		return t, err
	}
}

// Jobs is the work that stores put off, by kind. A cluster that is slow to connect must not be
// disconnected from meanwhile: what it opened in the end could belong to the next connection.
func (s *Stores) Jobs() map[string]domain.Job {
	const connection = "kms:CustomKeyStoreConnection"
	// A cluster that doesn't answer takes half a minute, and all stores connect when the service
	// starts.
	const many = 16
	return map[string]domain.Job{
		ConnectJob:    {Work: s.Connect, AtOnce: many, Order: connection},
		DisconnectJob: {Work: s.Disconnect, Order: connection},
	}
}

// refOf names a store of the account and Region that a call is for.
func refOf(c *op.Call, id string) key.StoreRef {
	account, region := c.Namespace()
	return key.StoreRef{Account: account, Region: region, ID: id}
}

// Connect ends what ConnectCustomKeyStore began, and reopens the connection of a store whose row
// says that it is connected. It is the work of a [ConnectJob]. A connection is closed again unless
// a commit has allowed its use.
//
// That a connected store can't be opened just now is no failure of the job: [Stores.KeepConnected]
// asks for the next one.
func (s *Stores) Connect(c *op.Call, id string) error {
	ref := refOf(c, id)
	_, err := op.AsService(c, "kms", c.Caller.Account, s.connect, storeInput{CustomKeyStoreId: id})
	s.connections.close(ref)
	s.attempts.ended(ref, time.Now())
	if failure := new(ConnectionError); errors.As(err, &failure) {
		return nil
	}
	return err
}

// planConnection opens the connection of a store that is to be connected, and plans the state that
// follows. A failure to connect is an outcome, stored as FAILED. A store that was connected fails
// only by what needs a person to mend it: for everything else there will be another attempt.
func (s *Stores) planConnection(c *op.Call, _ storeInput, t jobTarget) (op.Commit[op.None], error) {
	st := t.store
	if st == nil || st.State != Connecting && st.State != Connected {
		return op.Unchanged(op.None{}), nil
	}
	failure, err := s.ensureOpen(c, st)
	switch {
	case err != nil:
		return nil, err
	case failure != nil && st.State == Connected && !failure.Final:
		return nil, custody.ErrUnavailable.Because(failure)
	case failure != nil:
		return s.planFailed(c, st, failure)
	case st.State == Connected:
		return op.Apply(domain.InOrder(s.allowUse(st), s.Unchanged(st)), op.None{}), nil
	}
	return s.planConnected(c, st)
}

// ensureOpen opens a store's connection unless it is open already, live or not. It returns why that
// failed, or why an open one can't come back by itself.
func (s *Stores) ensureOpen(c *op.Call, st *Store) (*ConnectionError, error) {
	if open := s.connections.opened(st.StoreRef); open != nil {
		return s.lostFor(st, open)
	}
	if refused := s.connections.refusal(st); refused != nil {
		return refused, nil
	}
	before, err := s.refusals(st.ClusterID)
	if err != nil {
		return nil, err
	}
	if before >= MaxRefusals {
		c.Log().Error("a cluster's password is not tried: it was refused before. "+
			"`claviger clusters reset` allows one more try", "cluster", st.ClusterID,
			"customKeyStoreId", st.ID, "refusals", before)
		return &ConnectionError{Code: lockedOut, Err: errRefusedBefore}, nil
	}
	password, err := s.password(c, st) // the token is asked first: its failure is not the cluster's
	if err != nil {
		return nil, err
	}
	clear(password)
	// Counted before it is tried: what a process that ends in the middle has tried counts.
	if err := s.setRefusals(st.ClusterID, before+1); err != nil {
		return nil, err
	}
	open, unsure, err := s.open(c, st, before > 0)
	if err == nil {
		s.connections.add(st.StoreRef, open)
		return nil, s.setRefusals(st.ClusterID, 0)
	}
	failure := connectionErrorOf(err)
	if failure.Final {
		s.connections.rememberRefusal(st, failure)
	}
	// A store that is connected has the password that was right, and comes back by itself.
	if failure.Code == invalidCredentials || unsure && st.State != Connected {
		return failure, nil
	}
	return failure, s.setRefusals(st.ClusterID, before)
}

// open logs in to the cluster of a store. unsure says that the cluster was given the password and
// nobody knows what it will say. One that comes to it later is given none: nobody would count it.
func (s *Stores) open(c *op.Call, st *Store, again bool) (open Connection, unsure bool, err error) {
	ctx, cancel := context.WithTimeout(c, longestConnect)
	defer cancel()
	var asked, over atomic.Bool
	open, err = s.config.Clusters.Open(ctx, Login{Account: st.Account, Cluster: st.ClusterID,
		Again: again, Password: func() ([]byte, error) {
			asked.Store(true) // first: whoever finds that it isn't over is seen below
			if over.Load() {
				return nil, errGivenUp
			}
			ctx, cancel := context.WithTimeout(context.Background(), passwordWait)
			defer cancel()
			return s.password(ctx, st)
		}})
	if err != nil {
		over.Store(true)
		unsure = ctx.Err() != nil && asked.Load()
	}
	return open, unsure, err
}

// lostFor returns why an open connection of a store can't come back by itself, or nil. That its
// password was refused when the cluster was logged in to again counts like any refusal.
func (s *Stores) lostFor(st *Store, open Connection) (*ConnectionError, error) {
	failure := open.FinalError()
	if failure == nil || failure.Code != invalidCredentials || s.connections.refusal(st) != nil {
		return failure, nil
	}
	before, err := s.refusals(st.ClusterID)
	if err == nil {
		err = s.setRefusals(st.ClusterID, before+1)
	}
	if err != nil {
		return nil, err
	}
	s.connections.rememberRefusal(st, failure)
	return failure, nil
}

// planFailed plans the state FAILED. Its code is in the record.
func (s *Stores) planFailed(c *op.Call, st *Store,
	failure *ConnectionError) (op.Commit[op.None], error) {
	c.Note(`{"connectionState":"` + string(Failed) + `",` +
		`"connectionErrorCode":"` + failure.Code + `"}`)
	next := st.Changed(func(st *Store) {
		st.State, st.ConnectionErrorCode = Failed, failure.Code
	})
	amend, err := s.amend(c, next, func(tx *store.Tx) error { return s.closeKeys(tx, st.StoreRef) })
	return op.Apply(amend, op.None{}), err
}

// planConnected plans the state CONNECTED, and has the orphans destroyed that could not be before.
func (s *Stores) planConnected(c *op.Call, st *Store) (op.Commit[op.None], error) {
	c.Note(`{"connectionState":"` + string(Connected) + `"}`)
	next := st.Changed(func(st *Store) { st.State = Connected })
	amend, err := s.amend(c, next, domain.InOrder(s.allowUse(st), func(tx *store.Tx) error {
		return s.config.Residents.Expedite(tx, st.StoreRef, c.Time)
	}))
	return op.Apply(amend, op.None{}), err
}

// allowUse lets the keys of a store be used once the transaction is committed.
func (s *Stores) allowUse(st *Store) domain.Change {
	return func(tx *store.Tx) error {
		tx.After(func() { s.connections.allowUse(st.StoreRef) })
		return nil
	}
}

// Disconnect closes the connection of a store. It is the work of a [DisconnectJob].
func (s *Stores) Disconnect(c *op.Call, id string) error {
	_, err := op.AsService(c, "kms", c.Caller.Account, s.disconnect, storeInput{CustomKeyStoreId: id})
	return err
}

// planDisconnection closes the connection before the commit. Its use has ended with
// beginDisconnect, so nothing is lost if the commit fails and the job begins again.
func (s *Stores) planDisconnection(c *op.Call, _ storeInput,
	t jobTarget) (op.Commit[op.None], error) {
	st := t.store
	if st == nil || st.State != Disconnecting {
		return op.Unchanged(op.None{}), nil
	}
	s.connections.close(st.StoreRef)
	next := st.Changed(func(st *Store) { st.State = Disconnected })
	// Handles are dropped again: a request that had found its key before may have loaded one since.
	amend, err := s.amend(c, next, func(tx *store.Tx) error { return s.closeKeys(tx, st.StoreRef) })
	return op.Apply(amend, op.None{}), err
}
