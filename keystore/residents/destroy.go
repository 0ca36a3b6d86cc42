package residents

import (
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/policy"
	"claviger/store"
)

// DestroyJob is the kind of the job that destroys an orphan; see [Keys.Destroy]. Its subject is the
// name of the key, 32 hex digits.
const DestroyJob = "kms:DestroyKeyMaterial"

// pause is how long after it was named in the log a key is named again that a person has to
// destroy.
const pause = 24 * time.Hour

// AddOrphans prepares the tombstones of a KMS key's resident materials, for the transaction that
// deletes the KMS key. They are due at once. A key with wrapped materials has none.
func (s *Keys) AddOrphans(c *op.Call, k *key.Key) (domain.Change, error) {
	var inserts []domain.Change
	for _, m := range k.Materials {
		if m.Mechanism != custody.Resident {
			continue
		}
		o := &orphan{StoreRef: k.StoreRef(), name: hex.EncodeToString(m.Wrapped), reason: deleted,
			keyID: k.ID, keyRev: k.Rev, created: c.Time.Truncate(time.Microsecond)}
		insert, err := s.insert(c, o, c.Time)
		if err != nil {
			return nil, err
		}
		inserts = append(inserts, insert)
	}
	return domain.InOrder(inserts...), nil
}

// Keep has the token of a KMS key's resident materials say that its deletion is cancelled, before
// that is committed. The deletion of a key in a store that isn't connected can't be cancelled.
func (s *Keys) Keep(c *op.Call, k *key.Key) error {
	for _, m := range k.Materials {
		if m.Mechanism != custody.Resident {
			continue
		}
		token := s.token(k.StoreRef())
		if token == nil {
			return custody.ErrUnavailable
		}
		if err := token.Keep(c, m.Wrapped, k.Rev); err != nil {
			return err
		}
	}
	return nil
}

// Destroy destroys an orphan that has a tombstone, and sees what has become of a reservation. It is
// the work of a [DestroyJob].
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
	early   bool    // its key may still be on its way, or nobody knows what time it is
}

// Demands implements [op.Target].
func (t destruction) Demands() []policy.Demand {
	return []policy.Demand{domain.On("kms:DeleteKey", "*", t.account)}
}

// Missing implements [op.Target].
func (destruction) Missing() error { return nil }

// Ready implements [op.Target]: the job stays until its time has come and the store is connected.
func (t destruction) Ready() error {
	switch {
	case t.orphan == nil:
		return nil
	case t.early:
		return kmsfault.TooEarly("The key material " + t.orphan.name + " is being made")
	case t.token == nil:
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
	_, waits := s.making.left(o.name)
	t.early = waits || !c.Settled().Reached(o.stale)
	return t, nil
}

// planDestruction destroys an orphan by its tombstone. It checks once more that no KMS key uses it,
// whatever the list says: this can't be taken back.
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
	switch {
	case err != nil:
		return nil, err
	case o.reason == reserved:
		return s.planReserved(c, t, name, keyID)
	case o.reason != abandoned && o.reason != deleted:
		return nil, fault.Of(errors.New("the list of orphans has " + o.name + " as " +
			string(o.reason)))
	case keyID != "":
		return nil, fault.Of(errors.New("the key material " + o.name +
			" that was to be destroyed is that of " + keyID))
	}
	err = t.token.Destroy(c, name, o.keyRev)
	switch {
	case errors.Is(err, custody.ErrKept):
		logOf(c, o).Error("the deletion of a KMS key was cancelled, as its token says, and an older row " +
			"has had it deleted: its key material is not destroyed. See docs/operating.md")
		return s.lookAgain(c, o), nil
	case err != nil:
		return nil, err
	}
	return op.Apply(func(tx *store.Tx) error {
		return tx.Change(qDeleteOrphan, o.Account, o.Region, o.name)
	}, op.None{}), nil
}

// planReserved ends a reservation whose time is over. keyID is the KMS key that uses its key, if a
// row says so. That none does proves nothing: whoever can write to the database can have hidden it,
// and put the reservation back that was there before.
func (s *Keys) planReserved(c *op.Call, t destruction, name []byte,
	keyID string) (op.Commit[op.None], error) {
	o := t.orphan
	if keyID != "" {
		logOf(c, o).Error("a KMS key uses key material that a row has as being made: "+
			"somebody has put that row back. It is taken away", "usedBy", keyID)
		return op.Apply(s.removeOrphan(o.StoreRef, o.name), op.None{}), nil
	}
	if ours, _ := s.making.left(o.name); ours {
		return s.planAbandoned(c, o)
	}
	there, err := t.token.HasResident(c, name)
	switch {
	case err != nil:
		return nil, err
	case !there:
		return op.Apply(s.removeOrphan(o.StoreRef, o.name), op.None{}), nil
	}
	logOf(c, o).Warn("key material on a token was being made when a process ended, and may be in use: "+
		"it is not destroyed. See docs/operating.md", "reserved", o.created)
	return s.lookAgain(c, o), nil
}

// logOf returns where the operator is told of an orphan.
func logOf(c *op.Call, o *orphan) *slog.Logger {
	return c.Log().With("keyMaterial", o.name, "customKeyStoreId", o.ID, "account", o.Account,
		"region", o.Region, "madeFor", o.keyID)
}

// lookAgain has an orphan looked at again after a while: a person may have destroyed it.
func (s *Keys) lookAgain(c *op.Call, o *orphan) op.Commit[op.None] {
	return op.Apply(func(tx *store.Tx) error {
		return s.jobs.Schedule(tx, DestroyJob, o.Account, o.Region, o.name, c.Time.Add(pause))
	}, op.None{})
}

// planAbandoned puts a tombstone in the place of a reservation whose key came into no KMS key, as
// this process remembers. It remembers still in the transaction, and the committer makes one change
// after another: so the change that stores the KMS key has either happened, and this one is stale,
// or finds no reservation.
func (s *Keys) planAbandoned(c *op.Call, o *orphan) (op.Commit[op.None], error) {
	tombstone := *o
	tombstone.reason, tombstone.stale = abandoned, time.Time{}
	insert, err := s.insert(c, &tombstone, c.Time)
	if err != nil {
		return nil, err
	}
	return op.Apply(func(tx *store.Tx) error {
		if ours, waits := s.making.left(o.name); !ours || waits {
			return store.Stale
		}
		if err := tx.Change(qDeleteOrphan, o.Account, o.Region, o.name); err != nil {
			return err
		}
		tx.After(func() { s.making.forget(o.name) })
		return insert(tx)
	}, op.None{}), nil
}

// Jobs is the work that resident keys put off, by kind.
func (s *Keys) Jobs() map[string]domain.Job {
	return map[string]domain.Job{DestroyJob: {Work: s.Destroy, Destructive: true}}
}
