package residents

import (
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

// DestroyJob is the kind of the job that destroys an orphan; see [Keys.Destroy]. Its subject is the
// name of the key, 32 hex digits.
const DestroyJob = "kms:DestroyKeyMaterial"

// AddOrphans prepares what puts the resident materials of a KMS key on the list, in the transaction
// that deletes the KMS key. They are due at once. A key with wrapped materials has none.
func (s *Keys) AddOrphans(c *op.Call, k *key.Key) (domain.Change, error) {
	var inserts []domain.Change
	for _, m := range k.Materials {
		if m.Mechanism != custody.Resident {
			continue
		}
		o := &orphan{StoreRef: k.StoreRef(), name: hex.EncodeToString(m.Wrapped),
			created: c.Time.Truncate(time.Microsecond)}
		insert, err := s.insert(c, o, c.Time)
		if err != nil {
			return nil, err
		}
		inserts = append(inserts, insert)
	}
	return domain.InOrder(inserts...), nil
}

// Destroy destroys an orphan. It is the work of a [DestroyJob].
func (s *Keys) Destroy(c *op.Call, name string) error {
	_, err := op.AsService(c, "kms", c.Caller.Account, s.destroy, destroyInput{Id: name})
	return err
}

// destroyInput names what a [DestroyJob] is about.
type destroyInput struct {
	Id string `shape:"ResidentId,required"`
	op.ByShape
}

// destruction is an orphan that may be destroyed, or that is gone already.
type destruction struct {
	account string
	orphan  *orphan // nil: it was destroyed, or a KMS key uses it after all
	token   Token   // nil: its custom key store isn't connected
}

// Demands implements [op.Target].
func (t destruction) Demands() []policy.Demand {
	return []policy.Demand{domain.On("kms:DeleteKey", "*", t.account)}
}

// Missing implements [op.Target].
func (destruction) Missing() error { return nil }

// Ready implements [op.Target]: the job stays until the store is connected.
func (t destruction) Ready() error {
	if t.orphan != nil && t.token == nil {
		return fault.Newf(fault.State, "CustomKeyStoreInvalidStateException",
			"The custom key store %s is not connected. "+
				"Key material is destroyed once it is.", t.orphan.ID)
	}
	return nil
}

func (s *Keys) findOrphan(c *op.Call, in destroyInput) (t destruction, err error) {
	account, region := c.Namespace()
	t.account = account
	o, err := s.load(c, account, region, in.Id)
	if domain.IsNoRow(err) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	t.orphan, t.token = o, s.token(o.StoreRef)
	return t, nil
}

// planDestruction destroys an orphan. It checks once more that no KMS key uses it, whatever the
// list says: this can't be taken back.
func (s *Keys) planDestruction(c *op.Call, _ destroyInput,
	t destruction) (op.Commit[op.None], error) {
	o := t.orphan
	if o == nil {
		return op.Unchanged(op.None{}), nil
	}
	name, err := hex.DecodeString(o.name)
	if err != nil {
		return nil, err
	}
	keyID, err := s.rows.KeyOfResident(o.Account, o.Region, name)
	if err != nil {
		return nil, err
	}
	if keyID != "" {
		return nil, fault.Of(errors.New("the key material " + o.name +
			" that was to be destroyed is that of " + keyID))
	}
	if err := t.token.Destroy(c, name); err != nil {
		return nil, err
	}
	return op.Apply(func(tx *store.Tx) error {
		return tx.Change(qDeleteOrphan, o.Account, o.Region, o.name)
	}, op.None{}), nil
}

// Jobs is the work that resident keys put off, by kind.
func (s *Keys) Jobs() map[string]domain.Job {
	return map[string]domain.Job{DestroyJob: {Work: s.Destroy}}
}
