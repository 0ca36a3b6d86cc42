package accounts

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/op"
)

type ListServiceSpecificCredentialsInput struct {
	UserName    *string `shape:"existingUserNameType"`
	ServiceName *string `shape:"serviceName"`
	AllUsers    *bool   `shape:"allUsers"`
	Marker      *string `shape:"markerType"`
	MaxItems    *int32  `shape:"maxItemsType"`
	op.ByShape
}

type ListServiceSpecificCredentialsOutput struct {
	ServiceSpecificCredentials []Nothing // none
	IsTruncated                bool
	Marker                     string `json:",omitzero"` // never there
}

func (s *Accounts) findSpecific(c *op.Call, in ListServiceSpecificCredentialsInput) (
	target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "ListServiceSpecificCredentials"})
}

func (s *Accounts) listSpecific(c *op.Call, in ListServiceSpecificCredentialsInput,
	_ target.Entity[entity.User]) (out ListServiceSpecificCredentialsOutput, err error) {
	_, err = s.Page(c, "ListServiceSpecificCredentials", "", in.MaxItems, in.Marker)
	out.ServiceSpecificCredentials = []Nothing{}
	return out, err
}
