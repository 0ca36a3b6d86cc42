package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/model"
)

// UpdateSecretVersionStageInput moves a label. What may be left out is decided by where the label
// is attached; see stages.move.
type UpdateSecretVersionStageInput struct {
	SecretId            string  `shape:"SecretIdType,required"`
	VersionStage        string  `shape:"SecretVersionStageType,required"`
	RemoveFromVersionId *string `shape:"SecretVersionIdType"` // where the label is, if anywhere
	MoveToVersionId     *string `shape:"SecretVersionIdType"` // absent: the label goes away
	op.ByShape
}

func (in UpdateSecretVersionStageInput) secretID() string { return in.SecretId }

// Conditions implements [domain.Conditional].
func (in UpdateSecretVersionStageInput) Conditions(v policy.Values) {
	domain.SetText(v, model.VersionStage, &in.VersionStage)
}

// updateSecretVersionStage moves a label within the secret's row: no version's row changes.
func (s *Secrets) updateSecretVersionStage(c *op.Call, in UpdateSecretVersionStageInput,
	sec *Secret) (*change, SecretOutput, error) {
	from, to := domain.Or(in.RemoveFromVersionId, ""), domain.Or(in.MoveToVersionId, "")
	if in.MoveToVersionId != nil {
		_, err := s.rows.versionFacts(c, sec, to)
		switch {
		case domain.IsNoRow(err):
			return nil, SecretOutput{}, s.versions.noVersion(c, sec, to)
		case err != nil:
			return nil, SecretOutput{}, err
		}
	}
	moved, err := sec.stages.move(in.VersionStage, from, to)
	if err != nil {
		return nil, SecretOutput{}, err
	}
	ch := &change{secret: sec.changed(c, func(n *Secret) { n.stages = moved })}
	return ch, outputOf(sec), nil
}
