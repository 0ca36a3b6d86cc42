// Package keystore is AWS KMS: keys and their materials, states, aliases, tags and the operations that use them.
//
// # How a key lives
//
// Its row says what it is; its material is generated on the token, wrapped there by the root, and rests in a row
// of its own. For use it is unwrapped on the token with exactly one pair of usages and its handle is cached there.
// Key facts are cached here by (account, Region, id) and dropped by the committer before a change is answered.
//
// # Where to read
//
// operations.go is the table of contents. find.go turns what a caller calls a key into the key; spec.go says what keys there
// are and what each serves, matrix.go what each state allows; blob.go is the format of a ciphertext, public.go that of a
// public key; package grant lets callers use a key who own nothing; package imports takes in material
// made elsewhere; envelope.go seals for other services, by package datakeys; rotatekey.go replaces
// materials. Package sealing seals by them, and package usage counts what each has sealed. Package
// customstore is the custom key stores and the connections to their clusters, package residents the
// keys that rest on a token for good.
package keystore

import (
	"context"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/keystore/cryptoops"
	"claviger/keystore/customstore"
	"claviger/keystore/datakeys"
	"claviger/keystore/grant"
	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/keystore/model"
	"claviger/keystore/multiregion"
	"claviger/keystore/residents"
	"claviger/keystore/sealing"
	"claviger/keystore/target"
	"claviger/keystore/usage"
	"claviger/store"
)

// Token is what KMS asks of the device. Materials are named by id; see package custody.
type Token interface {
	Maker
	residents.Token
	Resident(k custody.Kind) bool // whether keys of a kind are made to rest on it
	key.Sealer
	cryptoops.Signer
	cryptoops.Opener
	imports.Device
}

// Maker makes materials, of the kinds that the device supports, and random bytes.
type Maker interface {
	Supports(k custody.Kind) bool
	Generate(ctx context.Context, id string, k custody.Kind) (custody.Material, error) // of a key pair it takes seconds
	Random(ctx context.Context, n int) ([]byte, error)
	Forget(id string)
}

// DeleteKeyJob is the kind of the job that ends a key when its window is over; see [Keys.Finish].
const DeleteKeyJob = "kms:DeleteKey"

// RotateKeyJob is the kind of the job that replaces a key's material when its time has come; see [Keys.Rotate].
const RotateKeyJob = key.RotateJob

// Keys performs the operations of KMS. [New] makes it.
type Keys struct {
	db    *store.DB
	token Token
	jobs  domain.Scheduler
	pager model.Pager

	regions []string // that are served

	rows    *keyrows.Rows
	related *multiregion.Keys
	grants  *grant.Grants

	importPairs *imports.Pairs

	residents       *residents.Keys
	stores          *customstore.Stores
	storeOperations *customstore.Operations

	usage     *usage.Counts
	materials *sealing.Materials
	dataKeys  *datakeys.DataKeys

	finder *target.Finder

	cryptographic *cryptoops.Operations

	destroy op.Command[dueInput, op.None]
	rotate  op.Command[dueInput, op.None]
	expire  op.Command[expireInput, op.None]
	manage  op.Command[manageInput, op.None]

	seal   op.Query[SealInput, envelope.Envelope]
	unseal op.Query[UnsealInput, Opened]
}

// New returns the key store of one installation, which serves regions.
func New(db *store.DB, token Token, jobs domain.Scheduler, in *install.Installation, regions []string,
	clusters customstore.Clusters) *Keys {
	rows, counts := keyrows.New(db, in.Rows, jobs), usage.New(db, jobs)
	s := &Keys{db: db, token: token, jobs: jobs,
		pager: model.NewPager(in.Tokens), regions: regions,
		rows: rows, related: multiregion.New(rows),
		grants: grant.New(db, in.Rows, in.Tokens),
		usage:  counts, materials: sealing.New(token, counts),
		importPairs: imports.New(db, in.Rows, in.Tokens, jobs, token),
	}
	s.residents = residents.New(db, in.Rows, jobs, rows, s.residentToken)
	s.stores = customstore.New(customstore.Config{DB: db, Signer: in.Rows, Jobs: jobs, Keys: rows,
		Clusters: clusters, Residents: s.residents, Token: token, Sealing: in.Identity,
		ForgetDataKeys: func(tx *store.Tx, in key.StoreRef) error {
			return s.dataKeys.ForgetInStore(tx, in) // they find their keys by the stores
		}})
	s.storeOperations = customstore.NewOperations(s.stores, s.pager)
	s.finder = target.NewFinder(rows, s.related, s.grants, s.stores.Attach)
	s.cryptographic = cryptoops.New(s.finder, cryptoops.Device{Random: token, Signer: token, Opener: token}, s.materials, s.storeOperations)
	s.dataKeys = datakeys.New(db, in.Rows, token, s.materials, counts, s.finder.Key)
	s.internal()
	return s
}

// UsageAlarms returns how many blocks of seals were begun since the start under key materials that
// have encrypted more than 2^30 times.
func (s *Keys) UsageAlarms() uint64 { return s.usage.Alarms() }

// PendingDeletionUses returns how many uses were refused since the start because their key was pending
// deletion, dry runs included.
func (s *Keys) PendingDeletionUses() uint64 { return s.finder.PendingDeletionUses() }

// CustomKeyStores returns the custom key stores, whose jobs the service does and whose connections it
// keeps open.
func (s *Keys) CustomKeyStores() *customstore.Stores { return s.stores }

// Residents returns the resident keys, whose jobs the service does.
func (s *Keys) Residents() *residents.Keys { return s.residents }

// residentToken returns the token of a custom key store, or the service's own; nil while the store
// isn't connected.
func (s *Keys) residentToken(on key.StoreRef) residents.Token {
	if on.ID == "" {
		return s.token
	}
	if open := s.stores.Connection(on); open != nil {
		return open
	}
	return nil
}
