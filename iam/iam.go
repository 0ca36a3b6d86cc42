// Package iam performs the operations of IAM. Who there is rests in package entity beneath it; the
// operations are in a package for each subject, and those of STS in package sts.
package iam

import (
	"slices"

	"claviger/iam/accounts"
	"claviger/iam/entity"
	"claviger/iam/groups"
	"claviger/iam/roles"
	"claviger/iam/simulate"
	"claviger/iam/target"
	"claviger/iam/users"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/signedtoken"
)

// Identities performs the operations of IAM. [New] makes it.
type Identities struct {
	Users    *users.Users
	Groups   *groups.Groups
	Roles    *roles.Roles
	Accounts *accounts.Accounts

	simulator *simulate.Simulator
}

// New returns the identities of a directory, whose access keys are made by keys and whose markers
// by tokens.
func New(d *entity.Directory, keys users.AccessKeys, tokens *signedtoken.Maker) *Identities {
	e := target.Over(d, tokens)
	return &Identities{Users: users.New(e, keys), Groups: groups.New(e), Roles: roles.New(e),
		Accounts: accounts.New(e), simulator: simulate.New(simulated{d}, tokens)}
}

// Jobs is empty: nothing here is put off.
func (*Identities) Jobs() map[string]domain.Job { return nil }

// Operations is the table of contents.
func (s *Identities) Operations() []op.Operation {
	return slices.Concat(s.Users.Operations(), s.Groups.Operations(), s.Roles.Operations(),
		s.Accounts.Operations(), s.simulator.Operations())
}
