// Package usage counts how often each material of a KMS key, and each data key, has sealed.
//
// AES-GCM with random IVs of 96 bits may seal 2^32 times under one key (NIST SP 800-38D section
// 8.3). The count is kept in memory, and blocks of it are leased in the database. No answer leaves
// before the lease that covers its seal is on the disk, because the operation that needs one takes
// it along in the transaction of its own record. A process that ends gives nothing back, which
// costs at most a block for each material.
package usage

import (
	"strconv"
	"sync"
	"sync/atomic"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/store"
)

// Limits say what a number of seals means.
type Limits struct {
	Block  int64 // seals leased at once
	Alarm  int64 // from here on the operator is told
	Rotate int64 // from here on a material that can be replaced by itself is
	Max    int64 // beyond this nothing is sealed
	Epoch  int64 // a data key has its successor
}

// DefaultLimits are the limits of a service.
var DefaultLimits = Limits{
	Block: 1 << 20, Alarm: 1 << 30, Rotate: 1 << 31, Max: 1 << 32, Epoch: 1 << 30}

// DefaultCapacity is how many counts stay in memory, at about 200 bytes each.
const DefaultCapacity = 1 << 17

// Counts are the counts of one installation. Every key of an account may be used, so those in
// memory are bounded: what is first used when there is no room is counted in the database, seal by
// seal, which costs more time and no memory.
type Counts struct {
	Limits   Limits // [DefaultLimits]; to be changed before the first use, as is Capacity
	Capacity int64  // counts that stay in memory

	db     *store.DB
	jobs   domain.Scheduler
	kept   sync.Map // *count by the id of a material or data key
	size   atomic.Int64
	alarms atomic.Uint64
}

// New returns the counts in a database. Where a material is over the limit from which on it is
// replaced, jobs is told to rotate its key.
func New(db *store.DB, jobs domain.Scheduler) *Counts {
	return &Counts{Limits: DefaultLimits, Capacity: DefaultCapacity, db: db, jobs: jobs}
}

// count is that of one material or data key.
type count struct {
	taken   atomic.Int64 // seals of this process, and the leases of those before it
	durable atomic.Int64 // seals that are leased on the disk
	single  bool         // not kept in memory: each seal is a lease of its own
}

// Count takes one seal, which c is about to make, by a material of k or by a data key under it.
// Over the limit it is KMSInvalidStateException.
func (s *Counts) Count(c *op.Call, k *key.Key, id string) error {
	u, err := s.countOf(k, id)
	if err != nil {
		return err
	}
	n := u.taken.Add(1)
	switch {
	case n > s.Limits.Max:
		return errOverLimit(k, s.Limits.Max)
	case n > u.durable.Load():
		s.lease(c, k, id, u, n)
	}
	return nil
}

func errOverLimit(k *key.Key, most int64) error {
	return fault.New(fault.State, "KMSInvalidStateException",
		k.ARN()+" has encrypted "+strconv.FormatInt(most, 10)+" times under its current key material, "+
			"and no material may do so more often. Rotate the key, or encrypt under another one.")
}

// IsEpochOver reports whether a data key under k has sealed so often that its successor is to seal.
func (s *Counts) IsEpochOver(k *key.Key, id string) (bool, error) {
	u, err := s.countOf(k, id)
	if err != nil {
		return false, err
	}
	return u.taken.Load() >= s.Limits.Epoch, nil
}

// IsRotationNeeded reports whether the current material of k has sealed so often that it is to be
// replaced by itself.
func (s *Counts) IsRotationNeeded(k *key.Key) (bool, error) {
	if !k.IsSymmetric() || k.Origin != key.OriginKMS {
		return false, nil
	}
	n, err := s.leased(rowOf(k, k.MaterialID))
	return n > s.Limits.Rotate, err
}

// Alarms returns how many leases were taken since the start for materials over the alarm's limit.
func (s *Counts) Alarms() uint64 { return s.alarms.Load() }

// countOf returns the count of a material or data key, from memory or as it is leased.
func (s *Counts) countOf(k *key.Key, id string) (*count, error) {
	if u, ok := s.kept.Load(id); ok {
		return u.(*count), nil
	}
	leased, err := s.leased(rowOf(k, id))
	if err != nil {
		return nil, err
	}
	u := &count{}
	u.taken.Store(leased)
	u.durable.Store(leased)
	if s.size.Load() >= s.Capacity {
		u.single = true
		return u, nil
	}
	if other, ok := s.kept.LoadOrStore(id, u); ok {
		return other.(*count), nil
	}
	s.size.Add(1)
	return u, nil
}
