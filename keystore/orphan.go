package keystore

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/policy"
	"claviger/store"
)

// A key that rests on a token, a store's or the service's own, is made and destroyed outside any transaction. So that none is left behind, or destroyed while a
// KMS key uses it, its name is written down as an orphan's before it is made and before it is destroyed: the transaction
// that makes a KMS key takes its material off the list, the one that deletes a KMS key puts it on.

// DestroyMaterialJob is the kind of the job that destroys a key on a token; see [Keys.DestroyMaterial].
const DestroyMaterialJob = "kms:DestroyKeyMaterial"

// birth is how long the making of a key may take before what is there of it is destroyed.
const birth = time.Hour

// MostResidents is how many keys may rest on the service's own token, of all accounts: devices hold a few thousand objects, and
// SoftHSM finds one in time that grows with them.
const MostResidents = 1000

// orphanInput names a key on a token.
type orphanInput struct {
	CustomKeyStoreId *string `shape:"CustomKeyStoreIdType"` // nil: the service's own token
	Id               string  `shape:"ResidentId,required"`  // its CKA_ID, 32 hex digits
	op.ByShape
}

// announced is the store on whose token a key is to be made, or the service's own.
type announced struct{ ref storeRef }

func (a announced) Demands() []policy.Demand {
	return []policy.Demand{{Action: "kms:CreateKey", Resource: policy.Resource{ARN: "*", Account: a.ref.account}}}
}
func (announced) Missing() error { return nil }
func (announced) Ready() error   { return nil }

func (s *Keys) findAnnounced(c *op.Call, in orphanInput) (announced, error) {
	account, region := c.Namespace()
	return announced{storeRef{account, region, domain.Or(in.CustomKeyStoreId, "")}}, nil
}

// announceKey writes the name of a key down that is about to be made, if there is room for it. Keys that were announced take
// room like those that are there: some of them are.
func (s *Keys) announceKey(c *op.Call, in orphanInput, t announced) (op.Commit[op.None], error) {
	insert, err := s.insertOrphan(c, &orphan{t.ref, in.Id, c.Time.Truncate(time.Microsecond)}, c.Time.Add(birth))
	return func(tx *store.Tx) (op.None, error) {
		if t.ref.id == "" {
			if err := s.roomOnToken(tx); err != nil {
				return op.None{}, err
			}
		}
		return op.None{}, insert(tx)
	}, err
}

// roomOnToken refuses one more key on the service's own token if it has as many as it may.
func (s *Keys) roomOnToken(tx *store.Tx) error {
	var n int
	err := tx.Row(qResidents, nil, &n)
	if err == nil && n >= s.residents {
		err = fault.Newf(fault.Limit, "LimitExceededException", "The hardware security module of this service keeps at most %d keys of this kind.", s.residents)
	}
	return err
}

// makeResident makes the material of k on the token of its store, or on the service's own, and returns what belongs into the
// transaction that stores the key.
func (s *Keys) makeResident(c *op.Call, k *key.Key, on Keeper) (born func(*store.Tx) error, err error) {
	name := make([]byte, 16)
	rand.Read(name)
	id := hex.EncodeToString(name)
	in := orphanInput{Id: id}
	if k.CustomKeyStoreID != "" {
		in.CustomKeyStoreId = &k.CustomKeyStoreID
	}
	if _, err = op.AsService(c, "kms", s.announce, in); err != nil {
		return nil, err
	}
	m, err := on.GenerateResident(c, k.MaterialID, k.Purpose().Kind, k.ID, name)
	if err == nil {
		err = k.Begin(m)
	}
	return func(tx *store.Tx) error {
		return s.forgetOrphan(tx, storeRef{k.Account, k.Region, k.CustomKeyStoreID}, id)
	}, err
}

// leaveOrphans returns what puts the materials of a key that is deleted on the list; nothing where they rest wrapped.
func (s *Keys) leaveOrphans(c *op.Call, k *key.Key) (func(*store.Tx) error, error) {
	var inserts []func(*store.Tx) error
	for _, m := range k.Materials {
		if m.Mechanism != custody.Resident {
			continue
		}
		insert, err := s.insertOrphan(c, &orphan{storeRef{k.Account, k.Region, k.CustomKeyStoreID}, hex.EncodeToString(m.Wrapped), c.Time.Truncate(time.Microsecond)}, c.Time)
		if err != nil {
			return nil, err
		}
		inserts = append(inserts, insert)
	}
	return func(tx *store.Tx) error {
		for _, insert := range inserts {
			if err := insert(tx); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// bereaved names what a [DestroyMaterialJob] is about.
type bereaved struct {
	Id string `shape:"ResidentId,required"`
	op.ByShape
}

// orphaned is a key on a token that nobody may need any more.
type orphaned struct {
	account, id string
	orphan      *orphan // nil: it is gone, or used after all
	on          Keeper
}

func (t orphaned) Demands() []policy.Demand {
	return []policy.Demand{{Action: "kms:DeleteKey", Resource: policy.Resource{ARN: "*", Account: t.account}}}
}
func (orphaned) Missing() error { return nil }

// Ready implements [op.Target]: the job stays until the store is connected.
func (t orphaned) Ready() error {
	if t.orphan != nil && t.on == nil {
		return fault.New(fault.State, "CustomKeyStoreInvalidStateException", "The custom key store "+t.orphan.id+" is not connected. Key material is destroyed once it is.")
	}
	return nil
}

func (s *Keys) findOrphan(c *op.Call, in bereaved) (t orphaned, err error) {
	account, region := c.Namespace()
	t = orphaned{account: account, id: in.Id}
	o, err := s.loadOrphan(c, account, region, in.Id)
	if isNoRow(err) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	t.orphan = o
	if o.id == "" {
		t.on = s.token
	} else if v := s.vaults.vault(o.storeRef); v != nil {
		t.on = v
	}
	return t, nil
}

// destroyMaterial destroys an orphan. That no KMS key uses it is made sure of again: this can't be taken back.
func (s *Keys) destroyMaterial(c *op.Call, _ bereaved, t orphaned) (op.Commit[op.None], error) {
	o := t.orphan
	if o == nil {
		return op.Unchanged(op.None{}), nil
	}
	name, err := hex.DecodeString(o.key)
	if err != nil {
		return nil, err
	}
	var keyID string
	switch err := s.db.Row(qResident, []any{o.account, o.region, name}, &keyID); {
	case err == nil:
		return nil, fault.Of(errors.New("the key material " + o.key + " that was to be destroyed is that of " + keyID))
	case !isNoRow(err):
		return nil, err
	}
	if err := t.on.Destroy(c, name); err != nil {
		return nil, err
	}
	return func(tx *store.Tx) (op.None, error) {
		return op.None{}, tx.Change(qDeleteOrphan, o.account, o.region, o.key)
	}, nil
}

// DestroyMaterial destroys a key on a token that no KMS key uses. It is the work of a [DestroyMaterialJob].
func (s *Keys) DestroyMaterial(c *op.Call, id string) error {
	_, err := op.AsService(c, "kms", s.bury, bereaved{Id: id})
	return err
}
