package secrets

import (
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/policy"
	"claviger/secrets/model"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/store"
)

// GetSecretValueInput names a version of a secret by its id, by a label, or by both if they agree.
// Without either it means AWSCURRENT.
type GetSecretValueInput struct {
	SecretId     string  `shape:"SecretIdType,required"`
	VersionId    *string `shape:"SecretVersionIdType"`
	VersionStage *string `shape:"SecretVersionStageType"`
	op.ByShape
}

func (in GetSecretValueInput) SecretID() string { return in.SecretId }

// Conditions implements [domain.Conditional]. Who names no version asks for the current one.
func (in GetSecretValueInput) Conditions(v policy.Values) {
	domain.SetText(v, model.VersionID, in.VersionId)
	domain.SetText(v, model.VersionStage, in.VersionStage)
	if in.VersionId == nil && in.VersionStage == nil {
		v[model.VersionStage] = []string{secret.Current}
	}
}

// GetSecretValueOutput is the value in the member in which it was given, text
// or up to 65,536 bytes.
type GetSecretValueOutput struct {
	ARN           string
	Name          string
	VersionId     string
	SecretBinary  []byte    `json:",omitempty"`
	SecretString  *string   `json:",omitzero"`
	VersionStages []string  `json:",omitempty"` // in order; absent for a deprecated version
	CreatedDate   wire.Time // of the version
}

// valueDependsOn is what the answer is made of but the value, which belongs to its version for
// good.
// What else changes of the secret, as a rotation does at each of its steps, wakes nobody who waits
// for the value. An id may be another version's once its own was removed: then it is of another
// time.
func (s *Secrets) valueDependsOn(c *op.Call, in GetSecretValueInput,
	e *secretrows.Entry) []string {
	id, err := s.versions.ID(c, e.Secret, in.VersionId, in.VersionStage)
	if err != nil {
		return nil
	}
	v := e.Current
	if v == nil || v.ID != id {
		if v, err = s.rows.Facts(c, e.Secret, id); err != nil {
			return nil
		}
	}
	parts := []string{e.ARN(), v.ID, strconv.FormatInt(store.Micros(v.Created), 10)}
	return append(parts, e.Stages.Of(v.ID)...)
}

// getSecretValue opens one version: one call of the token. The plaintext of a string is wiped here;
// the string itself lives until the answer is written.
func (s *Secrets) getSecretValue(c *op.Call, in GetSecretValueInput,
	e *secretrows.Entry) (out GetSecretValueOutput, err error) {
	e, v, err := s.versions.Asked(c, e, in.VersionId, in.VersionStage)
	if err != nil {
		return out, err
	}
	plain, err := s.sealer.Unseal(c, e.Secret, v)
	if err != nil {
		return out, err
	}
	s.rows.NoteRead(c.Time, e, v)
	out = GetSecretValueOutput{ARN: e.ARN(), Name: e.Name, VersionId: v.ID,
		VersionStages: e.Stages.Of(v.ID), CreatedDate: wire.Time{Time: v.Created}}
	if v.Binary {
		out.SecretBinary = plain
		return out, nil
	}
	text := string(plain)
	clear(plain)
	out.SecretString = &text
	return out, nil
}
