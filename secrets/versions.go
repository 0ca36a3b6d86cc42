package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"context"
)

// Versions are those of secrets, with their values.
type Versions struct {
	rows   *Rows
	sealer *Sealer
}

// newVersions returns the versions in rows.
func newVersions(rows *Rows, sealer *Sealer) *Versions { return &Versions{rows, sealer} }

// addVersion seals v as a version of the secret as it shall be and puts labels on it. If the token
// has made this very version before, it changes nothing and says so.
func (s *Versions) addVersion(c *op.Call, ch *change, token string, v *value,
	labels ...string) (before bool, err error) {
	sec := ch.secret
	if before, err = s.madeBefore(c, sec, token, v); before || err != nil {
		return before, err
	}
	if sec.stages, err = sec.stages.attach(token, labels...); err != nil {
		return false, err
	}
	made, err := s.sealer.seal(c, sec, token, v)
	if err != nil {
		return false, err
	}
	ch.added = []*version{made}
	ch.removed, err = s.rows.outdated(sec, made.created)
	return false, err
}

// madeBefore reports whether a ClientRequestToken has made a version already. The token with
// another value than v is an error. To compare, the stored value is opened as the caller, who needs
// kms:Decrypt for it.
func (s *Versions) madeBefore(c *op.Call, sec *Secret, token string, v *value) (bool, error) {
	ver, err := s.rows.loadVersion(c, sec, token, anySize)
	if domain.IsNoRow(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	same, err := s.sealer.holds(c, sec, ver, v)
	if err != nil {
		return false, err
	}
	if !same {
		return false, errTokenUsed(token, sec.ARN())
	}
	return true, nil
}

// versionAsked returns the version that is asked for, and the secret as it was when it had that
// version: the one that was found may be of a moment ago.
func (s *Versions) versionAsked(ctx context.Context, e *entry,
	in GetSecretValueInput) (*entry, *version, error) {
	id, err := s.versionID(ctx, e.Secret, in.VersionId, in.VersionStage)
	if err != nil {
		return nil, nil, err
	}
	if e.current != nil && e.current.id == id {
		return e, e.current, nil
	}
	v, err := s.rows.loadVersion(ctx, e.Secret, id, anySize)
	if !domain.IsNoRow(err) {
		return e, v, err
	}
	if !e.stages.labelled(id) {
		return nil, nil, errNoVersion(id)
	}
	if err := s.versionGone(ctx, e.Secret, id); err != nil {
		return nil, nil, err
	}
	fresh, err := s.rows.loadEntry(ctx, e.ref())
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
func (s *Versions) versionID(ctx context.Context, sec *Secret, id, label *string) (string, error) {
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
	_, err := s.rows.versionFacts(ctx, sec, *id)
	switch {
	case domain.IsNoRow(err):
		return "", s.noVersion(ctx, sec, *id)
	case err != nil:
		return "", err
	}
	return "", errUnmatched
}

// noVersion says that a version is absent, or lost if a label is attached to it.
func (s *Versions) noVersion(ctx context.Context, sec *Secret, id string) error {
	if sec.stages.labelled(id) {
		if err := s.versionGone(ctx, sec, id); err != nil {
			return err
		}
	}
	return errNoVersion(id)
}

// versionGone says why a labelled version of sec has no row. If the secret has only changed since
// it was read, it is nil. Otherwise the secret is gone, or somebody has been at the database.
func (s *Versions) versionGone(ctx context.Context, sec *Secret, id string) error {
	fresh, err := s.rows.loadSecret(ctx, sec.ref())
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
