package customstore

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/policy"
)

var (
	// ErrExternal refuses the other type of custom key store.
	ErrExternal = kmsfault.Unsupported("External key stores are not supported by this service.")

	// errNotOpen is the answer while a store that is connected has yet to be opened by this
	// process, after its start.
	errNotOpen = fault.New(fault.Unavailable, "",
		"The custom key store can't be reached at the moment. Try again in a few seconds.")
)

// storeTarget is a custom key store that an operation touches, there or not. AWS gives stores no
// ARN: who may touch one may touch all.
type storeTarget struct {
	Ref    key.StoreRef
	Store  *Store // nil if there is none
	action string
	states []State // that it may be in; nil: any
	unread error   // why it could not be read
}

// Demands implements [op.Target].
func (t storeTarget) Demands() []policy.Demand {
	return []policy.Demand{domain.On("kms:"+t.action, "*", t.Ref.Account)}
}

// Missing implements [op.Target].
func (t storeTarget) Missing() error {
	if t.unread != nil {
		return t.unread
	}
	if t.Store == nil {
		return NotFound(t.Ref.ID)
	}
	return nil
}

// Changes implements [op.Changer]. The jobs that connect and disconnect are not among those who
// wait and are waited for: a cluster may keep them for as long as it likes, and who disconnects
// ends what connects.
func (t storeTarget) Changes() []string {
	return []string{t.Ref.Account + "/" + t.Ref.Region + "/" + t.Ref.ID}
}

// Ready implements [op.Target].
func (t storeTarget) Ready() error {
	if t.states != nil && !slices.Contains(t.states, t.Store.State) {
		return t.Store.invalidState()
	}
	return nil
}

// findStore looks up a custom key store for an operation that is for the given states.
func (s *Operations) findStore(c *op.Call, operation, id string,
	states ...State) storeTarget {
	account, region := c.Namespace()
	t := storeTarget{Ref: key.StoreRef{Account: account, Region: region, ID: id}, action: operation,
		states: states}
	t.Store, t.unread = s.stores.Store(c, t.Ref)
	return t
}

// TokenTarget is the token that an operation is done on: the service's own, or that of a custom key
// store.
type TokenTarget struct {
	domain.Account
	In *OpenStore // nil: the service's own
}

// OpenStore is a connected custom key store and its token, nil while the connection has yet to be
// opened.
type OpenStore struct {
	storeTarget
	Token Token
}

// Missing implements [op.Target].
func (t TokenTarget) Missing() error {
	if t.In == nil {
		return nil
	}
	return t.In.Missing()
}

// Ready implements [op.Target].
func (t TokenTarget) Ready() error {
	if t.In == nil {
		return nil
	}
	if err := t.In.Ready(); err != nil {
		return err
	}
	if t.In.Token == nil {
		return errNotOpen
	}
	return nil
}

// FindToken finds the token of an operation whose input may name a custom key store.
func (s *Operations) FindToken(c *op.Call, operation string, storeID *string) (TokenTarget, error) {
	t := TokenTarget{Account: domain.OnAccount("kms:" + operation)}
	if storeID == nil {
		return t, nil
	}
	in := s.findStore(c, operation, *storeID, Connected)
	t.In = &OpenStore{storeTarget: in, Token: s.stores.Token(in.Ref)}
	return t, nil
}

// aboutStore is an input that names a custom key store.
type aboutStore interface {
	op.Input
	storeID() string
}

// CustomKeyStoreInput is the input of operations that take a custom key store and nothing else.
type CustomKeyStoreInput struct {
	CustomKeyStoreId string `shape:"CustomKeyStoreIdType,required"`
	op.ByShape
}

func (in CustomKeyStoreInput) storeID() string { return in.CustomKeyStoreId }

// CustomKeyStoreOutput is the output of operations that answer an object without members.
type CustomKeyStoreOutput struct{}

// changeStore makes an operation that changes one custom key store in one of the given states.
func changeStore[I aboutStore](s *Operations, n op.Info,
	plan func(*op.Call, I, *Store) (domain.Change, error),
	states ...State) op.Operation {
	find := func(c *op.Call, in I) (storeTarget, error) {
		return s.findStore(c, n.Name, in.storeID(), states...), nil
	}
	return op.Write(n, find,
		func(c *op.Call, in I, t storeTarget) (op.Commit[CustomKeyStoreOutput], error) {
			c.NoteText("customKeyStoreName", t.Store.Name)
			c.NoteText("clusterId", t.Store.ClusterID)
			change, err := plan(c, in, t.Store)
			return op.Apply(change, CustomKeyStoreOutput{}), err
		})
}
