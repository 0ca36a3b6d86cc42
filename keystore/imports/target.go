package imports

import (
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/model"
	"claviger/policy"
	"claviger/store"
)

// DeletePairJob is the kind of the job that deletes a pair when its time is over; see
// [Pairs.Delete].
const DeletePairJob = "kms:DeleteImportPair"

// command makes an operation on a pair that only the service itself performs.
func command(name string, plan func(*op.Call, pairInput, pairTarget) (op.Commit[op.None],
	error)) op.Command[pairInput, op.None] {
	return op.Write(domain.Routes{Service: model.KMS}.Internal(name),
		func(c *op.Call, in pairInput) (pairTarget, error) { return find(c, name, in), nil }, plan)
}

// pairInput names a pair of a key in the account and Region of the call.
type pairInput struct {
	KeyId  string `shape:"KeyIdType,required"`
	PairId string `shape:"PairId,required"`
	op.ByShape
}

func inputOf(p *Pair) pairInput { return pairInput{KeyId: p.Key.ID, PairId: p.Material.ID} }

// pairTarget is a pair by its name. Whether it is there is for the operation to find out: a pair
// may be deleted at any moment.
type pairTarget struct {
	key    key.Ref
	pairID string
	action string
	op.There
}

// Demands implements [op.Target].
func (t pairTarget) Demands() []policy.Demand {
	return []policy.Demand{domain.On("kms:"+t.action, t.key.ARN(), t.key.Account)}
}

// args are what queries name the pair by.
func (t pairTarget) args(more ...any) []any {
	return append([]any{t.key.Account, t.key.Region, t.key.ID, t.pairID}, more...)
}

func find(c *op.Call, action string, in pairInput) pairTarget {
	account, region := c.Namespace()
	k := key.Ref{Account: account, Region: region, ID: in.KeyId}
	return pairTarget{key: k, pairID: in.PairId, action: action}
}

// Subject names a part of a key in a job: one of its pairs, or of its materials. No id has a slash.
func Subject(keyID, partID string) string { return keyID + "/" + partID }

// ParseSubject returns what [Subject] was made of.
func ParseSubject(subject string) (keyID, partID string) {
	keyID, partID, _ = strings.Cut(subject, "/")
	return keyID, partID
}

// Delete removes a pair whose time is over. It is the work of a [DeletePairJob].
func (s *Pairs) Delete(c *op.Call, subject string) error {
	keyID, pairID := ParseSubject(subject)
	_, err := op.AsService(c, model.KMS.Name, c.Caller.Account, s.deletePair,
		pairInput{KeyId: keyID, PairId: pairID})
	return err
}

// planDelete leaves a pair alone whose time has not come, because the clock was set back: the job
// must stay then.
func (s *Pairs) planDelete(c *op.Call, _ pairInput, t pairTarget) (op.Commit[op.None], error) {
	p, err := s.load(c, t.key, t.pairID)
	switch {
	case domain.IsNoRow(err):
		return op.Unchanged(op.None{}), nil
	case err != nil:
		return nil, err
	case !c.Settled().Reached(p.Expires):
		return nil, kmsfault.TooEarly(t.key.ARN() + " has an import in preparation")
	}
	return op.Apply(func(tx *store.Tx) error {
		tx.After(func() { s.device.Forget(t.pairID) })
		_, err := tx.Exec(qDeletePair, t.args()...)
		return err
	}, op.None{}), nil
}
