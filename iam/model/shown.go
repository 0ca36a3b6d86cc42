package model

import (
	"claviger/iam/entity"
	"claviger/internal/wire"
)

// User is a user as it is shown.
type User struct {
	Path                string `json:",omitzero"` // as the name absent for the root user
	UserName            string `json:",omitzero"`
	UserId              string
	Arn                 string
	CreateDate          wire.Time
	PermissionsBoundary *Boundary    `json:",omitzero"`
	Tags                []entity.Tag `json:",omitempty"`
}

// Boundary is a permissions boundary as it is shown.
type Boundary struct {
	PermissionsBoundaryType string // always Policy
	PermissionsBoundaryArn  string
}

// BoundaryOf returns how a boundary is shown, nil if there is none.
func BoundaryOf(arn string) *Boundary {
	if arn == "" {
		return nil
	}
	return &Boundary{PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: arn}
}

// ListedUser returns a user as listings show it: without its tags and boundary.
func ListedUser(u *entity.User) User {
	return User{Path: u.Path, UserName: u.Name, UserId: u.ID, Arn: u.ARN(),
		CreateDate: wire.Time{Time: u.Created}}
}

// WholeUser returns a user with all that is shown of it.
func WholeUser(u *entity.User) User {
	out := ListedUser(u)
	out.PermissionsBoundary, out.Tags = BoundaryOf(u.Boundary), u.Tags
	return out
}

// Group is a group as it is shown.
type Group struct {
	Path       string
	GroupName  string
	GroupId    string
	Arn        string
	CreateDate wire.Time
}

// GroupOf returns how a group is shown.
func GroupOf(g *entity.Group) Group {
	return Group{Path: g.Path, GroupName: g.Name, GroupId: g.ID, Arn: g.ARN(),
		CreateDate: wire.Time{Time: g.Created}}
}

// Role is a role as it is shown.
type Role struct {
	Path                     string
	RoleName                 string
	RoleId                   string
	Arn                      string
	CreateDate               wire.Time
	AssumeRolePolicyDocument Document
	Description              string        `json:",omitzero"`
	MaxSessionDuration       int32         `json:",omitzero"` // seconds
	PermissionsBoundary      *Boundary     `json:",omitzero"`
	Tags                     []entity.Tag  `json:",omitempty"`
	RoleLastUsed             *RoleLastUsed `json:",omitzero"`
}

// RoleLastUsed is when sessions of a role asked for something last: without members if none did.
type RoleLastUsed struct {
	LastUsedDate *wire.Time `json:",omitzero"`
	Region       string     `json:",omitzero"`
}

// RoleOf returns a role with what every answer shows of it. trust is the text of its trust policy,
// as it is read.
func RoleOf(r *entity.Role, trust string) Role {
	return Role{Path: r.Path, RoleName: r.Name, RoleId: r.ID, Arn: r.ARN(),
		CreateDate: wire.Time{Time: r.Created}, AssumeRolePolicyDocument: Document(trust),
		Description: r.Description}
}
