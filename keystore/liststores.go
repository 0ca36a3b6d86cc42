package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/kmsfault"
)

// DescribeStoresInput is DescribeCustomKeyStoresRequest of AWS.
type DescribeStoresInput struct {
	CustomKeyStoreId   *string `shape:"CustomKeyStoreIdType"`
	CustomKeyStoreName *string `shape:"CustomKeyStoreNameType"`
	Limit              *int32  `shape:"LimitType"`
	Marker             *string `shape:"MarkerType"`
}

// Validate refuses two names of one store.
func (in DescribeStoresInput) Validate() error {
	if in.CustomKeyStoreId != nil && in.CustomKeyStoreName != nil {
		return kmsfault.Invalid("Name a custom key store by CustomKeyStoreId or by CustomKeyStoreName, not by both.")
	}
	return nil
}

// DescribeStoresOutput is DescribeCustomKeyStoresResponse of AWS.
type DescribeStoresOutput struct {
	CustomKeyStores []StoreListEntry
	NextMarker      string `json:",omitzero"`
	Truncated       bool
}

// StoreListEntry is CustomKeyStoresListEntry of AWS.
type StoreListEntry struct {
	CustomKeyStoreId       string
	CustomKeyStoreName     string
	CloudHsmClusterId      string `json:",omitzero"`
	TrustAnchorCertificate string `json:",omitzero"`
	ConnectionState        string
	ConnectionErrorCode    string `json:",omitzero"`
	CreationDate           wire.Time
	CustomKeyStoreType     string
}

func (st *keyStore) entry() StoreListEntry {
	return StoreListEntry{CustomKeyStoreId: st.id, CustomKeyStoreName: st.name, CloudHsmClusterId: st.cluster, TrustAnchorCertificate: st.anchor,
		ConnectionState: st.state, ConnectionErrorCode: st.trouble, CreationDate: wire.Time{Time: st.created}, CustomKeyStoreType: st.kind}
}

// someStores are the stores of an account, or the one that is named, there or not.
type someStores struct {
	domain.Account
	named string
	found []*keyStore
}

// Missing implements [op.Target].
func (t someStores) Missing() error {
	if t.named != "" && len(t.found) == 0 {
		return errNoStore(t.named)
	}
	return nil
}

func (s *Keys) findStores(c *op.Call, in DescribeStoresInput) (t someStores, err error) {
	t = someStores{Account: domain.OnAccount("kms:DescribeCustomKeyStores"), named: domain.Or(in.CustomKeyStoreId, domain.Or(in.CustomKeyStoreName, ""))}
	all, err := s.selectStores(c)
	for _, st := range all {
		if t.named == "" || in.CustomKeyStoreId != nil && st.id == t.named || in.CustomKeyStoreName != nil && st.name == t.named {
			t.found = append(t.found, st)
		}
	}
	return t, err
}

func (s *Keys) describeStores(c *op.Call, in DescribeStoresInput, t someStores) (out DescribeStoresOutput, err error) {
	p, err := s.page(c, "DescribeCustomKeyStores", t.named, in.Limit, in.Marker, storesPerRegion, 1000)
	out.CustomKeyStores = []StoreListEntry{}
	for _, st := range t.found {
		if st.id <= p.After {
			continue
		}
		if len(out.CustomKeyStores) == p.Size {
			out.Truncated, out.NextMarker = true, p.Next(out.CustomKeyStores[p.Size-1].CustomKeyStoreId)
			break
		}
		out.CustomKeyStores = append(out.CustomKeyStores, st.entry())
	}
	return out, err
}
