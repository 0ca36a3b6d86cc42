package secrets

import (
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// DescribeSecretOutput leaves out the members for what this service doesn't do: rotation,
// replication and other services' secrets.
type DescribeSecretOutput struct {
	ARN                string
	Name               string
	Description        string              `json:",omitzero"`
	KmsKeyId           string              `json:",omitzero"` // absent for the AWS managed key
	LastChangedDate    wire.Time           // of anything about the secret
	LastAccessedDate   *wire.Time          `json:",omitzero"` // a day
	DeletedDate        *wire.Time          `json:",omitzero"` // the end of the recovery window
	Tags               []secret.Tag        `json:",omitzero"` // empty after the last one went
	VersionIdsToStages map[string][]string `json:",omitempty"`
	CreatedDate        wire.Time
}

// describeSecret answers from the cache, but for the day of the last access: that is not worth
// dropping an entry for.
func (s *Secrets) describeSecret(_ *op.Call, _ target.Input,
	e *secretrows.Entry) (DescribeSecretOutput, error) {
	accessed, err := s.rows.AccessedOn(e.Secret)
	if err != nil {
		return DescribeSecretOutput{}, err
	}
	return DescribeSecretOutput{ARN: e.ARN(), Name: e.Name, Description: e.Description,
		KmsKeyId: e.KeyID, LastChangedDate: wire.Time{Time: e.Changed},
		LastAccessedDate: wire.At(accessed), DeletedDate: wire.At(e.DeletionDate), Tags: e.ShownTags(),
		VersionIdsToStages: e.VersionsToStages(), CreatedDate: wire.Time{Time: e.Created}}, nil
}
