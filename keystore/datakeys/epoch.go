package datakeys

import (
	"errors"
	"time"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/model"
	"claviger/policy"

	"github.com/google/uuid"
)

// EpochLength is the time after which an epoch ends: NIST SP 800-57 part 1 (section 5.3.6) bounds
// the period in which a key protects anything new.
const EpochLength = 90 * 24 * time.Hour

// attempts bounds how often a seal looks for its data key: each look but the last finds out that
// the key was rotated meanwhile, or that an epoch is over and makes the next.
const attempts = 8

var errEpochs = custody.ErrUnavailable.Because(
	errors.New("the epochs of a data key end faster than they are made"))

// currentOf returns the data key that seals for a service now, and the KMS key as it is now.
func (s *DataKeys) currentOf(c *op.Call, k *key.Key, service string) (*dataKey, *key.Key, error) {
	of := dataKeyOwner{account: k.Account, region: k.Region, keyID: k.ID, service: service}
	for range attempts {
		d, err := s.newest(c, of)
		if err != nil {
			return nil, nil, err
		}
		if fits, err := s.maySeal(c, k, d); fits || err != nil {
			return d, k, err
		}
		now, err := s.lookUpAgain(c, k)
		if err != nil {
			return nil, nil, err
		}
		// A key that was read before its rotation ends no epoch: the epoch may be that of the new
		// material.
		if now.MaterialID != k.MaterialID {
			k = now
			continue
		}
		k = now
		err = s.requestEpoch(c, k, epochInput{KeyId: k.ID, Service: service, Epoch: nextEpoch(d)})
		if err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, errEpochs
}

// maySeal reports whether a data key under k may seal one more value.
func (s *DataKeys) maySeal(c *op.Call, k *key.Key, d *dataKey) (bool, error) {
	if d == nil || d.material != k.MaterialID || c.Time.Sub(d.created) >= EpochLength {
		return false, nil
	}
	over, err := s.usage.IsEpochOver(k, d.ID)
	if err != nil {
		return false, err
	}
	return !over, nil
}

// nextEpoch returns the epoch after that of d, which is nil before the first.
func nextEpoch(d *dataKey) int64 {
	if d == nil {
		return 1
	}
	return d.epoch + 1
}

// lookUpAgain returns a key as it is now, if it may still be used.
func (s *DataKeys) lookUpAgain(c *op.Call, k *key.Key) (*key.Key, error) {
	now, err := s.lookup(c, k.Ref())
	switch {
	case err != nil:
		return nil, err
	case now == nil:
		return nil, kmsfault.NoKey(k.ARN())
	}
	return now, now.AllowsInState("GenerateDataKey", c.Time)
}

var route = domain.Routes{Service: model.KMS}

// epochInput asks for the next data key of a service.
type epochInput struct {
	KeyId   string `shape:"KeyIdType,required"`
	Service string `shape:"Service,required"`
	Epoch   int64  `shape:"Epoch,required"`
	op.ByShape
}

// requestEpoch has the data key of an epoch made. If another request was first, that is as good.
func (s *DataKeys) requestEpoch(c *op.Call, k *key.Key, in epochInput) error {
	_, err := op.AsService(c, in.Service, k.Account, s.create, in)
	switch {
	case err != nil && !errors.Is(err, domain.ErrMade):
		return err
	case c.Err() != nil:
		return custody.ErrUnavailable.Because(c.Err())
	}
	return nil
}

// epochTarget is the key under which an epoch begins, there or not.
type epochTarget struct {
	ref key.Ref
	key *key.Key
	now time.Time
}

// Demands implements [op.Target].
func (t epochTarget) Demands() []policy.Demand {
	return []policy.Demand{domain.On("kms:GenerateDataKey", t.ref.ARN(), t.ref.Account)}
}

// Missing implements [op.Target].
func (t epochTarget) Missing() error {
	if t.key == nil {
		return kmsfault.NoKey(t.ref.ARN())
	}
	return nil
}

// Ready implements [op.Target].
func (t epochTarget) Ready() error {
	if err := t.key.Serves("GenerateDataKey", "GenerateDataKey"); err != nil {
		return err
	}
	return t.key.AllowsInState("GenerateDataKey", t.now)
}

func (s *DataKeys) findEpoch(c *op.Call, in epochInput) (epochTarget, error) {
	account, region := c.Namespace()
	ref := key.Ref{Account: account, Region: region, ID: in.KeyId}
	k, err := s.lookup(c, ref)
	return epochTarget{ref, k, c.Time}, err
}

// createEpoch makes a data key on the device, and encrypts its wrapped form under the KMS key.
func (s *DataKeys) createEpoch(c *op.Call, in epochInput,
	t epochTarget) (op.Commit[op.None], error) {
	k := t.key
	of := dataKeyOwner{account: k.Account, region: k.Region, keyID: k.ID, service: in.Service}
	d := &dataKey{epochRef: epochRef{of, in.Epoch}, material: k.MaterialID,
		created: c.Time.Truncate(time.Microsecond)}
	m, err := s.device.Generate(c, uuid.NewString(), custody.AES256)
	if err != nil {
		return nil, err
	}
	d.Material = m
	d.Wrapped = nil
	d.sealed, err = s.materials.SealKept(c, k, m.Wrapped, d.boundTo(k))
	if err != nil {
		return nil, err
	}
	insert, err := s.insert(c, d)
	return op.Apply(domain.Once(insert), op.None{}), err
}
