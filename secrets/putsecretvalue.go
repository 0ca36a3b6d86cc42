package secrets

import "claviger/internal/op"

// PutSecretValueInput gives a secret a new version. ClientRequestToken, 32 to 64 characters,
// becomes its id. Without labels of its own the version becomes the current one.
type PutSecretValueInput struct {
	SecretId           string   `shape:"SecretIdType,required"`
	ClientRequestToken *string  `shape:"ClientRequestTokenType,idempotencyToken"`
	SecretBinary       []byte   `shape:"SecretBinaryType"`
	SecretString       *string  `shape:"SecretStringType"`
	VersionStages      []string `shape:"SecretVersionStagesType"` // absent: AWSCURRENT alone
	RotationToken      *string  `shape:"RotationTokenType"`       // refused
}

func (in PutSecretValueInput) secretID() string { return in.SecretId }

// Validate checks what members say together.
func (in PutSecretValueInput) Validate() error {
	switch {
	case in.ClientRequestToken == nil:
		return errNoToken
	case in.SecretString == nil && in.SecretBinary == nil:
		return errNoValue
	case in.RotationToken != nil:
		return errRotation
	}
	return checkValue(in.SecretString, in.SecretBinary)
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
	sec *Secret) (*change, PutSecretValueOutput, error) {
	labels := in.VersionStages
	if labels == nil {
		labels = []string{current}
	}
	token := *in.ClientRequestToken
	out := PutSecretValueOutput{ARN: sec.ARN(), Name: sec.Name, VersionId: token}
	ch := &change{secret: sec.changed(c, func(*Secret) {})}
	made, err := s.versions.addVersion(c, ch, token, valueOf(in.SecretString, in.SecretBinary), labels...)
	if err != nil {
		return nil, out, err
	}
	if made {
		out.VersionStages = sec.stages.of(token)
		return nil, out, nil
	}
	out.VersionStages = ch.secret.stages.of(token)
	return ch, out, nil
}
