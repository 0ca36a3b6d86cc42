package accounts

import (
	"claviger/internal/op"
)

type ListVirtualMFADevicesInput struct {
	AssignmentStatus *string `shape:"assignmentStatusType"`
	Marker           *string `shape:"markerType"`
	MaxItems         *int32  `shape:"maxItemsType"`
	op.ByShape
}

type ListVirtualMFADevicesOutput struct {
	VirtualMFADevices []Nothing // none
	IsTruncated       bool
	Marker            string `json:",omitzero"` // never there
}

func (s *Accounts) listVirtualMFA(c *op.Call, in ListVirtualMFADevicesInput) (
	out ListVirtualMFADevicesOutput, err error) {
	_, err = s.Page(c, "ListVirtualMFADevices", "", in.MaxItems, in.Marker)
	out.VirtualMFADevices = []Nothing{}
	return out, err
}
