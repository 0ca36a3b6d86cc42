package accounts

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/op"
)

type ListSSHPublicKeysInput struct {
	UserName *string `shape:"existingUserNameType"`
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

type ListSSHPublicKeysOutput struct {
	SSHPublicKeys []Nothing // none
	IsTruncated   bool
	Marker        string `json:",omitzero"` // never there
}

func (s *Accounts) findSSH(c *op.Call, in ListSSHPublicKeysInput) (
	target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "ListSSHPublicKeys"})
}

func (s *Accounts) listSSH(c *op.Call, in ListSSHPublicKeysInput,
	_ target.Entity[entity.User]) (out ListSSHPublicKeysOutput, err error) {
	_, err = s.Page(c, "ListSSHPublicKeys", "", in.MaxItems, in.Marker)
	out.SSHPublicKeys = []Nothing{}
	return out, err
}
