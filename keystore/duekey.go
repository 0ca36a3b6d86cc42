package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/target"
	"claviger/policy"
)

// dueKeyInput names the key that a job is about.
type dueKeyInput struct {
	KeyId string `shape:"KeyIdType,required"`
	op.ByShape
}

// dueKey is the target of a job that is due for a key. The key may be gone, or its time may not
// have come: the job finds out, since a job that is refused would be tried for ever.
type dueKey struct {
	named  target.Named
	key    *key.Key // nil if it is gone
	action string
	op.There
}

// Demands implements [op.Target].
func (d dueKey) Demands() []policy.Demand {
	return []policy.Demand{{Action: "kms:" + d.action, Resource: policy.Resource{ARN: d.named.ARN()}}}
}

// findDueKey returns what finds the key of a job. It reads the row and not the cache, since jobs do
// what can't be taken back.
func (s *Keys) findDueKey(action string) func(*op.Call, dueKeyInput) (dueKey, error) {
	return func(c *op.Call, in dueKeyInput) (dueKey, error) {
		n, err := target.ParseName(c, in.KeyId, false)
		if err != nil {
			return dueKey{}, err
		}
		k, err := s.rows.Load(c, n.Ref)
		// Gone with the deletion of the key: the job has no subject any more, and ends.
		if domain.IsNoRow(err) {
			return dueKey{named: n, action: action}, nil
		}
		return dueKey{named: n, key: k, action: action}, err
	}
}
