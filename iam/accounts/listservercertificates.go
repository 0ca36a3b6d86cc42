package accounts

import (
	"claviger/internal/op"
)

type ListServerCertificatesInput struct {
	PathPrefix *string `shape:"pathPrefixType"`
	Marker     *string `shape:"markerType"`
	MaxItems   *int32  `shape:"maxItemsType"`
	op.ByShape
}

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
