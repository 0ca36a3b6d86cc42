package datakeys

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/rowmac"
	"claviger/keystore/ciphertext"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/store"
)

// dataKeyOwner is whose data keys are meant: those of a service under a KMS key.
type dataKeyOwner struct{ account, region, keyID, service string }

// epochRef names a data key in the cache and in its table.
type epochRef struct {
	dataKeyOwner
	epoch int64
}

// dataKey is one data key as its row has it. It is never changed.
type dataKey struct {
	epochRef
	custody.Material        // Wrapped is empty: the row holds it encrypted
	sealed           []byte // the wrapped form, encrypted under the KMS key's material
	material         string // which one
	created          time.Time
}

// boundTo is the additional data of the encrypted wrapped form.
func (d *dataKey) boundTo(k *key.Key) []byte {
	return ciphertext.AdditionalData(ciphertext.ForDataKey, k.ID, d.material, map[string]string{
		"id": d.ID, "service": d.service, "epoch": strconv.FormatInt(d.epoch, 10)})
}

var signed = rowmac.Declare("kms_data_keys", func(d *dataKey) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &d.account), rowmac.Text("region", &d.region),
		rowmac.Text("key_id", &d.keyID), rowmac.Text("service", &d.service),
		rowmac.Integer("epoch", &d.epoch), rowmac.Text("id", &d.ID), rowmac.Word("kind", &d.Kind),
		rowmac.Text("root", &d.Root), rowmac.Text("mechanism", &d.Mechanism),
		rowmac.Bytes("sealed", &d.sealed), rowmac.Text("material", &d.material),
		rowmac.Bytes("verifier", &d.Check), rowmac.Time("created", &d.created),
	}
})

var (
	qEpoch = store.SQL(`SELECT ` + signed.Columns() + ` FROM kms_data_keys
		WHERE account = $1 AND region = $2 AND key_id = $3 AND service = $4 AND epoch = $5`)
	qCurrent = store.SQL(`SELECT ` + signed.Columns() + ` FROM kms_data_keys
		WHERE account = $1 AND region = $2 AND key_id = $3 AND service = $4 ORDER BY epoch DESC LIMIT 1`)
	qInsert = store.SQL(signed.Insert())
	qIDs    = store.SQL(`SELECT id FROM kms_data_keys
		WHERE account = $1 AND region = $2 AND key_id = $3`)
	qIDsInStore = store.SQL(`SELECT id FROM kms_data_keys
		WHERE account = $1 AND region = $2 AND key_id IN (SELECT id
			FROM kms_keys INDEXED BY kms_keys_by_store WHERE account = $1 AND region = $2
			AND custom_key_store_id = $3 AND custom_key_store_id <> '')`)
	qEpochs = store.SQL(`SELECT service, epoch FROM kms_data_keys
		WHERE account = $1 AND region = $2 AND key_id = $3`)
	qDelete = store.SQL(`DELETE FROM kms_data_keys WHERE account = $1 AND region = $2 AND key_id = $3`)
)

// newest returns the data key of the last epoch, or nil before the first.
func (s *DataKeys) newest(ctx context.Context, of dataKeyOwner) (*dataKey, error) {
	return s.current.Get(of, func() (*dataKey, error) {
		return signed.Load(ctx, s.signer, s.db, qCurrent,
			[]any{of.account, of.region, of.keyID, of.service})
	})
}

// ofEpoch returns the data key of an epoch that was.
func (s *DataKeys) ofEpoch(ctx context.Context, ref epochRef) (*dataKey, error) {
	d, err := s.epochs.Get(ref, func() (*dataKey, error) {
		return signed.Load(ctx, s.signer, s.db, qEpoch,
			[]any{ref.account, ref.region, ref.keyID, ref.service, ref.epoch})
	})
	if d == nil && err == nil {
		err = errLost(ref)
	}
	return d, err
}

// errLost is an internal error: a value names an epoch whose data key is not there.
func errLost(ref epochRef) error {
	return fault.Of(fmt.Errorf("the data key of %s under the key %s has lost its epoch %d",
		ref.service, key.ARN(ref.account, ref.region, ref.keyID), ref.epoch))
}

// errSealed is an internal error: a data key doesn't open under the material that its row names.
func errSealed(d *dataKey, err error) error {
	return fault.New(fault.Internal, "", "").Because(fmt.Errorf(
		"the data key of %s under the key %s doesn't open under its material %s: %w", d.service,
		key.ARN(d.account, d.region, d.keyID), d.material, err))
}

// insert prepares what stores a new data key. An epoch that is there is [store.Exists].
func (s *DataKeys) insert(ctx context.Context, d *dataKey) (domain.Change, error) {
	values, err := signed.Sign(ctx, s.signer, d)
	return func(tx *store.Tx) error {
		s.current.Drop(tx, d.dataKeyOwner)
		_, err := tx.Exec(qInsert, values...)
		return err
	}, err
}

// Delete removes the data keys under a key that is going. They leave the caches too: a replica may
// be made again, with the same id and material.
func (s *DataKeys) Delete(tx *store.Tx, k *key.Key) error {
	err := tx.Rows(qEpochs, []any{k.Account, k.Region, k.ID}, func(scan func(...any) error) error {
		ref := epochRef{dataKeyOwner: dataKeyOwner{account: k.Account, region: k.Region, keyID: k.ID}}
		err := scan(&ref.service, &ref.epoch)
		s.current.Drop(tx, ref.dataKeyOwner)
		s.epochs.Drop(tx, ref)
		return err
	})
	if err != nil {
		return err
	}
	_, err = tx.Exec(qDelete, k.Account, k.Region, k.ID)
	return err
}

// idsUnder returns the ids of the data keys under a key, which are those of their handles.
func idsUnder(from store.Reader, k *key.Key) ([]string, error) {
	return keyrows.Texts(from, qIDs, k.Account, k.Region, k.ID)
}
