package keystore

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/outbox"
	"claviger/keystore/events"
	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/store"
)

// expireMaterialJob is the kind of the job that deletes imported material when its time is over;
// see [Keys.expireDue].
const expireMaterialJob = "kms:ExpireImportedKeyMaterial"

// scheduleExpiry returns the change that has material deleted when it expires, or that cancels this
// for material that doesn't expire. Material that is imported again may last longer or for ever, so
// the job follows each import.
func (s *Keys) scheduleExpiry(k key.Ref, m key.Material) domain.Change {
	subject := imports.Subject(k.ID, m.ID)
	return func(tx *store.Tx) error {
		if m.Expires.IsZero() {
			return s.jobs.Cancel(tx, expireMaterialJob, k.Account, k.Region, subject)
		}
		return s.jobs.Schedule(tx, expireMaterialJob, k.Account, k.Region, subject, m.Expires)
	}
}

// expireDue deletes imported material whose time is over. It is the work of an [expireMaterialJob].
func (s *Keys) expireDue(c *op.Call, subject string) error {
	keyID, materialID := imports.ParseSubject(subject)
	_, err := op.AsService(c, "kms", c.Caller.Account, s.expire,
		expireInput{KeyId: keyID, KeyMaterialId: materialID})
	return err
}

// expireInput names material whose time is over.
type expireInput struct {
	KeyId         string `shape:"KeyIdType,required"`
	KeyMaterialId string `shape:"BackingKeyIdType,required"`
	op.ByShape
}

func (s *Keys) findExpiringKey(c *op.Call, in expireInput) (dueKey, error) {
	return s.findDueKey("DeleteExpiredKeyMaterial")(c, dueKeyInput{KeyId: in.KeyId})
}

// expireMaterial deletes material whose time is over. What is gone, or lasts longer by now, is left
// as it is. Where the clock was set back, or can't be believed, the job has to stay.
func (s *Keys) expireMaterial(c *op.Call, in expireInput, d dueKey) (op.Commit[op.None], error) {
	var m key.Material
	if d.key != nil {
		m = d.key.Materials[in.KeyMaterialId]
	}
	switch {
	case !m.IsPresent() || m.Expires.IsZero():
		return op.Unchanged(op.None{}), nil
	// A job that ends is gone, and nothing else would ever delete this material.
	case !c.Settled().Reached(m.Expires):
		return nil, kmsfault.TooEarly(d.key.ARN() + " has key material that expires on " +
			m.Expires.UTC().Format(time.RFC3339))
	}
	c.Did(eventOf(d.key).text("keyMaterialId", m.ID).object())
	amend, err := s.related.Amend(c, d.key, s.withoutMaterial(d.key, m))
	told := outbox.Outbox{}.Put(events.Expired(d.key, m, c.Time))
	return op.Apply(domain.InOrder(amend, told), op.None{}), err
}
