// Package keystore is AWS KMS: the service, and its operations that manage keys.
//
// # How a key is kept
//
// Its row says what it is; its material is generated on the token, wrapped there by the root, and
// stored in a row of its own. For use it is unwrapped on the token with exactly one pair of usages
// and its handle is cached there. Key facts are cached by (account, Region, id) and dropped by the
// committer before a change is answered.
//
// # Where to read
//
// An operation is in the file of its AWS name: createkey.go here, encrypt.go in package cryptoops,
// createcustomkeystore.go in package customstore. operations.go is the table of contents.
//
// What is a subject of its own is a package beneath, and arrows run down:
//
//	cryptoops    operations that use keys: Encrypt, Sign, GenerateDataKey and their kin
//	customstore  custom key stores: their operations, connections and rows
//	target       the key that an operation touches: naming, looking up, what it demands
//	datakeys     the data keys by which other services' values are sealed
//	grant        grants, which let a principal use a key whatever its policy says
//	imports      key material that was made elsewhere
//	multiregion  every change of a key, and of the keys related to it
//	residents    resident keys, which never leave a token, and the clean-up of orphans
//	sealing      one seal by a key's material, and usage, which counts it
//	keyrows      the rows of keys, materials and aliases, and their caches
//	key          what a key is and what its state allows: pure
//	ciphertext   the format of a ciphertext; publickey: what a public key can do on this host
//	model        KMS's API model; kmsfault: what KMS answers where it refuses
package keystore

import (
	"context"
	"maps"
	"time"

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

// Device is the service's own token, by what each part of KMS asks of it. Materials are named by
// id; see package custody.
type Device struct {
	Maker     Maker
	Sealer    custody.Sealer
	DataKeys  datakeys.Device
	Residents residents.Token
	Imports   imports.Device
	Crypto    cryptoops.Device
}

// Maker makes the materials of keys.
type Maker interface {
	Supports(k custody.Kind) bool
	Resident(k custody.Kind) bool     // whether keys of the kind are made resident on the token
	Signs(alg custody.Algorithm) bool // whether signatures are made by the algorithm

	// Generate makes a material. Of a key pair it takes seconds.
	Generate(ctx context.Context, id string, k custody.Kind) (custody.Material, error)
}

// Config is what a key store works with. All fields must be set; without them its operations can be
// described and not performed.
type Config struct {
	DB           *store.DB
	Device       Device
	Jobs         domain.Scheduler
	Installation *install.Installation
	Regions      []string             // that are served
	Clusters     customstore.Clusters // that custom key stores may stand on
	Principals   domain.Principals    // whom key policies may name
	UnknownKeys  domain.UnknownKeys   // of conditions in key policies
}

// deleteKeyJob is the kind of the job that deletes a key when its window is over; see
// [Keys.deleteDue].
const deleteKeyJob = "kms:DeleteKey"

// Keys performs the operations of KMS. [New] makes it.
type Keys struct {
	maker    Maker
	ownToken residents.Token // the service's own token
	jobs     domain.Scheduler
	pager    model.Pager

	regions  []string // that are served
	policies target.Policies

	rows    *keyrows.Rows
	related *multiregion.Keys
	grants  *grant.Grants

	importPairs     *imports.Pairs
	residents       *residents.Keys
	stores          *customstore.Stores
	storeOperations *customstore.Operations

	finder        *target.Finder
	usage         *usage.Counts
	dataKeys      *datakeys.DataKeys
	cryptographic *cryptoops.Operations

	delete op.Command[dueKeyInput, op.None]
	rotate op.Command[dueKeyInput, op.None]
	expire op.Command[expireInput, op.None]
	manage op.Command[manageInput, op.None]

	seal   op.Query[SealInput, envelope.Envelope]
	unseal op.Query[UnsealInput, Opened]
}

// New returns the key store of one installation.
func New(c Config) *Keys {
	in, device := c.Installation, c.Device
	rows, counts := keyrows.New(c.DB, in.Rows, c.Jobs), usage.New(c.DB, c.Jobs)
	s := &Keys{
		maker: device.Maker, ownToken: device.Residents, jobs: c.Jobs, regions: c.Regions,
		policies: target.Policies{People: c.Principals, Unknown: c.UnknownKeys},
		pager:    model.NewPager(in.Tokens), rows: rows, related: multiregion.New(rows),
		grants: grant.New(c.DB, in.Rows, in.Tokens), usage: counts,
		importPairs: imports.New(c.DB, in.Rows, in.Tokens, c.Jobs, device.Imports),
	}
	materials := sealing.New(device.Sealer, counts)
	s.residents = residents.New(c.DB, in.Rows, c.Jobs, rows, s.residentToken)
	s.stores = customstore.New(customstore.Config{
		DB: c.DB, Signer: in.Rows, Jobs: c.Jobs, Keys: rows, Clusters: c.Clusters,
		Residents: s.residents, Token: device.Sealer, Sealing: in.Identity,
		ForgetDataKeys: func(tx *store.Tx, in key.StoreRef) error {
			return s.dataKeys.ForgetInStore(tx, in) // they find their keys by the stores
		},
	})
	s.storeOperations = customstore.NewOperations(s.stores, s.pager)
	s.finder = target.NewFinder(rows, s.related, s.grants, s.stores.Attach)
	s.dataKeys = datakeys.New(c.DB, in.Rows, device.DataKeys, materials, counts, s.finder.Key)
	s.cryptographic = cryptoops.New(s.finder, device.Crypto, materials, s.storeOperations)
	// Last, since these operations hold what they find keys with.
	s.internal()
	return s
}

// Jobs is the work that KMS puts off, by kind.
func (s *Keys) Jobs() map[string]domain.Job {
	all := map[string]domain.Job{
		deleteKeyJob:          {Work: s.deleteDue, Destructive: true},
		key.RotateJob:         {Work: s.rotateDue},
		imports.DeletePairJob: {Work: s.importPairs.Delete, Destructive: true},
		expireMaterialJob:     {Work: s.expireDue, Destructive: true},
	}
	maps.Copy(all, s.stores.Jobs())
	maps.Copy(all, s.residents.Jobs())
	return all
}

// UsageAlarms returns how many blocks of seals were begun since the start under key materials that
// have encrypted more than 2^30 times.
func (s *Keys) UsageAlarms() uint64 { return s.usage.Alarms() }

// PendingDeletionUses returns how many uses were refused since the start because their key was
// pending deletion, dry runs included.
func (s *Keys) PendingDeletionUses() uint64 { return s.finder.PendingDeletionUses() }

// ResidentsLeft returns how many resident keys on all tokens were reserved and not stored in time:
// a person has to destroy what processes that ended have left behind.
func (s *Keys) ResidentsLeft(now time.Time) int { return s.residents.Left(now) }

// CustomKeyStores returns the custom key stores, whose jobs the service does and whose connections
// it keeps open.
func (s *Keys) CustomKeyStores() *customstore.Stores { return s.stores }

// residentToken returns the token of a custom key store, or the service's own; nil while the store
// isn't connected.
func (s *Keys) residentToken(on key.StoreRef) residents.Token {
	if on.ID == "" {
		return s.ownToken
	}
	if open := s.stores.Token(on); open != nil {
		return open
	}
	return nil
}
