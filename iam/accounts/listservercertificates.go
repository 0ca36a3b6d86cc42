package accounts

import (
	"claviger/internal/op"
)

// ListServerCertificatesInput is AWS's.
type ListServerCertificatesInput struct {
	PathPrefix *string `shape:"pathPrefixType"`
	Marker     *string `shape:"markerType"`
	MaxItems   *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListServerCertificatesOutput is AWS's.
type ListServerCertificatesOutput struct {
	ServerCertificateMetadataList []Nothing // none
	IsTruncated                   bool
	Marker                        string `json:",omitzero"` // never there
}

func (s *Accounts) listServerCertificates(c *op.Call, in ListServerCertificatesInput) (
	out ListServerCertificatesOutput, err error) {
	_, err = s.Page(c, "ListServerCertificates", "", in.MaxItems, in.Marker)
	out.ServerCertificateMetadataList = []Nothing{}
	return out, err
}
