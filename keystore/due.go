package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/target"
	"claviger/policy"
)

// dueKeyInput names a key that a job is about.
type dueKeyInput struct {
	KeyId string `shape:"KeyIdType,required"`
	op.ByShape
}

// dueKey is a key whose time may have come, or that is gone already: a job finds out.
type dueKey struct {
	named  target.Named
	key    *key.Key // nil if it is gone
	action string
}

func (d dueKey) Demands() []policy.Demand {
	return []policy.Demand{{Action: "kms:" + d.action, Resource: policy.Resource{ARN: d.named.ARN()}}}
}
func (dueKey) Missing() error { return nil }
func (dueKey) Ready() error   { return nil }

// findDueKey returns what finds the key of a job: its row and not what is cached, since jobs do what
// can't be taken back.
func (s *Keys) findDueKey(action string) func(*op.Call, dueKeyInput) (dueKey, error) {
	return func(c *op.Call, in dueKeyInput) (dueKey, error) {
		n, err := target.ParseName(c, in.KeyId, false)
		if err != nil {
			return dueKey{}, err
		}
		k, err := s.rows.Load(c, n.Ref)
		if domain.IsNoRow(err) {
			return dueKey{n, nil, action}, nil
		}
		return dueKey{n, k, action}, err
	}
}
