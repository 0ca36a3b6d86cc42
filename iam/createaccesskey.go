package iam

import (
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/store"
)

// principalInput names the principal that an access key is for.
type principalInput struct {
	Type        string `shape:"principalType,required"`
	Arn         string `shape:"arnType,required"`
	PrincipalId string `shape:"idType,required"`
	op.ByShape
}

// newKey is what is answered once and kept nowhere: the secret is in no record.
type newKey struct{ id, secret string }

// owner is the principal that an access key is for. Commands name the account's own.
type owner struct {
	policy.Caller
	op.There
}

// Demands implements [op.Target].
func (o owner) Demands() []policy.Demand {
	return []policy.Demand{domain.On("iam:CreateAccessKey", o.ARN, o.Account)}
}

func findOwner(c *op.Call, in principalInput) (owner, error) {
	return owner{Caller: policy.Caller{Type: in.Type, Account: c.Caller.Account, ARN: in.Arn,
		PrincipalID: in.PrincipalId}}, nil
}

// createAccessKey records the id of the key, which nobody could name before.
func (s *Identities) createAccessKey(c *op.Call, _ principalInput, o owner) (
	op.Commit[newKey], error) {
	id, secret, change, err := s.keys.NewAccessKey(c, o.Caller, c.Time)
	if err != nil {
		return nil, err
	}
	c.Note(`{"accessKeyId":"` + id + `"}`)
	return func(tx *store.Tx) (newKey, error) { return newKey{id, secret}, change(tx) }, nil
}

// CreateAccessKey makes an access key for a principal, at the command of whoever runs the service.
// The secret can't be read again.
func (s *Identities) CreateAccessKey(
	c *op.Call, principal policy.Caller,
) (id, secret string, err error) {
	in := principalInput{Type: principal.Type, Arn: principal.ARN, PrincipalId: principal.PrincipalID}
	made, err := op.AsService(c, model.IAM.Name, c.Caller.Account, s.create, in)
	return made.id, made.secret, err
}
