package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/model"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// UpdateSecretVersionStageInput moves a label. What may be left out is decided by where the label
// is attached; see [secret.Stages.Move].
type UpdateSecretVersionStageInput struct {
	SecretId            string  `shape:"SecretIdType,required"`
	VersionStage        string  `shape:"SecretVersionStageType,required"`
	RemoveFromVersionId *string `shape:"SecretVersionIdType"` // where the label is, if anywhere
	MoveToVersionId     *string `shape:"SecretVersionIdType"` // absent: the label goes away
	op.ByShape
}

func (in UpdateSecretVersionStageInput) SecretID() string { return in.SecretId }

// Conditions implements [domain.Conditional].
func (in UpdateSecretVersionStageInput) Conditions(v policy.Values) {
	domain.SetText(v, model.VersionStage, &in.VersionStage)
}

// updateSecretVersionStage moves a label within the secret's row: no version's row changes.
func (s *Secrets) updateSecretVersionStage(c *op.Call, in UpdateSecretVersionStageInput,
	sec *secret.Secret) (*secretrows.Change, target.Output, error) {
	from, to := domain.Or(in.RemoveFromVersionId, ""), domain.Or(in.MoveToVersionId, "")
	if in.MoveToVersionId != nil {
		_, err := s.rows.Facts(c, sec, to)
		switch {
		case domain.IsNoRow(err):
			return nil, target.Output{}, s.versions.None(c, sec, to)
		case err != nil:
			return nil, target.Output{}, err
		}
	}
	next := sec.Next(c, func(*secret.Secret) {})
	abandoned, err := next.MoveLabel(in.VersionStage, from, to)
	if err != nil {
		return nil, target.Output{}, err
	}
	ch := &secretrows.Change{Secret: next}
	ch.Abandon(c, abandoned)
	return ch, target.OutputOf(sec), nil
}
