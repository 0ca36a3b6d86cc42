package secrets

import (
	"claviger/internal/op"
	"claviger/internal/secretvalue"
)

// SecretValue implements [secretvalue.Reader].
func (s *Secrets) SecretValue(c *op.Call, service string,
	asked secretvalue.Asked) (secretvalue.Secret, error) {
	in := GetSecretValueInput{SecretId: asked.Name}
	if asked.VersionID != "" {
		in.VersionId = &asked.VersionID
	}
	if asked.Stage != "" {
		in.VersionStage = &asked.Stage
	}
	v, err := op.Ask(c, service, s.getValue, in)
	return secretvalue.Secret{ARN: v.ARN, Name: v.Name, VersionID: v.VersionId, Text: v.SecretString,
		Binary: v.SecretBinary, Stages: v.VersionStages, Created: v.CreatedDate.Time}, err
}
