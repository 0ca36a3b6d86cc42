// Package iam performs the operations of IAM. Who there is rests in package entity beneath it; the
// operations are in a package for each subject, and those of STS in package sts.
package iam

import (
	"slices"

	"claviger/iam/accounts"
	"claviger/iam/attachments"
	"claviger/iam/entity"
	"claviger/iam/policies"
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
	Accounts *accounts.Accounts

	policies    *policies.Policies
	attachments *attachments.Attachments
	simulator   *simulate.Simulator
}

// New returns the identities of a directory, whose access keys are made by keys and whose markers
// by tokens.
func New(d *entity.Directory, keys users.AccessKeys, tokens *signedtoken.Maker) *Identities {
	e := target.Over(d, tokens)
	return &Identities{Users: users.New(e, keys), Accounts: accounts.New(e),
		policies: policies.New(e), attachments: attachments.New(e),
		simulator: simulate.New(simulated{d}, tokens)}
}

// Jobs is empty: nothing here is put off.
func (*Identities) Jobs() map[string]domain.Job { return nil }

// Operations is the table of contents.
func (s *Identities) Operations() []op.Operation {
	return slices.Concat(s.Users.Operations(), s.Accounts.Operations(), s.policies.Operations(),
		s.attachments.Operations(), s.simulator.Operations())
}
