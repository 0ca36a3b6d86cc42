package secrets

import (
	"claviger/internal/op"
	"claviger/policy"
	"claviger/store"
)

// ReplicaRegion is ReplicaRegionType of AWS: a Region to keep a copy in. There are none here.
type ReplicaRegion struct {
	Region   *string `shape:"RegionType"`
	KmsKeyId *string `shape:"KmsKeyIdType"`
}

// CreateSecretInput is CreateSecretRequest of AWS. ClientRequestToken, 32 to 64 characters, becomes the id of the first
// version, if there is a value; SDKs make one up where the program gives none.
type CreateSecretInput struct {
	Name                        string          `shape:"NameType,required"` // letters, digits and /_+=.@-!
	ClientRequestToken          *string         `shape:"ClientRequestTokenType"`
	Description                 *string         `shape:"DescriptionType"`
	KmsKeyId                    *string         `shape:"KmsKeyIdType"`     // any form of a KMS KeyId; empty or absent: the managed key
	SecretBinary                []byte          `shape:"SecretBinaryType"` // up to 65,536 bytes; excludes SecretString
	SecretString                *string         `shape:"SecretStringType"` // up to 65,536 bytes of UTF-8
	Tags                        []Tag           `shape:"TagListType"`
	AddReplicaRegions           []ReplicaRegion `shape:"AddReplicaRegionListType"` // refused
	ForceOverwriteReplicaSecret *bool           `shape:"BooleanType"`              // refused, unless false
	Type                        *string         `shape:"MedeaTypeType"`            // refused, unless empty
}

// Validate checks what members say together, and refuses what this service can't do.
func (in CreateSecretInput) Validate() error {
	switch {
	case !validName.MatchString(in.Name):
		return errName
	case in.ClientRequestToken == nil:
		return errNoToken
	case len(in.AddReplicaRegions) > 0, or(in.ForceOverwriteReplicaSecret, false):
		return errReplicas
	case or(in.Type, "") != "":
		return errExternal
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	return checkValue(in.SecretString, in.SecretBinary)
}

// CreateSecretOutput is CreateSecretResponse of AWS. Without a value there is no VersionId.
type CreateSecretOutput struct {
	ARN, Name string
	VersionId string `json:",omitzero"`
}

// creation is the name of a secret that shall be made, and the secret that has the name already, if any.
type creation struct {
	target
	tagged bool // it shall have tags, which is a permission of its own
}

// Demands implements [op.Target]: a new secret has no suffix yet, so that policies match it by its name.
func (t *creation) Demands() []policy.Demand {
	d := []policy.Demand{{Action: "secretsmanager:CreateSecret", Resource: policy.Resource{ARN: t.named.arn}}}
	if t.tagged {
		d = append(d, policy.Demand{Action: "secretsmanager:TagResource", Resource: policy.Resource{ARN: t.named.arn}})
	}
	return d
}

// Missing implements [op.Target].
func (*creation) Missing() error { return nil }

// Ready implements [op.Target]: a name is free again only when the secret's recovery window is over.
func (t *creation) Ready() error {
	if t.line != nil && !t.line.Deletes.IsZero() {
		return errReserved
	}
	return nil
}

// findCreate looks the name up, because a request that comes again must be answered as the first time.
func (s *Secrets) findCreate(c *op.Call, in CreateSecretInput) (*creation, error) {
	t, err := s.find(c, "CreateSecret", in.Name, s.light)
	if err != nil {
		return nil, err
	}
	return &creation{*t, len(in.Tags) > 0}, nil
}

// createSecret seals the first value, if any, under an ARN that nobody had before: its suffix is drawn anew even for a
// name that is used again.
func (s *Secrets) createSecret(c *op.Call, in CreateSecretInput, t *creation) (op.Commit[CreateSecretOutput], error) {
	v := given(in.SecretString, in.SecretBinary)
	if t.line != nil {
		return s.createAgain(c, in, v, t.line.Secret)
	}
	suffix, err := newSuffix()
	if err != nil {
		return nil, err
	}
	sec := &Secret{Name: in.Name, Suffix: suffix, Rev: 1, Description: or(in.Description, ""),
		KeyID: keyName(c, or(in.KmsKeyId, "")), Tags: merge(nil, in.Tags), Created: now(c), Changed: now(c)}
	sec.Account, sec.Region = c.Namespace()
	ch, out := &change{secret: sec}, CreateSecretOutput{ARN: sec.ARN(), Name: sec.Name}
	if v != nil {
		made, err := s.seal(c, sec, *in.ClientRequestToken, v)
		if err != nil {
			return nil, err
		}
		ch.add, out.VersionId = []*version{made}, made.id
		sec.stages = stages{current: made.id}
	}
	apply, err := s.prepare(c, ch)
	return func(tx *store.Tx) (CreateSecretOutput, error) { return out, apply(tx) }, err
}

// createAgain answers a repeated request as the first time, if it carries the same token and the same value. A
// request without a value made no version, so that nothing remembers its token: as with AWS, the name is taken.
func (s *Secrets) createAgain(c *op.Call, in CreateSecretInput, v *value, sec *Secret) (op.Commit[CreateSecretOutput], error) {
	if v == nil {
		return nil, errExists(sec.Name)
	}
	known, err := s.known(c, sec, *in.ClientRequestToken, v)
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, errExists(sec.Name)
	}
	out := CreateSecretOutput{sec.ARN(), sec.Name, *in.ClientRequestToken}
	return func(*store.Tx) (CreateSecretOutput, error) { return out, nil }, nil
}

// known reports whether a token has made a version already. The token with another value than v is an error. To
// compare, the stored value is opened as the caller, who needs kms:Decrypt for it.
func (s *Secrets) known(c *op.Call, sec *Secret, token string, v *value) (bool, error) {
	ver, err := s.loadVersion(c, sec, token, wholeValue)
	switch {
	case isNoRow(err):
		return false, nil
	case err != nil:
		return false, err
	}
	same, err := s.same(c, sec, ver, v)
	if err == nil && !same {
		err = errTokenUsed(token, sec.ARN())
	}
	return same, err
}
