package secrets

import (
	"context"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/policy"
	"claviger/secrets/model"
)

// GetSecretValueInput names a version of a secret by its id, by a label, or by both if they agree.
// Without either it means AWSCURRENT.
type GetSecretValueInput struct {
	SecretId     string  `shape:"SecretIdType,required"`
	VersionId    *string `shape:"SecretVersionIdType"`
	VersionStage *string `shape:"SecretVersionStageType"`
	op.ByShape
}

func (in GetSecretValueInput) secretID() string { return in.SecretId }

// Conditions implements [domain.Conditional]. Who names no version asks for the current one.
func (in GetSecretValueInput) Conditions(v policy.Values) {
	domain.SetText(v, model.VersionID, in.VersionId)
	domain.SetText(v, model.VersionStage, in.VersionStage)
	if in.VersionId == nil && in.VersionStage == nil {
		v[model.VersionStage] = []string{current}
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

// getSecretValue opens one version: one call of the token. The plaintext of a string is wiped here;
// the string itself lives until the answer is written.
func (s *Secrets) getSecretValue(c *op.Call, in GetSecretValueInput,
	e *entry) (out GetSecretValueOutput, err error) {
	e, v, err := s.versionAsked(c, e, in)
	if err != nil {
		return out, err
	}
	plain, err := s.unseal(c, e.Secret, v)
	if err != nil {
		return out, err
	}
	s.noteRead(c.Time, e, v)
	out = GetSecretValueOutput{ARN: e.ARN(), Name: e.Name, VersionId: v.id,
		VersionStages: e.stages.of(v.id), CreatedDate: wire.Time{Time: v.created}}
	if v.binary {
		out.SecretBinary = plain
		return out, nil
	}
	text := string(plain)
	clear(plain)
	out.SecretString = &text
	return out, nil
}

// versionAsked returns the version that is asked for, and the secret as it was when it had that
// version: the one that was found may be of a moment ago.
func (s *Secrets) versionAsked(ctx context.Context, e *entry,
	in GetSecretValueInput) (*entry, *version, error) {
	id, err := s.versionID(ctx, e.Secret, in.VersionId, in.VersionStage)
	if err != nil {
		return nil, nil, err
	}
	if e.current != nil && e.current.id == id {
		return e, e.current, nil
	}
	v, err := s.loadVersion(ctx, e.Secret, id, anySize)
	if !domain.IsNoRow(err) {
		return e, v, err
	}
	if !e.stages.labelled(id) {
		return nil, nil, errNoVersion(id)
	}
	if err := s.versionGone(ctx, e.Secret, id); err != nil {
		return nil, nil, err
	}
	fresh, err := s.loadEntry(ctx, e.ref())
	if domain.IsNoRow(err) {
		return nil, nil, errNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	return s.versionAsked(ctx, fresh, in)
}

// versionID returns the id of the version that id and label name. A version that is named by its id
// alone may be absent.
func (s *Secrets) versionID(ctx context.Context, sec *Secret, id, label *string) (string, error) {
	stage := domain.Or(label, current)
	attached := sec.stages[stage]
	switch {
	case id == nil && attached == "":
		return "", errNoStage(stage)
	case id == nil:
		return attached, nil
	case label == nil, attached == *id:
		return *id, nil
	}
	_, err := s.versionFacts(ctx, sec, *id)
	switch {
	case domain.IsNoRow(err):
		return "", s.noVersion(ctx, sec, *id)
	case err != nil:
		return "", err
	}
	return "", errUnmatched
}

// noVersion says that a version is absent, or lost if a label is attached to it.
func (s *Secrets) noVersion(ctx context.Context, sec *Secret, id string) error {
	if sec.stages.labelled(id) {
		if err := s.versionGone(ctx, sec, id); err != nil {
			return err
		}
	}
	return errNoVersion(id)
}

// versionGone says why a labelled version of sec has no row. If the secret has only changed since
// it was read, it is nil. Otherwise the secret is gone, or somebody has been at the database.
func (s *Secrets) versionGone(ctx context.Context, sec *Secret, id string) error {
	fresh, err := s.loadSecret(ctx, sec.ref())
	switch {
	case domain.IsNoRow(err), err == nil && fresh.Suffix != sec.Suffix:
		return errNotFound
	case err != nil:
		return err
	case fresh.Rev == sec.Rev:
		return errVersionRemoved(sec.ARN(), id)
	case fresh.scheduledForDeletion():
		return errScheduled
	}
	return nil
}

// noteRead remembers the day of a read, once a day for each version. AWS tells no more than the
// day, so that a read costs no write of its own.
func (s *Secrets) noteRead(at time.Time, e *entry, v *version) {
	day := at.Truncate(24 * time.Hour).UnixMicro()
	switch {
	case v == e.current && e.noted.Load() >= day, v.accessed >= day:
		return
	case v == e.current:
		e.noted.Store(day)
	}
	s.noteAccess(e.Secret, v.id, day)
}
