package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// ListAccessKeysInput means the caller if it has no name.
type ListAccessKeysInput struct {
	UserName *string `shape:"existingUserNameType"`
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListAccessKeysOutput is a page, in order of id.
type ListAccessKeysOutput struct {
	AccessKeyMetadata []AccessKeyMetadata
	IsTruncated       bool
	Marker            string `json:",omitzero"`
}

// AccessKeyMetadata is an access key without its secret.
type AccessKeyMetadata struct {
	UserName    string `json:",omitzero"`
	AccessKeyId string
	Status      string
	CreateDate  wire.Time
}

func (s *Users) findKeys(c *op.Call, in ListAccessKeysInput) (target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "ListAccessKeys"})
}

func (s *Users) listKeys(c *op.Call, in ListAccessKeysInput, t target.Entity[entity.User]) (
	out ListAccessKeysOutput, err error) {
	owner, name := ownerID(c, t), ""
	if t.Row != nil {
		name = t.Row.Name
	}
	p, err := s.Page(c, "ListAccessKeys", owner, in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	keys, err := s.keys.AccessKeysOf(c, c.Caller.Account, owner)
	if err != nil {
		return out, err
	}
	all := []AccessKeyMetadata{}
	for _, k := range keys {
		all = append(all, AccessKeyMetadata{UserName: name, AccessKeyId: k.ID, Status: k.Status,
			CreateDate: wire.Time{Time: k.Created}})
	}
	out.AccessKeyMetadata, out.Marker = model.Cut(p, all,
		func(k AccessKeyMetadata) string { return k.AccessKeyId })
	out.IsTruncated = out.Marker != ""
	return out, nil
}
