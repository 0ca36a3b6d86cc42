package accounts

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/op"
)

type ListSigningCertificatesInput struct {
	UserName *string `shape:"existingUserNameType"`
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

type ListSigningCertificatesOutput struct {
	Certificates []Nothing // none
	IsTruncated  bool
	Marker       string `json:",omitzero"` // never there
}

func (s *Accounts) findCertificates(c *op.Call, in ListSigningCertificatesInput) (
	target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "ListSigningCertificates"})
}

func (s *Accounts) listCertificates(c *op.Call, in ListSigningCertificatesInput,
	_ target.Entity[entity.User]) (out ListSigningCertificatesOutput, err error) {
	_, err = s.Page(c, "ListSigningCertificates", "", in.MaxItems, in.Marker)
	out.Certificates = []Nothing{}
	return out, err
}
