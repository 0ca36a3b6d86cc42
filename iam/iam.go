// Package iam performs the operations of AWS's identity services, IAM and STS, over the principals
// that package identity knows. What callers can ask is one operation of STS: who is calling. Access
// keys are made, listed, switched and deleted at the command of whoever runs the service.
package iam

import (
	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/shape"
)

// IAM has no Region of its own: what it records is recorded in us-east-1, as CloudTrail does.
var IAM = &op.Service{
	Name: "iam", Title: "AWS Identity and Access Management", Version: "2010-05-08",
	XML:      "https://iam.amazonaws.com/doc/2010-05-08/",
	Internal: "ServiceFailure", Down: "ServiceUnavailable", NoStore: true,
	Shapes: shape.Table{"arnType": {Min: 20, Max: 2048}, "idType": {Min: 1, Max: 128},
		"principalType":   {Enum: []string{"Root", "IAMUser"}},
		"accessKeyIdType": {Min: 16, Max: 128, Pattern: `[\w]+`},
		"statusType":      {Enum: []string{identity.Active, identity.Inactive}}},
}

// STS is asked in the Region that a request is signed for.
var STS = &op.Service{
	Name: "sts", Title: "AWS Security Token Service", Version: "2011-06-15",
	XML:      "https://sts.amazonaws.com/doc/2011-06-15/",
	Internal: "InternalFailure", Down: "ServiceUnavailable", NoStore: true,
	Shapes: shape.Table{},
}

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
