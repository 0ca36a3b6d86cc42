package customstore

import (
	"context"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/rowmac"
	"claviger/keystore/key"
	"claviger/store"
)

// storeColumns is how many columns say which store a row is.
const storeColumns = 3

var signedStores = rowmac.Declare("kms_custom_key_stores", func(st *Store) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &st.Account), rowmac.Text("region", &st.Region),
		rowmac.Text("id", &st.ID), rowmac.Integer("rev", &st.Rev),
		rowmac.Text("name", &st.Name), rowmac.Text("type", &st.Type),
		rowmac.Text("cluster_id", &st.ClusterID), rowmac.Text("trust_anchor", &st.TrustAnchor),
		rowmac.Bytes("password", &st.Password), rowmac.Word("connection_state", &st.State),
		rowmac.Text("connection_error_code", &st.ConnectionErrorCode),
		rowmac.Time("created", &st.Created),
	}
})

var (
	qStore = store.SQL(`SELECT ` + signedStores.Columns() + ` FROM kms_custom_key_stores
		WHERE account = $1 AND region = $2 AND id = $3`)
	qStores = store.SQL(`SELECT ` + signedStores.Columns() + ` FROM kms_custom_key_stores
		WHERE account = $1 AND region = $2 ORDER BY id`)
	qInsertStore = store.SQL(signedStores.Insert())
	qUpdateStore = store.SQL(signedStores.Update(storeColumns))
	qDeleteStore = store.SQL(`DELETE FROM kms_custom_key_stores
		WHERE account = $1 AND region = $2 AND id = $3 AND rev = $4`)
	qStoreRev = store.SQL(`SELECT rev FROM kms_custom_key_stores
		WHERE account = $1 AND region = $2 AND id = $3`)
	qCountStores = store.SQL(`SELECT count(*) FROM kms_custom_key_stores
		WHERE account = $1 AND region = $2`)
	qStoreByName = store.SQL(`SELECT id FROM kms_custom_key_stores
		WHERE account = $1 AND region = $2 AND name = $3`)
	qClusters = store.Wide(`SELECT id, cluster_id, trust_anchor FROM kms_custom_key_stores`,
		"a cluster has one user for all accounts and Regions, and so serves one store")
	qConnected = store.Wide(`SELECT account, region, id FROM kms_custom_key_stores
		WHERE connection_state = 'CONNECTED' ORDER BY account, region, id`,
		"the service keeps every account's stores open")
)

var (
	errNameInUse = fault.New(fault.Exists, "CustomKeyStoreNameInUseException",
		"Another custom key store of this account and Region has this name.")
	errClusterInUse = fault.New(fault.Exists, "CloudHsmClusterInUseException",
		"The cluster is associated with a custom key store already.")
	errHasKeys = fault.New(fault.State, "CustomKeyStoreHasCMKsException", "The custom key store "+
		"contains KMS keys. Delete them and wait until their windows have ended.")
)

// load reads and verifies a store, whatever is cached, or returns [store.NoRow].
func (s *Stores) load(ctx context.Context, ref key.StoreRef) (*Store, error) {
	args := []any{ref.Account, ref.Region, ref.ID}
	return signedStores.Load(ctx, s.config.Signer, s.config.DB, qStore, args)
}

// List returns the verified stores of an account in a Region, in order of id.
func (s *Stores) List(ctx context.Context, account, region string) ([]*Store, error) {
	return signedStores.Select(ctx, s.config.Signer, s.config.DB, qStores, account, region)
}

// connected returns the names of all stores whose rows say that they are connected.
func (s *Stores) connected() (refs []key.StoreRef, err error) {
	err = s.config.DB.Rows(qConnected, nil, func(scan func(...any) error) error {
		var ref key.StoreRef
		err := scan(&ref.Account, &ref.Region, &ref.ID)
		refs = append(refs, ref)
		return err
	})
	return refs, err
}

// Insert prepares what stores a new store on a cluster, within the quota.
func (s *Stores) Insert(ctx context.Context, st *Store, on *Cluster) (domain.Change, error) {
	values, err := signedStores.Sign(ctx, s.config.Signer, st)
	return func(tx *store.Tx) error {
		var n int
		if err := tx.Row(qCountStores, []any{st.Account, st.Region}, &n); err != nil {
			return err
		}
		if n >= perRegion {
			return fault.Newf(fault.Limit, "LimitExceededException",
				"An account has at most %d custom key stores in a Region.", perRegion)
		}
		if err := unique(tx, st, on.Anchor != ""); err != nil {
			return err
		}
		_, err := tx.Exec(qInsertStore, values...)
		return err
	}, err
}

// Update prepares what stores a store with another name, cluster or password over the revision
// before it, or is stale.
func (s *Stores) Update(ctx context.Context, st *Store) (domain.Change, error) {
	return s.amend(ctx, st, func(tx *store.Tx) error { return unique(tx, st, false) })
}

// unique wants no other store to have the name, and none in the installation to have the cluster
// or, if anchors are compared, a copy of it, which shows by the trust anchor.
func unique(tx *store.Tx, st *Store, compared bool) error {
	var id string
	err := tx.Row(qStoreByName, []any{st.Account, st.Region, st.Name}, &id)
	switch {
	case err == nil && id != st.ID:
		return errNameInUse
	case err != nil && !domain.IsNoRow(err):
		return err
	}
	return tx.Rows(qClusters, nil, func(scan func(...any) error) error {
		var cluster, anchor string
		if err := scan(&id, &cluster, &anchor); err != nil {
			return err
		}
		if id == st.ID {
			return nil
		}
		if cluster == st.ClusterID || compared && sameCertificate(anchor, st.TrustAnchor) {
			return errClusterInUse
		}
		return nil
	})
}

// amend prepares what stores a changed store over the revision before it, or is stale. also belongs
// into the same transaction. It comes first: what it refuses has a better name than a row that is
// there already.
func (s *Stores) amend(ctx context.Context, st *Store, also domain.Change) (domain.Change, error) {
	values, err := signedStores.Sign(ctx, s.config.Signer, st)
	return func(tx *store.Tx) error {
		s.cache.Drop(tx, st.StoreRef)
		if err := also(tx); err != nil {
			return err
		}
		return tx.Change(qUpdateStore, rowmac.Over(values, storeColumns, st.Rev-1)...)
	}, err
}

// Unchanged is stale if a store is no longer as it was read.
func (s *Stores) Unchanged(st *Store) domain.Change {
	return func(tx *store.Tx) error {
		var rev int64
		err := tx.Row(qStoreRev, []any{st.Account, st.Region, st.ID}, &rev)
		if domain.IsNoRow(err) || err == nil && rev != st.Rev {
			return store.Stale
		}
		return err
	}
}

// Delete removes a store as it was read, or is stale. One with keys is refused. What could not be
// destroyed on its token stays there.
func (s *Stores) Delete(st *Store) domain.Change {
	return func(tx *store.Tx) error {
		used, err := s.config.Keys.AnyInStore(tx, st.StoreRef)
		if err != nil {
			return err
		}
		if used {
			return errHasKeys
		}
		if err := s.config.Residents.Forget(tx, st.StoreRef); err != nil {
			return err
		}
		s.cache.Drop(tx, st.StoreRef)
		return tx.Change(qDeleteStore, st.Account, st.Region, st.ID, st.Rev)
	}
}
