package iam

import (
	"claviger/iam/model"
	"claviger/internal/op"
)

// updateAccessKeyInput is IAM's, without the user: the account decides.
type updateAccessKeyInput struct {
	AccessKeyId string `shape:"accessKeyIdType,required"`
	Status      string `shape:"statusType,required"`
	op.ByShape
}

func (s *Identities) findUpdate(c *op.Call, in updateAccessKeyInput) (namedKey, error) {
	return s.findKey(c, "UpdateAccessKey", in.AccessKeyId), nil
}

// updateAccessKey makes a key active or inactive. What is so already stays as it is.
func (s *Identities) updateAccessKey(c *op.Call, in updateAccessKeyInput, t namedKey) (
	op.Commit[op.None], error) {
	if t.key.Status == in.Status {
		return op.Unchanged(op.None{}), nil
	}
	change, err := s.keys.SetStatus(c, t.key, in.Status)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, op.None{}), nil
}

// UpdateAccessKey makes an access key of the call's account Active or Inactive, at the command of
// whoever runs the service.
func (s *Identities) UpdateAccessKey(c *op.Call, id, status string) error {
	_, err := op.AsService(c, model.IAM.Name, c.Caller.Account, s.update,
		updateAccessKeyInput{AccessKeyId: id, Status: status})
	return err
}
