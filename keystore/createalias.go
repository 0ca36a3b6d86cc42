package keystore

import (
	"errors"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/keystore/target"
	"claviger/store"
)

// AliasInput is the request of CreateAlias and of UpdateAlias.
type AliasInput struct {
	AliasName   string `shape:"AliasNameType,required"`
	TargetKeyId string `shape:"KeyIdType,required"`
}

// Validate checks what the shapes don't: see [checkAlias].
func (in AliasInput) Validate() error {
	if err := checkAlias(in.AliasName); err != nil {
		return err
	}
	return checkAliasTarget(in.TargetKeyId)
}

// findCreateAlias leaves out the key that has the name already: nothing is taken from it, so AWS
// asks for no permission on it. That the name is taken is found out by the insertion.
func (s *Keys) findCreateAlias(c *op.Call, in AliasInput) (*aliasTarget, error) {
	m, err := s.findAliasAndTarget(c, "CreateAlias", in)
	if err != nil {
		return m, err
	}
	m.old = nil
	return m, nil
}

// createAlias learns from the insertion whether the name is taken, not before it: two requests at
// once would both find it free.
func (s *Keys) createAlias(c *op.Call, _ AliasInput, m *aliasTarget) (op.Commit[op.None], error) {
	now := c.Time.Truncate(time.Millisecond)
	insert, err := s.rows.InsertAlias(c,
		&keyrows.Alias{AliasRef: m.ref, Rev: 1, KeyID: m.to.Key.ID, Created: now, Updated: now})
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) (op.None, error) {
		switch err := insert(tx); {
		case errors.Is(err, store.Exists): // before the quota: SDKs try again when a limit is exceeded
			return op.None{}, fault.Newf(fault.Exists, "AlreadyExistsException",
				"An alias with the name %s already exists", m.ref.ARN())
		case err != nil:
			return op.None{}, err
		}
		return op.None{}, s.checkAliases(tx, m.to.Key)
	}, nil
}

// checkAliases refuses an alias beyond the quota of its key. It counts when the alias is there, in
// the same transaction: two requests at once can't both be the last one. Its error rolls back.
func (s *Keys) checkAliases(tx *store.Tx, k *key.Key) error {
	n, err := s.rows.CountAliases(tx, k)
	if err != nil {
		return err
	}
	if n > target.MostAliases {
		return fault.Newf(fault.Limit, "LimitExceededException", "A key has at most %d aliases.",
			target.MostAliases)
	}
	return nil
}
