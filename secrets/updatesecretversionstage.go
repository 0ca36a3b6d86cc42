package secrets

import "claviger/internal/op"

// UpdateSecretVersionStageInput is UpdateSecretVersionStageRequest of AWS. What may be left out is decided by where
// the label stands; see stages.move.
type UpdateSecretVersionStageInput struct {
	SecretId            string  `shape:"SecretIdType,required"`
	VersionStage        string  `shape:"SecretVersionStageType,required"`
	RemoveFromVersionId *string `shape:"SecretVersionIdType"` // where the label stands, if it stands anywhere
	MoveToVersionId     *string `shape:"SecretVersionIdType"` // absent: the label goes away
	op.ByShape
}

func (in UpdateSecretVersionStageInput) secretID() string { return in.SecretId }

// updateSecretVersionStage moves a label within the secret's row: no version's row changes.
func (s *Secrets) updateSecretVersionStage(c *op.Call, in UpdateSecretVersionStageInput, sec *Secret) (*change, SecretOutput, error) {
	if to := in.MoveToVersionId; to != nil {
		if _, err := s.versionFacts(c, sec, *to); isNoRow(err) {
			return nil, SecretOutput{}, errNoVersion(*to)
		} else if err != nil {
			return nil, SecretOutput{}, err
		}
	}
	moved, err := sec.stages.move(in.VersionStage, or(in.RemoveFromVersionId, ""), or(in.MoveToVersionId, ""))
	if err != nil {
		return nil, SecretOutput{}, err
	}
	return &change{secret: sec.changed(c, func(n *Secret) { n.stages = moved })}, outputOf(sec), nil
}
