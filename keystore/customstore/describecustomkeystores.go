package customstore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/kmsfault"
)

type DescribeCustomKeyStoresInput struct {
	CustomKeyStoreId   *string `shape:"CustomKeyStoreIdType"`
	CustomKeyStoreName *string `shape:"CustomKeyStoreNameType"`
	Limit              *int32  `shape:"LimitType"`
	Marker             *string `shape:"MarkerType"`
}

// Validate refuses two names of one store.
func (in DescribeCustomKeyStoresInput) Validate() error {
	if in.CustomKeyStoreId != nil && in.CustomKeyStoreName != nil {
		return kmsfault.Invalid("Name a custom key store by CustomKeyStoreId or by " +
			"CustomKeyStoreName, not by both.")
	}
	return nil
}

// names reports whether the input names a store. One that names none names all.
func (in DescribeCustomKeyStoresInput) names(st *Store) bool {
	return domain.Or(in.CustomKeyStoreId, st.ID) == st.ID &&
		domain.Or(in.CustomKeyStoreName, st.Name) == st.Name
}

type DescribeCustomKeyStoresOutput struct {
	CustomKeyStores []CustomKeyStoresListEntry
	NextMarker      string `json:",omitzero"`
	Truncated       bool
}

// CustomKeyStoresListEntry describes one store.
type CustomKeyStoresListEntry struct {
	CustomKeyStoreId       string
	CustomKeyStoreName     string
	CloudHsmClusterId      string `json:",omitzero"`
	TrustAnchorCertificate string `json:",omitzero"`
	ConnectionState        string
	ConnectionErrorCode    string `json:",omitzero"`
	CreationDate           wire.Time
	CustomKeyStoreType     string
}

func entryOf(st *Store) CustomKeyStoresListEntry {
	return CustomKeyStoresListEntry{
		CustomKeyStoreId:       st.ID,
		CustomKeyStoreName:     st.Name,
		CloudHsmClusterId:      st.ClusterID,
		TrustAnchorCertificate: st.TrustAnchor,
		ConnectionState:        string(st.State),
		ConnectionErrorCode:    st.ConnectionErrorCode,
		CreationDate:           wire.Time{Time: st.Created},
		CustomKeyStoreType:     st.Type,
	}
}

// storesTarget is the stores of an account, or the one that is named, there or not.
type storesTarget struct {
	domain.Account
	named string // an id or a name, or nothing
	found []*Store

	unread error // why they could not be read
}

// Missing implements [op.Target].
func (t storesTarget) Missing() error {
	if t.unread != nil {
		return t.unread
	}
	if t.named != "" && len(t.found) == 0 {
		return NotFound(t.named)
	}
	return nil
}

func (s *Operations) findStores(c *op.Call,
	in DescribeCustomKeyStoresInput) (t storesTarget, err error) {
	t.Account = domain.OnAccount("kms:DescribeCustomKeyStores")
	t.named = domain.Or(in.CustomKeyStoreId, domain.Or(in.CustomKeyStoreName, ""))
	account, region := c.Namespace()
	var all []*Store
	all, t.unread = s.stores.List(c, account, region)
	for _, st := range all {
		if in.names(st) {
			t.found = append(t.found, st)
		}
	}
	return t, nil
}

// describeCustomKeyStores pages through a list in memory: the quota keeps it short.
func (s *Operations) describeCustomKeyStores(c *op.Call, in DescribeCustomKeyStoresInput,
	t storesTarget) (out DescribeCustomKeyStoresOutput, err error) {
	p, err := s.pager.Page(c, "DescribeCustomKeyStores", t.named, in.Limit, in.Marker, perRegion, 1000)
	if err != nil {
		return out, err
	}
	out.CustomKeyStores = []CustomKeyStoresListEntry{}
	for _, st := range t.found {
		if st.ID > p.After {
			out.CustomKeyStores = append(out.CustomKeyStores, entryOf(st))
		}
	}
	out.CustomKeyStores, out.NextMarker = domain.Cut(p, out.CustomKeyStores,
		func(e CustomKeyStoresListEntry) string { return e.CustomKeyStoreId })
	out.Truncated = out.NextMarker != ""
	return out, nil
}
