package secrets

import "claviger/internal/op"

// PutSecretValueInput is PutSecretValueRequest of AWS. ClientRequestToken, 32 to 64 characters, becomes the version's
// id; without labels of its own the version becomes the current one.
type PutSecretValueInput struct {
	SecretId           string   `shape:"SecretIdType,required"`
	ClientRequestToken *string  `shape:"ClientRequestTokenType"`
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

// PutSecretValueOutput is PutSecretValueResponse of AWS. For a request that came again it shows the labels of now.
type PutSecretValueOutput struct {
	ARN, Name     string
	VersionId     string
	VersionStages []string `json:",omitempty"`
}

// putSecretValue adds a version. Nothing is compared with the current value: the same value again is a version again,
// unless the token says that it is the same request.
func (s *Secrets) putSecretValue(c *op.Call, in PutSecretValueInput, sec *Secret) (*change, PutSecretValueOutput, error) {
	labels := in.VersionStages
	if labels == nil {
		labels = []string{current}
	}
	token := *in.ClientRequestToken
	ch := &change{secret: sec.changed(c, func(*Secret) {})}
	known, err := s.addVersion(c, ch, token, given(in.SecretString, in.SecretBinary), labels...)
	if known {
		return nil, PutSecretValueOutput{sec.ARN(), sec.Name, token, sec.stages.of(token)}, err
	}
	return ch, PutSecretValueOutput{sec.ARN(), sec.Name, token, ch.secret.stages.of(token)}, err
}

// addVersion seals v as a version of the secret as it shall be and puts labels on it. If the token has made this
// very version before, it changes nothing and reports that the version is known.
func (s *Secrets) addVersion(c *op.Call, ch *change, token string, v *value, labels ...string) (known bool, err error) {
	sec := ch.secret
	if known, err = s.known(c, sec, token, v); known || err != nil {
		return known, err
	}
	if sec.stages, err = sec.stages.attach(token, labels...); err != nil {
		return false, err
	}
	made, err := s.seal(c, sec, token, v)
	if err != nil {
		return false, err
	}
	ch.add = []*version{made}
	ch.prune, err = s.outdated(sec, made.created)
	return false, err
}
