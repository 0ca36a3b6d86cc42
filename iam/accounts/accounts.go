// Package accounts performs IAM's operations on an account as a whole, and those by which the
// installation gets accounts.
package accounts

import (
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// Accounts performs the operations. [New] makes it.
type Accounts struct {
	target.Entities

	// CreateAccount is performed at the command of whoever runs the service.
	CreateAccount op.Command[CreateAccountInput, op.None]
}

// New returns the accounts among entities.
func New(e target.Entities) *Accounts {
	s := &Accounts{Entities: e}
	s.CreateAccount = op.Write(domain.Routes{Service: model.IAM}.Internal("CreateAccount"),
		s.findCreate, s.create)
	return s
}

// Operations is the table of contents.
func (s *Accounts) Operations() []op.Operation { return nil }
