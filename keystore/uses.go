package keystore

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/store"
)

// AES-GCM with random IVs of 96 bits may seal 2^32 times under one key (NIST SP 800-38D section 8.3), so the seals of each
// material and each data key are counted. The count is kept in memory, and blocks of it are leased in the database: no answer
// leaves before the lease that covers its seal is on the disk, because the operation that needs one takes it along in the
// transaction of its own record. A process that ends gives nothing back, which costs at most a block for each material.

// wear says what the number of uses means.
type wear struct {
	block int64 // uses leased at once
	alarm int64 // from here on the operator is told
	turn  int64 // from here on a material that can be replaced by itself is
	most  int64 // and beyond this it encrypts no more
	epoch int64 // a data key has its successor
}

var usualWear = wear{block: 1 << 20, alarm: 1 << 30, turn: 1 << 31, most: 1 << 32, epoch: 1 << 30}

// useRef names what is counted, a material or a data key, in its row.
type useRef struct{ account, region, keyID, id string }

// uses counts the seals of one material or data key.
type uses struct {
	taken   atomic.Int64 // by this process and, as whole leases, by those before it
	durable atomic.Int64 // as many are leased on the disk
	single  bool         // not kept in memory: each use is a lease of its own
}

// tally is the counts in memory. Every key of an account may be used, so there is a limit: what is used first when it is
// reached is counted in the database, use by use, which costs more time and no memory.
type tally struct {
	wear
	kept   sync.Map // *uses by id
	size   atomic.Int64
	limit  int64
	alarms atomic.Uint64
}

// keptUses is how many counts stay in memory, at about 200 bytes each.
const keptUses = 1 << 17

// WornLeases returns how many leases were taken since the start for materials that have encrypted more than 2^30 times.
func (s *Keys) WornLeases() uint64 { return s.tally.alarms.Load() }

// counted names the row of a material or data key of k. The Regions of a multi-Region key share their materials, and so
// the count of them.
func counted(k *key.Key, id string) useRef { return useRef{k.Account, usesIn(k), k.ID, id} }

// usesIn is the Region in whose name the uses of a key are counted: one for all the Regions of a multi-Region key, whichever
// of them come and go.
func usesIn(k *key.Key) string {
	if k.PrimaryRegion != "" {
		return "multi-region"
	}
	return k.Region
}

// count takes one use of a material or data key for a seal that c is about to make.
func (s *Keys) count(c *op.Call, k *key.Key, id string) error {
	u, err := s.usesOf(k, id)
	if err != nil {
		return err
	}
	n := u.taken.Add(1)
	switch {
	case n > s.tally.most:
		return errWorn(k, s.tally.most)
	case n > u.durable.Load():
		s.lease(c, k, id, u, n)
	}
	return nil
}

func errWorn(k *key.Key, most int64) error {
	return fault.New(fault.State, "KMSInvalidStateException", k.ARN()+" has encrypted "+strconv.FormatInt(most, 10)+
		" times under its current key material, and no material may do so more often. Rotate the key, or encrypt under another one.")
}

// usesOf returns the count of a material or data key, from memory or as it is leased.
func (s *Keys) usesOf(k *key.Key, id string) (*uses, error) {
	if u, ok := s.tally.kept.Load(id); ok {
		return u.(*uses), nil
	}
	leased, err := s.leased(counted(k, id))
	if err != nil {
		return nil, err
	}
	u := &uses{}
	u.taken.Store(leased)
	u.durable.Store(leased)
	if s.tally.size.Load() >= s.tally.limit {
		u.single = true
		return u, nil
	}
	if other, ok := s.tally.kept.LoadOrStore(id, u); ok {
		return other.(*uses), nil
	}
	s.tally.size.Add(1)
	return u, nil
}

// leased returns how many uses the database knows of.
func (s *Keys) leased(r useRef) (n int64, err error) {
	err = s.db.Row(qUses, []any{r.account, r.region, r.keyID, r.id}, &n)
	if errors.Is(err, store.NoRow) {
		return 0, nil
	}
	return n, err
}

// lease has the transaction of c's record take the block that the n-th use is in. Until it is on the disk, every use of
// the block brings the same lease along, so that none depends on another's.
func (s *Keys) lease(c *op.Call, k *key.Key, id string, u *uses, n int64) {
	upTo := (n-1)/s.tally.block*s.tally.block + s.tally.block
	query, r := qLease, counted(k, id)
	args := []any{r.account, r.region, r.keyID, r.id, upTo}
	if u.single {
		upTo, query, args = n, qUse, args[:4]
	}
	ours := k.Materials[id].ID != ""
	if ours && upTo > s.tally.alarm && (n-1)%s.tally.block == 0 {
		s.alarm(c, k, id, n)
	}
	c.Also(func(tx *store.Tx) error {
		if _, err := tx.Exec(query, args...); err != nil {
			return err
		}
		if !ours || upTo <= s.tally.turn || k.Origin != key.OriginKMS {
			return nil
		}
		return s.jobs.Schedule(tx, RotateKeyJob, k.Account, k.LeadRegion(), k.ID, c.Time)
	}, func() { u.reach(upTo) })
}

// reach notes that leases up to n are on the disk.
func (u *uses) reach(n int64) {
	for {
		old := u.durable.Load()
		if old >= n || u.durable.CompareAndSwap(old, n) {
			return
		}
	}
}

// alarm tells the operator that a material is used so often that its end is in sight.
func (s *Keys) alarm(c *op.Call, k *key.Key, id string, uses int64) {
	s.tally.alarms.Add(1)
	c.Note(`{"keyMaterialUses":` + strconv.FormatInt(uses, 10) + `}`)
	c.Log().Warn("a key material has encrypted very often; at the limit it encrypts no more", "key", k.ARN(), "material", id,
		"uses", uses, "limit", s.tally.most, "rotatesByItself", k.Origin == key.OriginKMS)
}

// worn reports whether the current material of k has encrypted so often that it is to be replaced.
func (s *Keys) worn(k *key.Key) (bool, error) {
	if !k.IsSymmetric() || k.Origin != key.OriginKMS {
		return false, nil
	}
	n, err := s.leased(counted(k, k.MaterialID))
	return n > s.tally.turn, err
}
