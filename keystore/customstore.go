package keystore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/policy"
	"claviger/store"
)

// The types, states and quota of custom key stores.
const (
	cloudHSM      = "AWS_CLOUDHSM"
	connected     = "CONNECTED"
	connecting    = "CONNECTING"
	failed        = "FAILED"
	disconnected  = "DISCONNECTED"
	disconnecting = "DISCONNECTING"

	storesPerRegion = 10
)

// storeRef is the name of a custom key store in caches and tables.
type storeRef struct{ account, region, id string }

// keyStore is one custom key store as its row says. It is never changed: a change makes a copy with the next revision.
type keyStore struct {
	storeRef
	rev                         int64
	name, kind, cluster, anchor string
	password                    []byte // sealed
	state                       string // ConnectionState
	trouble                     string // ConnectionErrorCode, of a store that FAILED
	created                     time.Time
}

// changed returns a copy of st with the next revision, for change to alter.
func (st *keyStore) changed(change func(*keyStore)) *keyStore {
	c := *st
	c.rev++
	change(&c)
	return &c
}

// aad binds a sealed password to its store.
func (st *keyStore) aad() []byte { return []byte("claviger key store password 1 " + st.id) }

// newStoreID returns an id of AWS's form: cks- and 17 hex digits.
func newStoreID() string {
	b := make([]byte, 9)
	rand.Read(b)
	return "cks-" + hex.EncodeToString(b)[:17]
}

func errNoStore(id string) error {
	return fault.New(fault.NotFound, "CustomKeyStoreNotFoundException", "There is no custom key store "+id+".")
}

var (
	errNameInUse    = fault.New(fault.Exists, "CustomKeyStoreNameInUseException", "Another custom key store of this account and Region has this name.")
	errClusterInUse = fault.New(fault.Exists, "CloudHsmClusterInUseException", "The cluster is associated with a custom key store already.")
	errExternal     = kmsfault.Unsupported("External key stores are not supported by this service.")
)

// keyStoreOf returns a custom key store, from the cache or from its verified row; nil if there is none.
func (s *Keys) keyStoreOf(ctx context.Context, ref storeRef) (*keyStore, error) {
	st, err := s.stores.Get(ref, func() (*keyStore, error) { return s.loadStore(ctx, ref) })
	if errors.Is(err, store.NoRow) {
		return nil, nil
	}
	return st, err
}

// inStore returns a key as the state of its custom key store leaves it: with the vault that holds its material, or closed.
func (s *Keys) inStore(ctx context.Context, k *key.Key) (*key.Key, error) {
	ref := storeRef{k.Account, k.Region, k.CustomKeyStoreID}
	st, err := s.keyStoreOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	in := *k
	in.Disconnected = true
	if st != nil {
		in.ClusterID = st.cluster
	}
	if st != nil && st.state == connected {
		in.Connection = s.vaults.vault(ref)
		in.Disconnected = in.Connection == nil
	}
	return &in, nil
}

// onStore is a custom key store that an operation touches, there or not. AWS gives stores no ARN: who may touch one may
// touch all.
type onStore struct {
	ref    storeRef
	store  *keyStore
	action string
	in     []string // states that it may be in; nil: any
	vault  Vault    // where the operation needs one
	needs  bool     // ... which is then an error if it is missing
}

// Demands implements [op.Target].
func (t onStore) Demands() []policy.Demand {
	return []policy.Demand{{Action: "kms:" + t.action, Resource: policy.Resource{ARN: "*", Account: t.ref.account}}}
}

// Missing implements [op.Target].
func (t onStore) Missing() error {
	if t.store == nil {
		return errNoStore(t.ref.id)
	}
	return nil
}

// Ready implements [op.Target].
func (t onStore) Ready() error {
	switch {
	case t.in != nil && !slices.Contains(t.in, t.store.state):
		return t.store.invalidState()
	case t.needs && t.vault == nil:
		return errNotYet
	}
	return nil
}

func (st *keyStore) invalidState() error {
	return fault.New(fault.State, "CustomKeyStoreInvalidStateException",
		"The custom key store "+st.id+" is "+st.state+", which does not allow this operation.")
}

// errNotYet is the answer while a store that is connected has yet to be opened by this process, after its start.
var errNotYet = fault.New(fault.Unavailable, "", "The custom key store can't be reached at the moment. Try again in a few seconds.")

// findStore looks up a custom key store for an operation that is for the given states.
func (s *Keys) findStore(c *op.Call, operation, id string, states ...string) (t onStore, err error) {
	account, region := c.Namespace()
	t = onStore{ref: storeRef{account, region, id}, action: operation, in: states}
	t.store, err = s.keyStoreOf(c, t.ref)
	return t, err
}

// findOpenStore looks up a custom key store that an operation uses, and its vault.
func (s *Keys) findOpenStore(c *op.Call, operation, id string) (onStore, error) {
	t, err := s.findStore(c, operation, id, connected)
	t.vault, t.needs = s.vaults.vault(t.ref), true
	return t, err
}

// place is where an operation is done: on the service's own token, or in a custom key store.
type place struct {
	domain.Account
	store *onStore // nil: on the token
}

// Missing implements [op.Target].
func (p place) Missing() error {
	if p.store == nil {
		return nil
	}
	return p.store.Missing()
}

// Ready implements [op.Target].
func (p place) Ready() error {
	if p.store == nil {
		return nil
	}
	return p.store.Ready()
}

func (s *Keys) findPlace(c *op.Call, operation string, id *string) (place, error) {
	p := place{Account: domain.OnAccount("kms:" + operation)}
	if id == nil {
		return p, nil
	}
	t, err := s.findOpenStore(c, operation, *id)
	p.store = &t
	return p, err
}

// aboutStore is an input that names a custom key store.
type aboutStore interface {
	op.Input
	storeID() string
}

// StoreInput is the input of operations that take a custom key store and nothing else.
type StoreInput struct {
	CustomKeyStoreId string `shape:"CustomKeyStoreIdType,required"`
	op.ByShape
}

func (in StoreInput) storeID() string { return in.CustomKeyStoreId }

// StoreOutput is the output of operations that answer an object without members.
type StoreOutput struct{}

// changeStore makes an operation that changes one custom key store in one of the given states.
func changeStore[I aboutStore](s *Keys, n op.Info, plan func(*op.Call, I, *keyStore) (func(*store.Tx) error, error), states ...string) op.Operation {
	return op.Write(n, func(c *op.Call, in I) (onStore, error) { return s.findStore(c, n.Name, in.storeID(), states...) },
		func(c *op.Call, in I, t onStore) (op.Commit[StoreOutput], error) {
			commit, err := plan(c, in, t.store)
			return func(tx *store.Tx) (StoreOutput, error) { return StoreOutput{}, commit(tx) }, err
		})
}

// look returns the cluster of a store that is to be made, altered or added to, if it has what AWS asks for.
func (s *Keys) look(ctx context.Context, id string) (*Cluster, error) {
	cl, err := s.clusters.Look(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case cl == nil:
		return nil, fault.New(fault.NotFound, "CloudHsmClusterNotFoundException", "This service's configuration names no cluster "+id+".")
	case !cl.Works:
		return nil, fault.New(fault.State, "CloudHsmClusterNotActiveException", "The cluster "+id+" is not active.")
	case cl.Active < cl.Needed || !cl.Ready:
		return nil, errFewHSMs
	}
	return cl, nil
}

var errFewHSMs = fault.New(fault.State, "CloudHsmClusterInvalidConfigurationException", "The cluster has fewer active HSMs than this operation requires.")

// CreateStoreInput is CreateCustomKeyStoreRequest of AWS.
type CreateStoreInput struct {
	CustomKeyStoreName               string         `shape:"CustomKeyStoreNameType,required"`
	CloudHsmClusterId                *string        `shape:"CloudHsmClusterIdType"`
	TrustAnchorCertificate           *string        `shape:"TrustAnchorCertificateType"`
	KeyStorePassword                 *string        `shape:"KeyStorePasswordType"`
	CustomKeyStoreType               *string        `shape:"CustomKeyStoreType"`
	XksProxyUriEndpoint              *string        `shape:"XksProxyUriEndpointType"`
	XksProxyUriPath                  *string        `shape:"XksProxyUriPathType"`
	XksProxyVpcEndpointServiceName   *string        `shape:"XksProxyVpcEndpointServiceNameType"`
	XksProxyVpcEndpointServiceOwner  *string        `shape:"AccountIdType"`
	XksProxyAuthenticationCredential *XksCredential `shape:"XksProxyAuthenticationCredentialType"`
	XksProxyConnectivity             *string        `shape:"XksProxyConnectivityType"`
}

// XksCredential is XksProxyAuthenticationCredentialType of AWS. There are no external key stores here.
type XksCredential struct {
	AccessKeyId        string `shape:"XksProxyAuthenticationAccessKeyIdType,required"`
	RawSecretAccessKey string `shape:"XksProxyAuthenticationRawSecretAccessKeyType,required"`
}

// Validate wants what a CloudHSM key store is made of, and refuses the other type.
func (in CreateStoreInput) Validate() error {
	switch {
	case domain.Or(in.CustomKeyStoreType, cloudHSM) != cloudHSM || in.external():
		return errExternal
	case in.CloudHsmClusterId == nil, in.TrustAnchorCertificate == nil, in.KeyStorePassword == nil:
		return kmsfault.Invalid("CloudHsmClusterId, TrustAnchorCertificate and KeyStorePassword are required for a custom key store of type AWS_CLOUDHSM.")
	}
	return nil
}

func (in CreateStoreInput) external() bool {
	return in.XksProxyUriEndpoint != nil || in.XksProxyUriPath != nil || in.XksProxyVpcEndpointServiceName != nil ||
		in.XksProxyVpcEndpointServiceOwner != nil || in.XksProxyAuthenticationCredential != nil || in.XksProxyConnectivity != nil
}

// CreateStoreOutput is CreateCustomKeyStoreResponse of AWS.
type CreateStoreOutput struct{ CustomKeyStoreId string }

func (s *Keys) createStore(c *op.Call, in CreateStoreInput) (op.Commit[CreateStoreOutput], error) {
	cl, err := s.look(c, *in.CloudHsmClusterId)
	if err != nil {
		return nil, err
	}
	if cl.Anchor != "" && !sameCertificate(cl.Anchor, *in.TrustAnchorCertificate) {
		return nil, fault.New(fault.Invalid, "IncorrectTrustAnchorException", "The certificate is not the trust anchor of the cluster.")
	}
	account, region := c.Namespace()
	st := &keyStore{storeRef: storeRef{account, region, newStoreID()}, rev: 1, name: in.CustomKeyStoreName, kind: cloudHSM, cluster: *in.CloudHsmClusterId,
		anchor: *in.TrustAnchorCertificate, state: disconnected, created: c.Time.Truncate(time.Microsecond)}
	if st.password, err = s.token.Seal(c, s.sealing, []byte(*in.KeyStorePassword), st.aad()); err != nil {
		return nil, err
	}
	c.Note(`{"customKeyStoreId":"` + st.id + `"}`)
	insert, err := s.insertStore(c, st, cl.Anchor != "")
	return func(tx *store.Tx) (CreateStoreOutput, error) { return CreateStoreOutput{st.id}, insert(tx) }, err
}

// sameCertificate compares two certificates in PEM by their text, white space aside.
func sameCertificate(a, b string) bool {
	return strings.Join(strings.Fields(a), "") == strings.Join(strings.Fields(b), "")
}

// UpdateStoreInput is UpdateCustomKeyStoreRequest of AWS.
type UpdateStoreInput struct {
	CustomKeyStoreId                 string         `shape:"CustomKeyStoreIdType,required"`
	NewCustomKeyStoreName            *string        `shape:"CustomKeyStoreNameType"`
	KeyStorePassword                 *string        `shape:"KeyStorePasswordType"`
	CloudHsmClusterId                *string        `shape:"CloudHsmClusterIdType"`
	XksProxyUriEndpoint              *string        `shape:"XksProxyUriEndpointType"`
	XksProxyUriPath                  *string        `shape:"XksProxyUriPathType"`
	XksProxyVpcEndpointServiceName   *string        `shape:"XksProxyVpcEndpointServiceNameType"`
	XksProxyVpcEndpointServiceOwner  *string        `shape:"AccountIdType"`
	XksProxyAuthenticationCredential *XksCredential `shape:"XksProxyAuthenticationCredentialType"`
	XksProxyConnectivity             *string        `shape:"XksProxyConnectivityType"`
}

func (in UpdateStoreInput) storeID() string { return in.CustomKeyStoreId }

// Validate wants something to change, and nothing of an external key store.
func (in UpdateStoreInput) Validate() error {
	external := CreateStoreInput{XksProxyUriEndpoint: in.XksProxyUriEndpoint, XksProxyUriPath: in.XksProxyUriPath,
		XksProxyVpcEndpointServiceName: in.XksProxyVpcEndpointServiceName, XksProxyVpcEndpointServiceOwner: in.XksProxyVpcEndpointServiceOwner,
		XksProxyAuthenticationCredential: in.XksProxyAuthenticationCredential, XksProxyConnectivity: in.XksProxyConnectivity}.external()
	switch {
	case external:
		return errExternal
	case in.NewCustomKeyStoreName == nil && in.KeyStorePassword == nil && in.CloudHsmClusterId == nil:
		return kmsfault.Invalid("At least one property of the custom key store to change is required.")
	}
	return nil
}

// updateStore changes a store's name, the password it logs in with, or its cluster. Only the name may change while it is
// connected.
func (s *Keys) updateStore(c *op.Call, in UpdateStoreInput, st *keyStore) (func(*store.Tx) error, error) {
	if st.state == connected && (in.KeyStorePassword != nil || in.CloudHsmClusterId != nil) {
		return nil, st.invalidState()
	}
	if in.CloudHsmClusterId != nil {
		if err := s.sameAnchor(c, st, *in.CloudHsmClusterId); err != nil {
			return nil, err
		}
	}
	next := st.changed(func(st *keyStore) {
		st.name, st.cluster = domain.Or(in.NewCustomKeyStoreName, st.name), domain.Or(in.CloudHsmClusterId, st.cluster)
	})
	if in.KeyStorePassword != nil {
		var err error
		if next.password, err = s.token.Seal(c, s.sealing, []byte(*in.KeyStorePassword), st.aad()); err != nil {
			return nil, err
		}
	}
	return s.amendStore(c, next, func(tx *store.Tx) error { return s.unique(tx, next, false) })
}

// sameAnchor wants another cluster to be a copy of the store's own, which shows by its trust anchor.
func (s *Keys) sameAnchor(c *op.Call, st *keyStore, cluster string) error {
	cl, err := s.look(c, cluster)
	if err == nil && cluster != st.cluster && (cl.Anchor == "" || !sameCertificate(cl.Anchor, st.anchor)) {
		err = fault.New(fault.State, "CloudHsmClusterNotRelatedException", "The cluster does not have the trust anchor of the one that the custom key store was made with.")
	}
	return err
}

func (s *Keys) deleteStore(_ *op.Call, _ StoreInput, st *keyStore) (func(*store.Tx) error, error) {
	return func(tx *store.Tx) error { return s.removeStore(tx, st) }, nil
}
