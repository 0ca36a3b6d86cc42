package iam

import (
	"claviger/iam/model"
	"claviger/internal/op"
)

// deleteAccessKeyInput is IAM's, without the user: the account decides.
type deleteAccessKeyInput struct {
	AccessKeyId string `shape:"accessKeyIdType,required"`
	op.ByShape
}

func (s *Identities) findDelete(c *op.Call, in deleteAccessKeyInput) (namedKey, error) {
	return s.findKey(c, "DeleteAccessKey", in.AccessKeyId), nil
}

func (s *Identities) deleteAccessKey(_ *op.Call, _ deleteAccessKeyInput, t namedKey) (
	op.Commit[op.None], error) {
	return op.Apply(s.keys.Delete(t.key), op.None{}), nil
}

// DeleteAccessKey deletes an access key of the call's account for good, at the command of whoever
// runs the service.
func (s *Identities) DeleteAccessKey(c *op.Call, id string) error {
	_, err := op.AsService(c, model.IAM.Name, c.Caller.Account, s.remove,
		deleteAccessKeyInput{AccessKeyId: id})
	return err
}
