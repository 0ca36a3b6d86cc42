package imports

import (
	"errors"
	"strings"

	"claviger/internal/custody"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/model"
	"claviger/store"
)

// The number of failures is the only column that changes. It has no revision: each statement keeps
// it within its bounds by itself, however many requests come at once.
var (
	qCountAttempt = store.SQL(`UPDATE kms_import_pairs SET failures = failures + 1
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4 AND failures < $5`)
	qTakeBackAttempt = store.SQL(`UPDATE kms_import_pairs SET failures = failures - 1
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4 AND failures > 0`)
)

// Unwrap has the device unwrap material for a key that came under a pair. What the pair can't
// unwrap is [custody.ErrForged], what is not material for the key [custody.ErrUnfit].
//
// The attempt is counted before it is made, or requests at the same time would get more of them
// than there are. It is taken back if the pair did not fail. Both are operations of the service's
// own with a commit and a record each, named CountImportAttempt and TakeBackImportAttempt. AWS has
// no events of these names, on purpose: who counts ImportKeyMaterial in the trail counts requests.
// An attempt that is counted and not taken back is one ciphertext that the pair could not unwrap,
// or one whose outcome was lost with the process.
func (s *Pairs) Unwrap(c *op.Call, p *Pair, k *key.Key, wrapped []byte) (custody.Material, error) {
	_, err := op.AsService(c, model.KMS.Name, p.Key.Account, s.countAttempt, inputOf(p))
	if err != nil {
		return custody.Material{}, err
	}
	m, err := s.device.Import(c, custody.Import{
		Pair: p.Material, Algorithm: custody.Algorithm(p.Algorithm), Wrapped: wrapped,
		Kind: k.Purpose().Kind, ID: key.NewMaterialID(), Known: k.KnownMaterials(),
	})
	if errors.Is(err, custody.ErrForged) {
		return custody.Material{}, err
	}
	_, lost := op.AsService(c, model.KMS.Name, p.Key.Account, s.takeBackAttempt, inputOf(p))
	if err != nil {
		return custody.Material{}, err
	}
	return m, lost
}

// planCountAttempt refuses a pair that has failed too often, and one that is gone, as expired.
func (s *Pairs) planCountAttempt(_ *op.Call, _ pairInput,
	t pairTarget) (op.Commit[op.None], error) {
	return op.Apply(func(tx *store.Tx) error {
		err := tx.Change(qCountAttempt, t.args(MaxFailures)...)
		if errors.Is(err, store.Stale) {
			return errExpiredToken
		}
		return err
	}, op.None{}), nil
}

// planTakeBackAttempt changes nothing if the pair is gone by then.
func (s *Pairs) planTakeBackAttempt(_ *op.Call, _ pairInput,
	t pairTarget) (op.Commit[op.None], error) {
	return op.Apply(func(tx *store.Tx) error {
		_, err := tx.Exec(qTakeBackAttempt, t.args()...)
		return err
	}, op.None{}), nil
}

// UnwrapPath says how far an imported key stays on the device on its way in.
func (p *Pair) UnwrapPath() string {
	switch {
	case strings.HasSuffix(string(p.Material.Kind), " UNWRAP"):
		return "token"
	case strings.HasPrefix(p.Algorithm, "RSA_AES_"):
		return "wrapping key in the service's memory"
	}
	return "key material in the service's memory"
}
