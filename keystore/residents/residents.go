// Package residents makes resident keys, which never leave their token, and destroys the ones that
// no KMS key uses. Custom key stores have such keys on their tokens. The service's own token has
// them for kinds that its device can't wrap, where the site says so.
//
// # Orphans
//
// A resident key is made and destroyed outside of any transaction. So that none is left behind, or
// destroyed while a KMS key uses it, there is a list of orphans: names of resident keys that no KMS
// key uses, or none yet. A name is reserved there and committed before the key is made. The
// transaction that makes the KMS key takes it off the list, and the one that deletes the KMS key
// puts it on.
//
// # What destroys a key
//
// Destroying can't be taken back, and whoever can write to the database can put any row back that
// once was there, hide any, and ask for any job. So a key is destroyed by a tombstone alone: a
// signed row that is made in one of two ways. The deletion of a KMS key makes it in the transaction
// that removes the KMS key. And the process that reserved a name makes it if it knows, from its own
// memory and not from any row, that the key came into no KMS key. A reservation destroys nothing:
// the same row was there while a key was made that is in use now. What a process that ended has
// left half-made is named in the log, for a person to destroy.
//
// The row of a KMS key that was pending deletion can be put back as well, after the deletion was
// cancelled. So the cancellation rests on the token, beside the key, with the revision of the row
// that it makes void.
//
// Decision record 0015 has the reasons.
package residents

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
	"claviger/policy"
	"claviger/store"
)

// MostOnOwnToken is how many keys may be resident on the service's own token, of all accounts:
// devices hold a few thousand objects, and SoftHSM2 finds one in time that grows with them.
const MostOnOwnToken = 1000

// ReservationTime is how long the making of a key may take. What was made and not stored by then is
// destroyed if this process made it, and named in the log otherwise.
const ReservationTime = time.Hour

// nameBytes is the length of a resident key's name, which is random.
const nameBytes = 16

// Token makes resident keys, and destroys them.
type Token interface {
	// GenerateResident makes a key under a name, its CKA_ID. The material's Wrapped is the name.
	GenerateResident(ctx context.Context, id string, k custody.Kind, label string,
		name []byte) (custody.Material, error)
	// Destroy destroys a key for good, by a decision of a revision. One that Keep has made void is
	// refused with [custody.ErrKept]. A key that is gone already is as good.
	Destroy(ctx context.Context, name []byte, rev int64) error
	// Keep makes decisions to destroy a key void up to a revision, and rests on the token.
	Keep(ctx context.Context, name []byte, rev int64) error
	// HasResident reports whether a key is there.
	HasResident(ctx context.Context, name []byte) (bool, error)
}

// Keys are the resident keys of one installation, on all of its tokens. [New] makes it.
type Keys struct {
	// Max is how many keys may be resident on the service's own token.
	Max int

	db     *store.DB
	signer *rowmac.Signer
	jobs   domain.Scheduler
	rows   *keyrows.Rows
	token  func(key.StoreRef) Token
	making making

	reserve op.Command[reserveInput, op.None]
	destroy op.Command[destroyInput, op.None]
}

// New returns the resident keys of an installation. token returns the token of a custom key store,
// or the service's own, and nil while the store isn't connected.
func New(db *store.DB, signer *rowmac.Signer, jobs domain.Scheduler, rows *keyrows.Rows,
	token func(key.StoreRef) Token) *Keys {
	s := &Keys{Max: MostOnOwnToken, db: db, signer: signer, jobs: jobs, rows: rows, token: token}
	route := domain.Routes{Service: model.KMS}
	s.reserve = op.Write(route.Internal("ReserveKeyMaterial"), s.findReservation, s.planReservation)
	s.destroy = op.Write(route.Internal("DestroyKeyMaterial"), s.findOrphan, s.planDestruction)
	return s
}

// Generate makes the material of k on a token, that of its custom key store or the service's own.
// It returns what belongs into the transaction that stores the key.
func (s *Keys) Generate(c *op.Call, k *key.Key, on Token) (domain.Change, error) {
	random := make([]byte, nameBytes)
	rand.Read(random)
	name := hex.EncodeToString(random)
	if err := s.Reserve(c, k.CustomKeyStoreID, k.ID, name); err != nil {
		return nil, err
	}
	s.making.begin(name)
	m, err := on.GenerateResident(c, k.MaterialID, k.Purpose().Kind, k.ID, random)
	s.making.end(name)
	if err != nil {
		return nil, err
	}
	return s.removeOrphan(k.StoreRef(), name), k.SetFirstMaterial(m)
}

// Reserve writes down and commits the name of a key that is about to be made for a KMS key, in a
// custom key store or on the service's own token if storeID is empty.
func (s *Keys) Reserve(c *op.Call, storeID, keyID, name string) error {
	in := reserveInput{Id: name, KeyId: keyID}
	if storeID != "" {
		in.CustomKeyStoreId = &storeID
	}
	_, err := op.AsService(c, "kms", c.Caller.Account, s.reserve, in)
	return err
}

// reserveInput names a key on a token.
type reserveInput struct {
	CustomKeyStoreId *string `shape:"CustomKeyStoreIdType"` // nil: the service's own token
	Id               string  `shape:"ResidentId,required"`  // its CKA_ID, 32 hex digits
	KeyId            string  `shape:"KeyIdType,required"`   // the KMS key that it is made for
	op.ByShape
}

// reservation is the token on which a key is to be made.
type reservation struct {
	key.StoreRef
	op.There
}

// Demands implements [op.Target].
func (r reservation) Demands() []policy.Demand {
	return []policy.Demand{domain.On("kms:CreateKey", "*", r.Account)}
}

func (s *Keys) findReservation(c *op.Call, in reserveInput) (reservation, error) {
	account, region := c.Namespace()
	return reservation{StoreRef: key.StoreRef{Account: account, Region: region,
		ID: domain.Or(in.CustomKeyStoreId, "")}}, nil
}

// planReservation puts a key on the list before it is made, if there is room for it. Keys that are
// reserved take room like those that are there: some of them are.
func (s *Keys) planReservation(c *op.Call, in reserveInput,
	r reservation) (op.Commit[op.None], error) {
	now := c.Time.Truncate(time.Microsecond)
	o := &orphan{StoreRef: r.StoreRef, name: in.Id, reason: reserved, keyID: in.KeyId, created: now,
		stale: now.Add(ReservationTime)}
	insert, err := s.insert(c, o, o.stale)
	if err != nil {
		return nil, err
	}
	return op.Apply(domain.InOrder(s.checkRoom(r.StoreRef), insert), op.None{}), nil
}

// checkRoom refuses one more key on the service's own token if it has as many as it may. The tokens
// of custom key stores are their owners' to fill.
func (s *Keys) checkRoom(on key.StoreRef) domain.Change {
	return func(tx *store.Tx) error {
		if on.ID != "" {
			return nil
		}
		used, err := s.rows.CountResidents(tx)
		if err != nil {
			return err
		}
		var orphans int
		if err := tx.Row(qCountOrphans, nil, &orphans); err != nil {
			return err
		}
		if used+orphans >= s.Max {
			return fault.Newf(fault.Limit, "LimitExceededException",
				"The hardware security module of this service keeps at most %d keys of this kind.",
				s.Max)
		}
		return nil
	}
}
