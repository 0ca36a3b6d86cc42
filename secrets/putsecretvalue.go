package secrets

import (
	"claviger/internal/op"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
)

// PutSecretValueInput gives a secret a new version. ClientRequestToken, 32 to 64 characters,
// becomes its id. Without labels of its own the version becomes the current one.
type PutSecretValueInput struct {
	SecretId           string   `shape:"SecretIdType,required"`
	ClientRequestToken *string  `shape:"ClientRequestTokenType,idempotencyToken"`
	SecretBinary       []byte   `shape:"SecretBinaryType"`
	SecretString       *string  `shape:"SecretStringType"`
	VersionStages      []string `shape:"SecretVersionStagesType"` // absent: AWSCURRENT alone
	RotationToken      *string  `shape:"RotationTokenType"`       // of a rotation in progress
}

func (in PutSecretValueInput) SecretID() string { return in.SecretId }

// Validate checks what members say together.
func (in PutSecretValueInput) Validate() error {
	switch {
	case in.ClientRequestToken == nil:
		return smfault.NoToken
	case in.SecretString == nil && in.SecretBinary == nil:
		return smfault.NoValue
	}
	return secret.CheckValue(in.SecretString, in.SecretBinary)
}

// PutSecretValueOutput shows the labels of now, also for a request that came again.
type PutSecretValueOutput struct {
	ARN, Name     string
	VersionId     string
	VersionStages []string `json:",omitempty"`
}

// putSecretValue adds a version. Nothing is compared with the current value: the same value again
// is a version again, unless the token says that it is the same request.
func (s *Secrets) putSecretValue(c *op.Call, in PutSecretValueInput,
	sec *secret.Secret) (*secretrows.Change, PutSecretValueOutput, error) {
	labels := in.VersionStages
	if labels == nil {
		labels = []string{secret.Current}
	}
	token := *in.ClientRequestToken
	out := PutSecretValueOutput{ARN: sec.ARN(), Name: sec.Name, VersionId: token}
	if run := sec.Rotation.Run; in.RotationToken != nil && (run == nil || run.Version != token ||
		run.Token != *in.RotationToken) {
		return nil, out, smfault.NoRotation
	}
	ch := &secretrows.Change{Secret: sec.Next(c, func(*secret.Secret) {})}
	made, err := s.versions.Add(
		c,
		ch,
		token,
		secret.ValueOf(in.SecretString, in.SecretBinary),
		labels...)
	if err != nil {
		return nil, out, err
	}
	if made {
		out.VersionStages = sec.Stages.Of(token)
		return nil, out, nil
	}
	out.VersionStages = ch.Secret.Stages.Of(token)
	return ch, out, nil
}
