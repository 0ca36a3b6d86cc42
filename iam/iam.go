// Package iam performs the operations of AWS's identity services, IAM and STS. Who there is rests
// in package entity beneath it; the operations are in a package for each subject.
package iam

import (
	"slices"

	"claviger/iam/accounts"
	"claviger/iam/entity"
	"claviger/iam/oidc"
	"claviger/iam/target"
	"claviger/iam/users"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/signedtoken"
)

// Identities performs the operations of IAM and STS. [New] makes it.
type Identities struct {
	Users     *users.Users
	Accounts  *accounts.Accounts
	Providers *oidc.Providers
}

// AccessKeys are the access keys of principals; *identity.Directory is them.
type AccessKeys interface {
	users.AccessKeys
	users.LastUses
}

// New returns the identities of a directory, whose access keys are made by keys and whose markers
// by tokens.
func New(d *entity.Directory, keys AccessKeys, tokens *signedtoken.Maker) *Identities {
	e := target.Over(d, tokens)
	return &Identities{Users: users.New(e, keys, keys), Accounts: accounts.New(e, keys),
		Providers: oidc.New(e)}
}

// Jobs is empty: nothing here is put off.
func (*Identities) Jobs() map[string]domain.Job { return nil }

// Operations is the table of contents.
func (s *Identities) Operations() []op.Operation {
	// STS first: a request that says nothing of its service is for that one.
	return slices.Concat(stsOperations(), s.Users.Operations(), s.Accounts.Operations(),
		s.Providers.Operations())
}
