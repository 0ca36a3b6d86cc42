package model

import (
	"claviger/iam/entity"
	"claviger/internal/wire"
)

// User is a user as it is shown.
type User struct {
	Path                string
	UserName            string
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
