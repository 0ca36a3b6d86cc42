package accounts

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/op"
	"claviger/internal/wire"
)

type ListMFADevicesInput struct {
	UserName *string `shape:"existingUserNameType"`
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

type ListMFADevicesOutput struct {
	MFADevices  []MFADevice // none
	IsTruncated bool
	Marker      string `json:",omitzero"` // never there
}

// MFADevice is a device that is a user's second factor.
type MFADevice struct {
	UserName, SerialNumber string
	EnableDate             wire.Time
}

func (s *Accounts) findMFA(c *op.Call, in ListMFADevicesInput) (target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "ListMFADevices"})
}

func (s *Accounts) listMFA(c *op.Call, in ListMFADevicesInput, _ target.Entity[entity.User]) (
	out ListMFADevicesOutput, err error) {
	_, err = s.Page(c, "ListMFADevices", "", in.MaxItems, in.Marker)
	out.MFADevices = []MFADevice{}
	return out, err
}
