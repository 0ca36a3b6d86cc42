package secrets

import (
	"time"

	"claviger/internal/op"
	"claviger/internal/wire"
)

// GetSecretValueInput is GetSecretValueRequest of AWS. Without a version or label it means AWSCURRENT.
type GetSecretValueInput struct {
	SecretId     string  `shape:"SecretIdType,required"`
	VersionId    *string `shape:"SecretVersionIdType"`
	VersionStage *string `shape:"SecretVersionStageType"` // with VersionId: must stand on that version
	op.ByShape
}

func (in GetSecretValueInput) secretID() string { return in.SecretId }

// GetSecretValueOutput is GetSecretValueResponse of AWS: the value in the member in which it was given, text or up to
// 65,536 bytes.
type GetSecretValueOutput struct {
	ARN           string
	Name          string
	VersionId     string
	SecretBinary  []byte    `json:",omitempty"`
	SecretString  *string   `json:",omitzero"`
	VersionStages []string  `json:",omitempty"` // in order; absent for a deprecated version
	CreatedDate   wire.Time // of the version
}

// wholeValue is a limit in bytes that every sealed value keeps: the value's own and what sealing adds.
const wholeValue = 1 << 20

// getSecretValue opens one version: one call of the token. The plaintext of a string is wiped here; the string itself
// lives until the answer is written.
func (s *Secrets) getSecretValue(c *op.Call, in GetSecretValueInput, l *line) (out GetSecretValueOutput, err error) {
	l, v, err := s.pick(c, l, in.VersionId, in.VersionStage)
	if err != nil {
		return out, err
	}
	plain, err := s.open(c, l.Secret, v)
	if err != nil {
		return out, err
	}
	s.accessed(c, l, v)
	out = GetSecretValueOutput{ARN: l.ARN(), Name: l.Name, VersionId: v.id, VersionStages: l.stages.of(v.id), CreatedDate: wire.Time{Time: v.created}}
	if v.binary {
		out.SecretBinary = plain
		return out, nil
	}
	text := string(plain)
	clear(plain)
	out.SecretString = &text
	return out, nil
}

// pick returns the version that is asked for, by its id, by a label, or by both if they agree; without either, the
// current one.
func (s *Secrets) pick(c *op.Call, l *line, id, label *string) (*line, *version, error) {
	wanted := l.stages[or(label, current)]
	switch {
	case id != nil && label != nil && wanted != *id:
		if _, err := s.versionFacts(c, l.Secret, *id); isNoRow(err) {
			return l, nil, errNoVersion(*id)
		}
		return l, nil, errUnmatched
	case id != nil:
		wanted = *id
	case wanted == "":
		return l, nil, errNoLabel(or(label, current))
	}
	if l.value != nil && l.value.id == wanted {
		return l, l.value, nil
	}
	v, err := s.loadVersion(c, l.Secret, wanted, wholeValue)
	if !isNoRow(err) {
		return l, v, err
	}
	if !l.stages.labelled(wanted) {
		return l, nil, errNoVersion(wanted)
	}
	if err := s.lost(c, l.Secret, wanted); err != nil {
		return l, nil, err
	}
	fresh, err := s.loadLine(c, l.ref())
	if isNoRow(err) {
		err = errAbsent
	}
	if err != nil {
		return l, nil, err
	}
	return s.pick(c, fresh, id, label)
}

// lost says why a labelled version of sec has no row. If the secret has only changed since it was read, it is nil;
// otherwise the secret is gone, or somebody has been at the database.
func (s *Secrets) lost(c *op.Call, sec *Secret, id string) error {
	fresh, err := s.loadSecret(c, sec.ref())
	switch {
	case isNoRow(err), err == nil && fresh.Suffix != sec.Suffix:
		return errAbsent
	case err != nil:
		return err
	case fresh.Rev != sec.Rev && fresh.Deletes.IsZero():
		return nil
	case fresh.Rev != sec.Rev:
		return errMarked
	}
	return errLost(sec.ARN(), id)
}

// accessed remembers the day of a read, once a day for each version: AWS tells no more than the day, so that a read
// costs no write of its own.
func (s *Secrets) accessed(c *op.Call, l *line, v *version) {
	day := c.Time.Truncate(24 * time.Hour).UnixMicro()
	switch {
	case v == l.value && l.noted.Load() >= day, v.accessed >= day:
		return
	case v == l.value:
		l.noted.Store(day)
	}
	s.noteAccess(l.Secret, v.id, day)
}

// DescribeSecretOutput is DescribeSecretResponse of AWS, without the members of what this service doesn't do.
type DescribeSecretOutput struct {
	ARN                string
	Name               string
	Description        string              `json:",omitzero"`
	KmsKeyId           string              `json:",omitzero"`
	LastChangedDate    wire.Time           // of anything about the secret
	LastAccessedDate   *wire.Time          `json:",omitzero"` // a day
	DeletedDate        *wire.Time          `json:",omitzero"` // the end of the recovery window
	Tags               []Tag               `json:",omitempty"`
	VersionIdsToStages map[string][]string `json:",omitempty"`
	CreatedDate        wire.Time
}

// describeSecret answers from the cache, but for the day of the last access: that is not worth dropping a line for.
func (s *Secrets) describeSecret(_ *op.Call, _ SecretInput, l *line) (DescribeSecretOutput, error) {
	accessed, err := s.accessedOn(l.Secret)
	return DescribeSecretOutput{ARN: l.ARN(), Name: l.Name, Description: l.Description, KmsKeyId: l.KeyID,
		LastChangedDate: wire.Time{Time: l.Changed}, LastAccessedDate: wire.At(accessed), DeletedDate: wire.At(l.Deletes),
		Tags: l.Tags, VersionIdsToStages: l.versionsToStages(), CreatedDate: wire.Time{Time: l.Created}}, err
}
