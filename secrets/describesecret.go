package secrets

import (
	"strconv"

	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
	"claviger/store"
)

// Described is what is shown of a secret, alone and in a listing. What the secret never had is
// absent: of rotation, until it is turned on for the first time, and of copies.
type Described struct {
	ARN           string
	Name          string
	Type          string `json:",omitzero"` // of a managed external secret
	Description   string `json:",omitzero"`
	KmsKeyId      string `json:",omitzero"` // absent for the AWS managed key
	OwningService string `json:",omitzero"`
	Rotated
	LastChangedDate  wire.Time    // of anything about the secret
	LastAccessedDate *wire.Time   `json:",omitzero"` // a day
	DeletedDate      *wire.Time   `json:",omitzero"` // the end of the recovery window
	Tags             []secret.Tag `json:",omitzero"` // empty after the last one went
	CreatedDate      wire.Time
	PrimaryRegion    string `json:",omitzero"` // of a secret that has copies or is one
}

// Rotated is what is shown of a secret's rotation.
type Rotated struct {
	RotationEnabled   *bool                 `json:",omitzero"`
	RotationLambdaARN string                `json:",omitzero"`
	RotationRules     *secret.RotationRules `json:",omitzero"`
	LastRotatedDate   *wire.Time            `json:",omitzero"`
	NextRotationDate  *wire.Time            `json:",omitzero"` // the end of the next window

	ExternalSecretRotationMetadata []secret.ExternalSecretRotationMetadataItem `json:",omitempty"`
	ExternalSecretRotationRoleArn  string                                      `json:",omitzero"`
}

// describe returns what is shown of a secret but for the day of the last access.
func describe(s *secret.Secret) Described {
	return Described{ARN: s.ARN(), Name: s.Name, Type: s.Type, Description: s.Description,
		KmsKeyId: s.KeyID, OwningService: s.Owner, Rotated: rotated(s),
		LastChangedDate: wire.Time{Time: s.Changed}, DeletedDate: wire.At(s.DeletionDate),
		Tags: s.ShownTags(), CreatedDate: wire.Time{Time: s.Created}, PrimaryRegion: s.PrimaryRegion}
}

// rotated shows the rotation. AWS adds to a schedule's expression how many days it comes to.
func rotated(s *secret.Secret) (out Rotated) {
	r := &s.Rotation
	if !r.Configured {
		return out
	}
	out = Rotated{RotationEnabled: &r.Enabled, RotationLambdaARN: r.Function,
		LastRotatedDate: wire.At(r.Last), NextRotationDate: wire.At(r.Next),
		ExternalSecretRotationMetadata: r.Metadata, ExternalSecretRotationRoleArn: r.Role}
	if r.Rules == nil {
		return out
	}
	rules := *r.Rules
	if by, err := rules.Schedule(); err == nil && rules.AutomaticallyAfterDays == nil {
		if days := by.Days(); days > 0 {
			rules.AutomaticallyAfterDays = &days
		}
	}
	out.RotationRules = &rules
	return out
}

// DescribeSecretOutput is a secret with the labels of its versions and its copies.
type DescribeSecretOutput struct {
	Described
	VersionIdsToStages map[string][]string    `json:",omitempty"`
	ReplicationStatus  []secret.ReplicaStatus `json:",omitempty"`
}

// descriptionDependsOn is the secret's row, which all changes go through. A database that was put
// back comes to the same revision again, at another time. The day of the last access isn't worth
// telling anybody who waits.
func descriptionDependsOn(_ *op.Call, _ target.Input, e *secretrows.Entry) []string {
	return []string{e.ARN(), strconv.FormatInt(e.Rev, 10),
		strconv.FormatInt(store.Micros(e.Changed), 10)}
}

// describeSecret answers from the cache, but for the day of the last access: that is not worth
// dropping an entry for.
func (s *Secrets) describeSecret(c *op.Call, _ target.Input,
	e *secretrows.Entry) (DescribeSecretOutput, error) {
	accessed, err := s.rows.AccessedOn(e.Secret)
	if err != nil {
		return DescribeSecretOutput{}, err
	}
	out := DescribeSecretOutput{Described: describe(e.Secret),
		VersionIdsToStages: e.VersionsToStages()}
	out.LastAccessedDate = wire.At(accessed)
	out.ReplicationStatus, err = s.replication.Status(c, e.Secret)
	return out, err
}
