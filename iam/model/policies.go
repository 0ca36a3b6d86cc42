package model

import (
	"claviger/iam/entity"
	"claviger/internal/wire"
)

// Policy is a managed policy as it is shown.
type Policy struct {
	PolicyName                    string
	PolicyId                      string
	Arn                           string
	Path                          string
	DefaultVersionId              string
	AttachmentCount               int32
	PermissionsBoundaryUsageCount int32
	IsAttachable                  bool
	Description                   string `json:",omitzero"`
	CreateDate                    wire.Time
	UpdateDate                    wire.Time
	Tags                          []entity.Tag `json:",omitzero"`
}

// ListedPolicy returns a managed policy as listings show it: without its description and its tags.
func ListedPolicy(p *entity.Policy, in entity.Uses) Policy {
	return Policy{PolicyName: p.Name, PolicyId: p.ID, Arn: p.ARN(), Path: p.Path,
		DefaultVersionId: p.Default, AttachmentCount: int32(in.Attached),
		PermissionsBoundaryUsageCount: int32(in.Bounding), IsAttachable: true,
		CreateDate: wire.Time{Time: p.Created}, UpdateDate: wire.Time{Time: p.Updated}}
}

// WholePolicy returns a managed policy with all that is shown of it. Its list of tags is there even
// if it is empty.
func WholePolicy(p *entity.Policy, in entity.Uses) Policy {
	out := ListedPolicy(p, in)
	out.Description, out.Tags = p.Description, append([]entity.Tag{}, p.Tags...)
	return out
}

// AttachedPolicy is a managed policy where it is attached.
type AttachedPolicy struct{ PolicyName, PolicyArn string }

// PolicyVersion is a version of a managed policy as it is shown.
type PolicyVersion struct {
	Document         Document `json:",omitzero"`
	VersionId        string
	IsDefaultVersion bool
	CreateDate       wire.Time
}

// ListedVersion returns a version as it is shown without its document.
func ListedVersion(p *entity.Policy, v *entity.Version) PolicyVersion {
	return PolicyVersion{VersionId: v.ID, IsDefaultVersion: v.ID == p.Default,
		CreateDate: wire.Time{Time: v.Created}}
}
