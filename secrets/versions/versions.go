// Package versions finds the version of a secret that is asked for, and makes new ones.
package versions

import (
	"context"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/sealing"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
)

// Versions are those of secrets, with their values.
type Versions struct {
	rows   *secretrows.Rows
	sealer *sealing.Sealer
}

// New returns the versions in rows.
func New(rows *secretrows.Rows, sealer *sealing.Sealer) *Versions {
	return &Versions{rows, sealer}
}

// Add seals v as a version of the secret as it shall be and puts labels on it. If the token
// has made this very version before, it changes nothing and says so.
func (s *Versions) Add(c *op.Call, ch *secretrows.Change, token string, v *secret.Value,
	labels ...string) (before bool, err error) {
	sec := ch.Secret
	if before, err = s.MadeBefore(c, sec, token, v); before || err != nil {
		return before, err
	}
	abandoned, err := sec.AttachLabels(token, secret.Now(c), labels...)
	if err != nil {
		return false, err
	}
	ch.Abandon(c, abandoned)
	made, err := s.sealer.Seal(c, sec, token, v)
	if err != nil {
		return false, err
	}
	ch.Added = []*secret.Version{made}
	old, err := s.rows.Outdated(c, sec)
	for _, id := range old {
		c.Event(sec.VersionEvent(secret.VersionDeletion, id))
	}
	ch.Removed = append(ch.Removed, old...)
	return false, err
}

// MadeBefore reports whether a ClientRequestToken has made a version already. The token with
// another value than v is an error. To compare, the stored value is opened as the caller, who needs
// kms:Decrypt for it.
func (s *Versions) MadeBefore(c *op.Call, sec *secret.Secret, token string,
	v *secret.Value) (bool, error) {
	ver, err := s.rows.Version(c, sec, token, secretrows.AnySize)
	if domain.IsNoRow(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	same, err := s.sealer.Holds(c, sec, ver, v)
	if err != nil {
		return false, err
	}
	if !same {
		return false, smfault.TokenUsed(token, sec.ARN())
	}
	return true, nil
}

// Asked returns the version that is asked for, and the secret as it was when it had that
// version: the one that was found may be of a moment ago.
func (s *Versions) Asked(ctx context.Context, e *secretrows.Entry,
	id, label *string) (*secretrows.Entry, *secret.Version, error) {
	is, err := s.ID(ctx, e.Secret, id, label)
	if err != nil {
		return nil, nil, err
	}
	if e.Current != nil && e.Current.ID == is {
		return e, e.Current, nil
	}
	v, err := s.rows.Version(ctx, e.Secret, is, secretrows.AnySize)
	if !domain.IsNoRow(err) {
		return e, v, err
	}
	if !e.Stages.Labelled(is) {
		return nil, nil, smfault.NoVersion(is)
	}
	if err := s.Gone(ctx, e.Secret, is); err != nil {
		return nil, nil, err
	}
	fresh, err := s.rows.Entry(ctx, e.Ref())
	if domain.IsNoRow(err) {
		return nil, nil, smfault.NotFound
	}
	if err != nil {
		return nil, nil, err
	}
	return s.Asked(ctx, fresh, id, label)
}

// ID returns the id of the version that id and label name. A version that is named by its id
// alone may be absent.
func (s *Versions) ID(ctx context.Context, sec *secret.Secret, id, label *string) (string, error) {
	stage := domain.Or(label, secret.Current)
	attached := sec.Stages[stage]
	switch {
	case id == nil && attached == "":
		return "", smfault.NoStage(stage)
	case id == nil && attached == sec.Rotation.Empty:
		return "", smfault.NoStage(stage)
	case id == nil:
		return attached, nil
	case *id == sec.Rotation.Empty:
		return "", smfault.NoVersion(*id)
	case label == nil, attached == *id:
		return *id, nil
	}
	_, err := s.rows.Facts(ctx, sec, *id)
	switch {
	case domain.IsNoRow(err):
		return "", s.None(ctx, sec, *id)
	case err != nil:
		return "", err
	}
	return "", smfault.Unmatched
}

// None says that a version is absent, or lost if a label is attached to it.
func (s *Versions) None(ctx context.Context, sec *secret.Secret, id string) error {
	if sec.Stages.Labelled(id) && id != sec.Rotation.Empty {
		if err := s.Gone(ctx, sec, id); err != nil {
			return err
		}
	}
	return smfault.NoVersion(id)
}

// Gone says why a labelled version of sec has no row. If the secret has only changed since
// it was read, it is nil. Otherwise the secret is gone, or somebody has been at the database.
func (s *Versions) Gone(ctx context.Context, sec *secret.Secret, id string) error {
	fresh, err := s.rows.Secret(ctx, sec.Ref())
	switch {
	case domain.IsNoRow(err), err == nil && fresh.Suffix != sec.Suffix:
		return smfault.NotFound
	case err != nil:
		return err
	case fresh.Rev == sec.Rev:
		return smfault.VersionRemoved(sec.ARN(), id)
	case fresh.ScheduledForDeletion():
		return smfault.MarkedForDeletion
	}
	return nil
}
