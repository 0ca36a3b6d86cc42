package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/target"
	"claviger/policy"
)

// dueInput names a key that a job is about.
type dueInput struct {
	KeyId string `shape:"KeyIdType,required"`
	op.ByShape
}

// due is a key whose time may have come, or that is gone already: a job finds out.
type due struct {
	named  target.Named
	key    *key.Key // nil if it is gone
	action string
}

func (d due) Demands() []policy.Demand {
	return []policy.Demand{{Action: "kms:" + d.action, Resource: policy.Resource{ARN: d.named.ARN()}}}
}
func (due) Missing() error { return nil }
func (due) Ready() error   { return nil }

// findDue returns what finds the key of a job: its row and not what is cached, since jobs do what
// can't be taken back.
func (s *Keys) findDue(action string) func(*op.Call, dueInput) (due, error) {
	return func(c *op.Call, in dueInput) (due, error) {
		n, err := target.ParseName(c, in.KeyId, false)
		if err != nil {
			return due{}, err
		}
		k, err := s.rows.Load(c, n.Ref)
		if domain.IsNoRow(err) {
			return due{n, nil, action}, nil
		}
		return due{n, k, action}, err
	}
}
