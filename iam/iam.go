// Package iam performs the operations of AWS's identity services, IAM and STS, over the principals
// that package identity knows. What callers can ask is one operation of STS: who is calling. Access
// keys are made, listed, switched and deleted at the command of whoever runs the service.
package iam

import (
	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// Identities performs the operations of IAM and STS. [New] makes it.
type Identities struct {
	keys   AccessKeys
	create op.Command[principalInput, newKey]
	list   op.Query[listAccessKeysInput, []*identity.AccessKey]
	update op.Command[updateAccessKeyInput, op.None]
	remove op.Command[deleteAccessKeyInput, op.None]
}

// New returns the identities whose access keys are made by keys.
func New(keys AccessKeys) *Identities {
	s := &Identities{keys: keys}
	s.build()
	return s
}

// Jobs is empty: nothing here is put off.
func (*Identities) Jobs() map[string]domain.Job { return nil }
