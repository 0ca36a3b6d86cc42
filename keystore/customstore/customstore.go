// Package customstore is the custom key stores of AWS CloudHSM's kind: what is known of each, the
// clusters of HSMs that they stand on, and the connections to them.
//
// # Connecting
//
// ConnectCustomKeyStore and DisconnectCustomKeyStore change the state of the store's row and leave
// a job, which ends what they begin. That a store is connected stands in its row; the connection
// that is open is this process's. Both are asked for each use of a key in the store. After a start,
// and when a connection is lost, [Stores.KeepConnected] asks for the same job again.
//
// # Passwords
//
// The password that a store's cluster is logged in to with is stored sealed by the service's own
// token. It is opened for each login and wiped. One that was refused is not tried again before a
// caller connects the store once more, and a cluster that has refused [MaxRefusals] is left alone
// until an operator says otherwise.
package customstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/keystore/model"
	"claviger/store"
)

// typeCloudHSM is the CustomKeyStoreType of all stores that there are here.
const typeCloudHSM = "AWS_CLOUDHSM"

// perRegion is AWS's quota of custom key stores of an account in a Region.
const perRegion = 10

// State is a ConnectionState of AWS.
type State string

// The states of the KMS API reference ("CustomKeyStoresListEntry").
const (
	Connected     State = "CONNECTED"
	Connecting    State = "CONNECTING"
	Failed        State = "FAILED"
	Disconnected  State = "DISCONNECTED"
	Disconnecting State = "DISCONNECTING"
)

// Store is one custom key store as its row says. It is never changed: a change makes a copy with
// the next revision.
type Store struct {
	key.StoreRef
	Rev                 int64
	Name                string
	Type                string // CustomKeyStoreType
	ClusterID           string // CloudHsmClusterId
	TrustAnchor         string // TrustAnchorCertificate
	Password            []byte // KeyStorePassword, sealed; see [Stores.setPassword]
	State               State
	ConnectionErrorCode string // of a store that FAILED
	Created             time.Time
}

// NewID returns an id of AWS's form: cks- and 17 hex digits.
func NewID() string {
	b := make([]byte, 9)
	rand.Read(b)
	return "cks-" + hex.EncodeToString(b)[:17]
}

// Changed returns a copy of st with the next revision, for change to alter.
func (st *Store) Changed(change func(*Store)) *Store {
	c := *st
	c.Rev++
	change(&c)
	return &c
}

// invalidState is the answer to an operation that the state of the store does not allow.
func (st *Store) invalidState() error {
	return fault.Newf(fault.State, "CustomKeyStoreInvalidStateException",
		"The custom key store %s is %s, which does not allow this operation.", st.ID, st.State)
}

// NotFound is the answer to who may know that a store is absent, by its id or its name.
func NotFound(name string) error {
	return fault.Newf(fault.NotFound, "CustomKeyStoreNotFoundException",
		"There is no custom key store %s.", name)
}

// Config is what the stores of an installation are made of. All fields must be set.
type Config struct {
	DB        *store.DB
	Signer    *rowmac.Signer
	Jobs      domain.Scheduler
	Keys      *keyrows.Rows
	Clusters  Clusters
	Residents Residents
	Token     custody.Sealer // the service's own, which seals passwords
	Sealing   custody.Ref    // under this key

	// ForgetDataKeys has the service's own token drop the data keys under the keys of a store once
	// the transaction is committed.
	ForgetDataKeys func(*store.Tx, key.StoreRef) error
}

// Residents are the resident keys on the tokens of stores that no KMS key uses; see package
// residents.
type Residents interface {
	Expedite(tx *store.Tx, in key.StoreRef, due time.Time) error // the store is connected again
	Forget(tx *store.Tx, in key.StoreRef) error                  // the store is going
}

// cachedStores bounds the cache: a store has a certificate of a few KiB.
const cachedStores = 256

// Stores are the custom key stores of one installation. [New] makes it.
type Stores struct {
	config      Config
	cache       *domain.Cache[key.StoreRef, *Store]
	connections *connections
	attempts    attempts

	connect, disconnect op.Command[storeInput, op.None]
	reset               op.Command[resetInput, op.None]
}

// New returns the custom key stores of an installation.
func New(c Config) *Stores {
	s := &Stores{config: c, connections: newConnections(),
		cache: domain.NewCache[key.StoreRef, *Store](cachedStores, 0, nil)}
	route := domain.Routes{Service: model.KMS}
	s.connect = op.Write(route.Internal("ConnectCustomKeyStore"),
		s.findForJob("ConnectCustomKeyStore"), s.planConnection)
	s.disconnect = op.Write(route.Internal("DisconnectCustomKeyStore"),
		s.findForJob("DisconnectCustomKeyStore"), s.planDisconnection)
	s.reset = op.Write(route.Internal("ResetClusterRefusals"), s.findReset, s.planReset)
	return s
}

// Store returns a store, from the cache or from its verified row; nil if there is none.
func (s *Stores) Store(ctx context.Context, ref key.StoreRef) (*Store, error) {
	return s.cache.Get(ref, func() (*Store, error) { return s.load(ctx, ref) })
}

// Token returns the token of a store that is connected, or nil while its connection isn't open.
func (s *Stores) Token(ref key.StoreRef) Token {
	if open := s.connections.live(ref); open != nil {
		return open
	}
	return nil // and not an interface that holds a nil one
}

// Attach returns a key as the state of its custom key store leaves it: with the connection to the
// cluster that holds its material, or disconnected.
func (s *Stores) Attach(ctx context.Context, k *key.Key) (*key.Key, error) {
	st, err := s.Store(ctx, k.StoreRef())
	if err != nil {
		return nil, err
	}
	if st == nil { // none is deleted before its keys are
		return nil, key.ErrGone("the custom key store " + k.CustomKeyStoreID + " of " + k.ARN())
	}
	attached := *k
	attached.Disconnected = true
	attached.ClusterID = st.ClusterID
	if open := s.connections.live(st.StoreRef); open != nil && st.State == Connected {
		attached.Connection, attached.Disconnected = open, false
	}
	return &attached, nil
}
