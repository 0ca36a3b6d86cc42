package keystore

import (
	"context"
	"errors"
	"strconv"
	"time"

	"claviger/internal/custody"
	"claviger/internal/envelope"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/ciphertext"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/store"

	"github.com/google/uuid"
)

// Other services seal their values by data keys: one for each KMS key, service and epoch. A data key is generated
// on the token and wrapped there by the root; that wrapped form is encrypted under the KMS key. Both are needed to
// load it: without the KMS key what was sealed is closed, and what passes through this process is worthless without
// the root. Each use is still authorized and recorded as kms:GenerateDataKey or kms:Decrypt by the caller.

const (
	epochLength = 90 * 24 * time.Hour // NIST SP 800-57: a bounded originator-usage period
)

// SealInput asks for a value to be sealed.
type SealInput struct {
	KeyId             string            `shape:"KeyIdType,required"`
	Service           string            `shape:"Service,required"`
	EncryptionContext map[string]string `shape:"EncryptionContextType"`
	Value             []byte            `shape:"SecretBinary"`
	op.ByShape
}

// UnsealInput asks for a value to be opened.
type UnsealInput struct {
	KeyId             string            `shape:"KeyIdType,required"`
	Service           string            `shape:"Service,required"`
	Epoch             int64             `shape:"Epoch"`
	EncryptionContext map[string]string `shape:"EncryptionContextType"`
	Sealed            []byte            `shape:"SecretBinary"`
	op.ByShape
}

// Opened is a value in clear.
type Opened struct{ Value []byte }

// Seal seals value on behalf of service, as c's caller. An empty keyID means the key that the service manages;
// it is made on first use. The context is bound to the value and recorded.
func (s *Keys) Seal(c *op.Call, service, keyID string, context map[string]string, value []byte) (envelope.Envelope, error) {
	if keyID == "" || keyID == managedAlias(service) {
		keyID = managedAlias(service)
		if err := s.ensureManaged(c, service, keyID); err != nil {
			return envelope.Envelope{}, err
		}
	}
	return op.Ask(c, service, s.seal, SealInput{KeyId: keyID, Service: service, EncryptionContext: context, Value: value})
}

// Unseal opens what Seal made, as c's caller.
func (s *Keys) Unseal(c *op.Call, service string, e envelope.Envelope, context map[string]string) ([]byte, error) {
	out, err := op.Ask(c, service, s.unseal, UnsealInput{KeyId: e.KeyID, Service: service, Epoch: e.Epoch,
		EncryptionContext: context, Sealed: e.Sealed})
	return out.Value, err
}

func (s *Keys) ensureManaged(c *op.Call, service, name string) error {
	account, region := c.Namespace()
	if a, err := s.rows.Alias(c, keyrows.AliasRef{Account: account, Region: region, Name: name}); a != nil || err != nil {
		return err
	}
	_, err := op.AsService(c, service, s.manage, manageInput{Service: service})
	if errors.Is(err, errBefore) {
		return nil
	}
	return err
}

// errBefore says that another request has made what there is once. That is as good, and the trail calls it no failure.
var errBefore = fault.New(fault.Exists, "AlreadyExistsException", "Another request made it first.")

func once(insert op.Commit[op.None]) op.Commit[op.None] {
	return func(tx *store.Tx) (op.None, error) {
		out, err := insert(tx)
		if errors.Is(err, store.Exists) {
			err = errBefore
		}
		return out, err
	}
}

// dataKey is one data key at rest. It is never changed.
type dataKey struct {
	dataKeyRef
	id       string
	m        custody.Material // Wrapped is empty: the row holds it encrypted
	sealed   []byte           // the wrapped form, encrypted under the KMS key's material
	material string           // which one
	created  time.Time
}

func (d *dataKey) context() map[string]string {
	return map[string]string{"id": d.id, "service": d.service, "epoch": strconv.FormatInt(d.epoch, 10)}
}

// use returns a reference to the data key. Loading it opens its wrapped form by the KMS key; *cached turns false then.
func (s *Keys) use(k *key.Key, d *dataKey, cached *bool) custody.Ref {
	return custody.Ref{ID: d.id, Load: func(ctx context.Context) (custody.Material, error) {
		*cached = false
		m := d.m
		var err error
		m.Wrapped, err = s.materials.Unseal(ctx, k, d.material, d.sealed, ciphertext.AdditionalData(ciphertext.ForDataKey, k.ID, d.material, d.context()))
		return m, err
	}}
}

func (s *Keys) findSeal(c *op.Call, in SealInput) (*target, error) {
	return s.findUse(c, "GenerateDataKey", in.KeyId, key.SymmetricDefault, presented{context: in.EncryptionContext})
}

func (s *Keys) sealEnvelope(c *op.Call, in SealInput, t *target) (e envelope.Envelope, err error) {
	d, k, err := s.currentDataKey(c, t.key, in.Service)
	if err == nil {
		err = k.Reachable()
	}
	if err == nil {
		err = s.usage.Count(c, k, d.id)
	}
	if err != nil {
		return e, err
	}
	cached := true
	e = envelope.Envelope{KeyID: k.ID, Epoch: d.epoch}
	e.Sealed, err = s.token.Seal(c, s.use(k, d, &cached), in.Value, ciphertext.AdditionalData(ciphertext.ForValue, k.ID, d.id, in.EncryptionContext))
	noteCached(c, cached)
	return e, err
}

func (s *Keys) findUnseal(c *op.Call, in UnsealInput) (*target, error) {
	return s.findUse(c, "Decrypt", in.KeyId, key.SymmetricDefault, presented{context: in.EncryptionContext})
}

func (s *Keys) unsealEnvelope(c *op.Call, in UnsealInput, t *target) (out Opened, err error) {
	ref := dataKeyRef{t.key.Account, t.key.Region, t.key.ID, in.Service, in.Epoch}
	d, err := s.dataKeys.Get(ref, func() (*dataKey, error) { return s.loadDataKey(c, ref) })
	if err == nil {
		err = t.key.Reachable()
	}
	if err != nil {
		return out, err
	}
	cached := true
	out.Value, err = s.token.Unseal(c, s.use(t.key, d, &cached), in.Sealed, ciphertext.AdditionalData(ciphertext.ForValue, t.key.ID, d.id, in.EncryptionContext))
	noteCached(c, cached)
	return out, err
}

// noteCached records whether the KMS key itself had to be used.
func noteCached(c *op.Call, cached bool) {
	if cached {
		c.Note(`{"dataKeyCached":true}`)
	} else {
		c.Note(`{"dataKeyCached":false}`)
	}
}

// epochAttempts bounds how often a seal looks for its data key: each look but the last finds out that the key was
// rotated meanwhile, or that an epoch is over and makes the next.
const epochAttempts = 8

var errEpochs = custody.ErrUnavailable.Because(errors.New("the epochs of a data key end faster than they are made"))

// currentDataKey returns the data key that seals for a service now, and the key as it is now. An epoch ends with the
// material of its KMS key, with time and with its number of seals; the next one is made and committed before it is used.
func (s *Keys) currentDataKey(c *op.Call, k *key.Key, service string) (*dataKey, *key.Key, error) {
	ref := dataKeyRef{k.Account, k.Region, k.ID, service, 0}
	for range epochAttempts {
		d, err := s.dataKeys.Get(ref, func() (*dataKey, error) { return s.loadCurrentDataKey(c, ref) })
		if isNoRow(err) {
			d, err = &dataKey{dataKeyRef: ref}, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if fits, err := s.seals(c, k, d); fits || err != nil {
			return d, k, err
		}
		now, err := s.again(c, k)
		if err != nil {
			return nil, nil, err
		}
		if now.MaterialID == k.MaterialID { // else the epoch may be that of the new material: a key that is behind ends none
			err = s.nextEpoch(c, k, service, d.epoch+1)
		}
		if k = now; err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, errEpochs
}

// seals reports whether a data key of k may seal one more value.
func (s *Keys) seals(c *op.Call, k *key.Key, d *dataKey) (bool, error) {
	if d.material != k.MaterialID || c.Time.Sub(d.created) >= epochLength {
		return false, nil
	}
	over, err := s.usage.IsEpochOver(k, d.id)
	return err == nil && !over, err
}

// again returns the key as it is now, if it may still be used.
func (s *Keys) again(c *op.Call, k *key.Key) (*key.Key, error) {
	now, err := s.key(c, k.Ref())
	switch {
	case err != nil:
		return nil, err
	case now == nil:
		return nil, errNoKey(k.Ref())
	}
	return now, now.AllowsInState("GenerateDataKey")
}

// nextEpoch has the next data key of a service made. If another request was first, that is as good.
func (s *Keys) nextEpoch(c *op.Call, k *key.Key, service string, epoch int64) error {
	_, err := op.AsService(c, service, s.epoch, epochInput{KeyId: k.ID, Service: service, Epoch: epoch})
	switch {
	case err != nil && !errors.Is(err, errBefore):
		return err
	case c.Err() != nil:
		return custody.ErrUnavailable.Because(c.Err())
	}
	return nil
}

// epochInput asks for the next data key of a service.
type epochInput struct {
	KeyId   string `shape:"KeyIdType,required"`
	Service string `shape:"Service,required"`
	Epoch   int64  `shape:"Epoch,required"`
	op.ByShape
}

func (s *Keys) findEpoch(c *op.Call, in epochInput) (*target, error) {
	return s.findUse(c, "GenerateDataKey", in.KeyId, key.SymmetricDefault, presented{})
}

func (s *Keys) createEpoch(c *op.Call, in epochInput, t *target) (op.Commit[op.None], error) {
	k := t.key
	d := &dataKey{dataKeyRef: dataKeyRef{k.Account, k.Region, k.ID, in.Service, in.Epoch}, id: uuid.NewString(),
		material: k.MaterialID, created: c.Time.Truncate(time.Microsecond)}
	m, err := s.token.Generate(c, d.id, custody.AES256)
	if err != nil {
		return nil, err
	}
	d.sealed, err = s.materials.Seal(c, k, m.Wrapped, ciphertext.AdditionalData(ciphertext.ForDataKey, k.ID, k.MaterialID, d.context()))
	if err != nil {
		return nil, err
	}
	d.m = m
	d.m.Wrapped = nil
	insert, err := s.insertDataKey(c, d)
	return once(insert), err
}

func isNoRow(err error) bool { return errors.Is(err, store.NoRow) }
