package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/model"
	"claviger/secrets/replication"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
	"claviger/secrets/target"
)

// CreateSecretInput names the new secret: letters, digits and /_+=.@-!. ClientRequestToken, 32 to
// 64 characters, becomes the id of the first version, if there is a value; SDKs make one up where
// the program gives none. A value has up to 65,536 bytes, as SecretString or as SecretBinary.
// KmsKeyId is any form of a KMS KeyId; empty or absent it means the AWS managed key.
type CreateSecretInput struct {
	Name                        string       `shape:"NameType,required"`
	ClientRequestToken          *string      `shape:"ClientRequestTokenType,idempotencyToken"`
	Description                 *string      `shape:"DescriptionType"`
	KmsKeyId                    *string      `shape:"KmsKeyIdType"`
	SecretBinary                []byte       `shape:"SecretBinaryType"`
	SecretString                *string      `shape:"SecretStringType"`
	Tags                        []secret.Tag `shape:"TagListType"`
	ForceOverwriteReplicaSecret *bool        `shape:"BooleanType"`   // absent: false
	Type                        *string      `shape:"MedeaTypeType"` // that a rotator is of

	AddReplicaRegions []replication.ReplicaRegion `shape:"AddReplicaRegionListType"`
}

// Validate checks what members say together, and refuses what this service can't do.
func (in CreateSecretInput) Validate() error {
	switch {
	case !target.ValidName.MatchString(in.Name):
		return smfault.BadName
	case in.ClientRequestToken == nil:
		return smfault.NoToken
	}
	if err := domain.CheckTags(secret.TagRules, in.Tags); err != nil {
		return err
	}
	if err := in.regions().Check(); err != nil {
		return err
	}
	return secret.CheckValue(in.SecretString, in.SecretBinary)
}

func (in CreateSecretInput) regions() replication.Regions {
	return replication.Regions{Add: in.AddReplicaRegions, Overwrite: in.ForceOverwriteReplicaSecret}
}

// Conditions implements [domain.Conditional]. The KMS key is put in where it is looked up.
func (in CreateSecretInput) Conditions(v policy.Values) {
	domain.SetText(v, model.Name, &in.Name)
	domain.SetText(v, model.Description, in.Description)
	domain.SetText(v, model.Type, in.Type)
	in.regions().Conditions(v)
	domain.SetTags(v, in.Tags)
}

func (in CreateSecretInput) KMSKeyID() *string { return in.KmsKeyId }

// CreateSecretOutput names the new secret. Without a value there is no VersionId.
type CreateSecretOutput struct {
	ARN, Name         string
	VersionId         string                 `json:",omitzero"`
	ReplicationStatus []secret.ReplicaStatus `json:",omitempty"`
}

// creation is the name of a secret that shall be made, and the secret that has the name already, if
// there is one.
type creation struct {
	target.Target
	tags []secret.Tag // that it shall have, which takes a permission of its own
	also []string     // more actions that are asked for
}

// Demands implements [op.Target]: a new secret has no suffix yet, so that policies match it by its
// name. Its tags are those that it is asked for with, and the policy of the secret that has its
// name is none of its own.
func (t *creation) Demands() []policy.Demand {
	actions := []string{"CreateSecret"}
	if len(t.tags) > 0 {
		actions = append(actions, "TagResource")
	}
	actions = append(actions, t.also...)
	var demands []policy.Demand
	for _, a := range actions {
		d := t.Asked.Demand(a, t.Says)
		d.Resource.Tags = func() (map[string]string, error) { return domain.TagMap(t.tags), nil }
		demands = append(demands, d)
	}
	return demands
}

// Missing implements [op.Target].
func (t *creation) Missing() error { return t.Unread }

// Ready implements [op.Target]: a name is free again only when the secret's
// recovery window is over.
func (t *creation) Ready() error {
	if t.Entry != nil && t.Entry.ScheduledForDeletion() {
		return smfault.NameMarkedForDeletion
	}
	return nil
}

// findCreate looks the name up, because a request that comes again must be
// answered as the first time.
func (s *Secrets) findCreate(c *op.Call, in CreateSecretInput) (*creation, error) {
	t, err := s.finder.Find(c, "CreateSecret", in.Name, in, s.rows.WithoutValue)
	if err != nil {
		return nil, err
	}
	made := &creation{Target: *t, tags: in.Tags}
	if len(in.AddReplicaRegions) > 0 {
		made.also = []string{"ReplicateSecretToRegions"}
	}
	return made, nil
}

// createSecret seals the first value, if there is one, under an ARN that nobody had before: its
// suffix is drawn anew even for a name that is used again.
func (s *Secrets) createSecret(c *op.Call, in CreateSecretInput,
	t *creation) (op.Commit[CreateSecretOutput], error) {
	if kind := domain.Or(in.Type, ""); kind != "" && !s.rotators.Has(c.Caller.Account, kind) {
		return nil, smfault.NoExternal
	}
	return s.create(c, in, t, func(*secretrows.Change) error { return nil })
}

// create stores a new secret, with what more makes of it.
func (s *Secrets) create(c *op.Call, in CreateSecretInput, t *creation,
	more func(*secretrows.Change) error) (op.Commit[CreateSecretOutput], error) {
	v := secret.ValueOf(in.SecretString, in.SecretBinary)
	if t.Entry != nil {
		return s.createAgain(c, in, v, t.Entry.Secret)
	}
	sec, err := newSecret(c, in)
	if err != nil {
		return nil, err
	}
	if _, err := s.sealer.Try(c, sec); err != nil {
		return nil, err
	}
	if _, err := s.replication.Add(c, sec, in.regions()); err != nil {
		return nil, err
	}
	ch, out := &secretrows.Change{Secret: sec}, CreateSecretOutput{ARN: sec.ARN(), Name: sec.Name,
		ReplicationStatus: sec.ReplicationStatus()}
	if v != nil {
		first, err := s.sealer.Seal(c, sec, *in.ClientRequestToken, v)
		if err != nil {
			return nil, err
		}
		ch.Added, out.VersionId = []*secret.Version{first}, first.ID
		sec.Stages = secret.Stages{secret.Current: first.ID}
	} else {
		sec.Token = *in.ClientRequestToken
	}
	if err := more(ch); err != nil {
		return nil, err
	}
	return domain.Planned(c, s.rows.Prepare, ch, out)
}

// newSecret returns the secret that is asked for, its first revision, without a version.
func newSecret(c *op.Call, in CreateSecretInput) (*secret.Secret, error) {
	suffix, err := secret.NewSuffix()
	if err != nil {
		return nil, err
	}
	tags, err := domain.AddTags(secret.TagRules, nil, in.Tags)
	if err != nil {
		return nil, err
	}
	sec := &secret.Secret{Name: in.Name, Suffix: suffix, Rev: 1,
		Description: domain.Or(in.Description, ""), Type: domain.Or(in.Type, ""),
		Created: secret.Now(c), Changed: secret.Now(c)}
	sec.Account, sec.Region = c.Namespace()
	sec.SetTags(tags)
	sec.KeepKey(domain.Or(in.KmsKeyId, ""))
	return sec, nil
}

// createAgain answers a repeated request as the first time, if it carries the same token and the
// same value, or none both times. What AWS does with a token that made no version is not known: an
// SDK that tries again after a lost answer has to be told that it is done.
func (s *Secrets) createAgain(c *op.Call, in CreateSecretInput, v *secret.Value,
	sec *secret.Secret) (op.Commit[CreateSecretOutput], error) {
	token := *in.ClientRequestToken
	switch {
	case sec.IsReplica():
		return nil, smfault.Exists(sec.Name)
	case v == nil && token == sec.Token:
		return op.Unchanged(CreateSecretOutput{ARN: sec.ARN(), Name: sec.Name,
			ReplicationStatus: sec.ReplicationStatus()}), nil
	case v == nil:
		return nil, smfault.Exists(sec.Name)
	}
	made, err := s.versions.MadeBefore(c, sec, token, v)
	if err != nil {
		return nil, err
	}
	if !made {
		return nil, smfault.Exists(sec.Name)
	}
	return op.Unchanged(CreateSecretOutput{ARN: sec.ARN(), Name: sec.Name, VersionId: token,
		ReplicationStatus: sec.ReplicationStatus()}), nil
}
