package usage

import (
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/store"
)

// A count carries no signature: a restore from a backup sets it back anyway, and the token would
// have to sign each block.
var (
	qLeased = store.SQL(`SELECT leased FROM kms_uses
		WHERE account = $1 AND region = $2 AND key_id = $3 AND material = $4`)
	qLease = store.SQL(`INSERT INTO kms_uses (account, region, key_id, material, leased)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, region, key_id, material)
		DO UPDATE SET leased = excluded.leased WHERE leased < excluded.leased`)
	qLeaseOne = store.SQL(`INSERT INTO kms_uses (account, region, key_id, material, leased)
		VALUES ($1, $2, $3, $4, 1)
		ON CONFLICT (account, region, key_id, material) DO UPDATE SET leased = leased + 1`)
	qDelete = store.SQL(`DELETE FROM kms_uses WHERE account = $1 AND region = $2 AND key_id = $3`)
)

// row names the row of a count: what is counted is a material or a data key.
type row struct{ account, region, keyID, id string }

// rowOf names the row of a material or data key of k. The Regions of a multi-Region key share their
// materials, and so the count of them.
func rowOf(k *key.Key, id string) row { return row{k.Account, regionOf(k), k.ID, id} }

// regionOf is the Region in whose name the seals of a key are counted: one for all the Regions of a
// multi-Region key, whichever of them come and go.
func regionOf(k *key.Key) string {
	if k.PrimaryRegion != "" {
		return "multi-region"
	}
	return k.Region
}

// leased returns how many seals the database knows of.
func (s *Counts) leased(r row) (n int64, err error) {
	err = s.db.Row(qLeased, []any{r.account, r.region, r.keyID, r.id}, &n)
	if domain.IsNoRow(err) {
		return 0, nil
	}
	return n, err
}

// lease has the transaction of c's record take the block that the n-th seal is in. Until it is on
// the disk, every seal of the block brings the same lease along, so that none depends on another's.
func (s *Counts) lease(c *op.Call, k *key.Key, id string, u *count, n int64) {
	upTo := (n-1)/s.Limits.Block*s.Limits.Block + s.Limits.Block
	r := rowOf(k, id)
	query, args := qLease, []any{r.account, r.region, r.keyID, r.id, upTo}
	if u.single {
		upTo, query, args = n, qLeaseOne, args[:4]
	}
	_, isMaterial := k.Materials[id]
	if isMaterial && upTo > s.Limits.Alarm && (n-1)%s.Limits.Block == 0 {
		s.alarm(c, k, id, n)
	}
	rotate := isMaterial && upTo > s.Limits.Rotate && k.Origin == key.OriginKMS
	c.Also(func(tx *store.Tx) error {
		if _, err := tx.Exec(query, args...); err != nil || !rotate {
			return err
		}
		return s.jobs.Schedule(tx, key.RotateJob, k.Account, k.LeadRegion(), k.ID, c.Time)
	}, func() { u.raiseDurable(upTo) })
}

// raiseDurable notes that leases up to n are on the disk. Several commits may end in any order.
func (u *count) raiseDurable(n int64) {
	for {
		old := u.durable.Load()
		if old >= n || u.durable.CompareAndSwap(old, n) {
			return
		}
	}
}

// alarm tells the operator that a material is used so often that its end is in sight.
func (s *Counts) alarm(c *op.Call, k *key.Key, id string, n int64) {
	s.alarms.Add(1)
	c.Note(`{"keyMaterialUses":` + strconv.FormatInt(n, 10) + `}`)
	c.Log().Warn("a key material has encrypted very often; at the limit it encrypts no more",
		"key", k.ARN(), "material", id, "uses", n, "limit", s.Limits.Max,
		"rotatesByItself", k.Origin == key.OriginKMS)
}

// Delete removes the counts of a key that is going. Of a multi-Region key the primary goes last,
// and with it the count that all of them share.
func (s *Counts) Delete(tx *store.Tx, k *key.Key) error {
	if k.IsReplica() {
		return nil
	}
	_, err := tx.Exec(qDelete, k.Account, regionOf(k), k.ID)
	return err
}
