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
	"runtime"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/keystore/customstore"
	"claviger/keystore/datakeys"
	"claviger/keystore/grant"
	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/keystore/multiregion"
	"claviger/keystore/residents"
	"claviger/keystore/sealing"
	"claviger/keystore/usage"
	"claviger/store"
)

// Token is what KMS asks of the device. Materials are named by id; see package custody.
type Token interface {
	Maker
	residents.Token
	Resident(k custody.Kind) bool // whether keys of a kind are made to rest on it
	key.Sealer
	Signer
	Opener
	imports.Device
}

// Maker makes materials, of the kinds that the device supports, and random bytes.
type Maker interface {
	Supports(k custody.Kind) bool
	Generate(ctx context.Context, id string, k custody.Kind) (custody.Material, error) // of a key pair it takes seconds
	Random(ctx context.Context, n int) ([]byte, error)
	Forget(id string)
}

// Signer makes signatures and message authentication codes.
type Signer interface {
	// Sign takes the digest by the algorithm's hash; of ED25519_SHA_512 and ML_DSA_SHAKE_256, which have none before them, the
	// message; and of custody.ExternalMu the message representative.
	Sign(ctx context.Context, ref custody.Ref, alg custody.Algorithm, digest []byte) ([]byte, error)
	MAC(ctx context.Context, ref custody.Ref, data []byte) ([]byte, error)
}

// Opener uses private keys on what others made with the public one.
type Opener interface {
	Decrypt(ctx context.Context, ref custody.Ref, alg custody.Algorithm, ciphertext []byte) ([]byte, error)
	Derive(ctx context.Context, ref custody.Ref, peer []byte) ([]byte, error) // peer is on the key's curve
	Decapsulate(ctx context.Context, ref custody.Ref, ciphertext []byte) ([]byte, error)
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
	pager domain.Pager

	regions []string // that are served

	rows    *keyrows.Rows
	related *multiregion.Keys
	grants  *grant.Grants

	importPairs *imports.Pairs

	residents *residents.Keys
	stores    *customstore.Stores

	usage     *usage.Counts
	materials *sealing.Materials
	dataKeys  *datakeys.DataKeys

	finder *finder

	pairs chan struct{} // a place for each key pair being made on the processor

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
		pager: domain.Pager{Tokens: in.Tokens, Invalid: errMarker}, regions: regions,
		rows: rows, related: multiregion.New(rows),
		grants: grant.New(db, in.Rows, in.Tokens),
		usage:  counts, materials: sealing.New(token, counts),
		importPairs: imports.New(db, in.Rows, in.Tokens, jobs, token),
		pairs:       make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), // an RSA pair takes seconds: the rest is for everybody else
	}
	s.residents = residents.New(db, in.Rows, jobs, rows, s.residentToken)
	s.stores = customstore.New(customstore.Config{DB: db, Signer: in.Rows, Jobs: jobs, Keys: rows,
		Clusters: clusters, Residents: s.residents, Token: token, Sealing: in.Identity,
		ForgetDataKeys: func(tx *store.Tx, in key.StoreRef) error {
			return s.dataKeys.ForgetInStore(tx, in) // they find their keys by the stores
		}})
	s.finder = newFinder(rows, s.related, s.grants, s.stores.Attach)
	s.dataKeys = datakeys.New(db, in.Rows, token, s.materials, counts, s.finder.key)
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
