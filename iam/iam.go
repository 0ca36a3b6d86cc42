// Package iam performs the operations of AWS's identity services, IAM and STS. Who there is rests
// in package entity beneath it; the operations are in a package for each subject.
package iam

import (
	"claviger/iam/accounts"
	"claviger/iam/attachments"
	"claviger/iam/entity"
	"claviger/iam/groups"
	"claviger/iam/oidc"
	"claviger/iam/policies"
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
	Users       *users.Users
	Roles       *roles.Roles
	Attachments *attachments.Attachments
	Accounts    *accounts.Accounts

	subjects []subject // all of them, in the order in which documents show them
}

// AccessKeys are the access keys of principals; *identity.Directory is them.
type AccessKeys interface {
	users.AccessKeys
	users.LastUses
}

// subject is what a package of operations brings.
type subject interface{ Operations() []op.Operation }

// New returns the identities of a directory, whose access keys are made by keys and whose markers
// by tokens. unknown says what becomes of their policies' condition keys.
func New(d *entity.Directory, keys AccessKeys, tokens *signedtoken.Maker,
	unknown domain.UnknownKeys) *Identities {
	e := target.Over(d, tokens, unknown)
	s := &Identities{Users: users.New(e, keys, keys), Roles: roles.New(e),
		Attachments: attachments.New(e), Accounts: accounts.New(e, keys)}
	s.subjects = []subject{
		s.Users,
		groups.New(e),
		s.Roles,
		policies.New(e),
		s.Attachments,
		oidc.New(e),
		s.Accounts,
		simulate.New(simulated{d}, tokens),
	}
	return s
}

// Jobs is empty: nothing here is put off.
func (*Identities) Jobs() map[string]domain.Job { return nil }

// Operations is the table of contents.
func (s *Identities) Operations() (all []op.Operation) {
	for _, one := range s.subjects {
		all = append(all, one.Operations()...)
	}
	return all
}
