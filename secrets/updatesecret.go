package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/model"
	"claviger/secrets/sealing"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
)

// UpdateSecretInput changes what it names: a member that is left out leaves what is there. An empty
// KmsKeyId goes back to the AWS managed key.
type UpdateSecretInput struct {
	SecretId           string  `shape:"SecretIdType,required"`
	ClientRequestToken *string `shape:"ClientRequestTokenType,idempotencyToken"`
	Description        *string `shape:"DescriptionType"`
	KmsKeyId           *string `shape:"KmsKeyIdType"` // the versions with AWS's labels move to it
	SecretBinary       []byte  `shape:"SecretBinaryType"`
	SecretString       *string `shape:"SecretStringType"`
	Type               *string `shape:"MedeaTypeType"` // one that a rotator is declared for; empty: none
}

func (in UpdateSecretInput) SecretID() string { return in.SecretId }

// Conditions implements [domain.Conditional]. The KMS key is put in where it is looked up.
func (in UpdateSecretInput) Conditions(v policy.Values) {
	domain.SetText(v, model.Description, in.Description)
	domain.SetText(v, model.Type, in.Type)
}

func (in UpdateSecretInput) KMSKeyID() *string { return in.KmsKeyId }

// Validate checks what members say together.
func (in UpdateSecretInput) Validate() error {
	switch {
	case (in.SecretString != nil || in.SecretBinary != nil) && in.ClientRequestToken == nil:
		return smfault.NoToken
	}
	return secret.CheckValue(in.SecretString, in.SecretBinary)
}

// UpdateSecretOutput names the changed secret. Without a new value there is no VersionId.
type UpdateSecretOutput struct {
	ARN, Name string
	VersionId string `json:",omitzero"`
}

// updateSecret changes the facts first and seals then, so that a new value goes under the new key
// at once.
func (s *Secrets) updateSecret(c *op.Call, in UpdateSecretInput,
	sec *secret.Secret) (*secretrows.Change, UpdateSecretOutput, error) {
	if kind := domain.Or(in.Type, ""); kind != "" && !s.rotators.Has(sec.Account, kind) {
		return nil, UpdateSecretOutput{}, smfault.NoExternal
	}
	next := sec.Next(c, func(n *secret.Secret) {
		n.Type = domain.Or(in.Type, n.Type)
		n.Description = domain.Or(in.Description, n.Description)
		n.KeepKey(domain.Or(in.KmsKeyId, n.KeyID))
	})
	ch, out := &secretrows.Change{Secret: next}, UpdateSecretOutput{ARN: sec.ARN(), Name: sec.Name}
	var tried envelope.Envelope
	if in.KmsKeyId != nil {
		var err error
		if tried, err = s.sealer.Try(c, next); err != nil {
			return nil, out, err
		}
	}
	if v := secret.ValueOf(in.SecretString, in.SecretBinary); v != nil {
		out.VersionId = *in.ClientRequestToken
		if err := s.updateValue(c, ch, sec, out.VersionId, v); err != nil {
			return nil, out, err
		}
	}
	if in.KmsKeyId == nil {
		return ch, out, nil
	}
	return ch, out, s.changeKey(c, ch, sec, tried.KeyARN)
}

// updateValue makes v the current value. A token that is known is taken for the same request
// again only while its version is the current one. AWS has it as an error always, but a
// retry must not fail for its answer having been lost, nor succeed without the value being
// what is read from now on.
func (s *Secrets) updateValue(c *op.Call, ch *secretrows.Change, old *secret.Secret, token string,
	v *secret.Value) error {
	before, err := s.versions.Add(c, ch, token, v, secret.Current)
	if err != nil {
		return err
	}
	if before && old.Stages[secret.Current] != token {
		return smfault.TokenUsed(token, old.ARN())
	}
	return nil
}

// changeKey seals the versions that carry the service's own labels anew, by the key that the secret
// has from now on: all of them or none. AWS leaves them under the old key without a word if the
// caller may not use the new one. That is refused here, and so is a key that is closed for now:
// whoever moves a secret to another key means to give the old one up. keyARN is the key;
// an alias may lead to another one than the last time.
func (s *Secrets) changeKey(c *op.Call, ch *secretrows.Change, old *secret.Secret,
	keyARN string) error {
	done := map[string]bool{"": true, ch.Secret.Rotation.Empty: true}
	for _, v := range ch.Added {
		done[v.ID] = true
	}
	for _, label := range []string{secret.Current, secret.Pending, secret.Previous} {
		id := ch.Secret.Stages[label]
		if done[id] {
			continue
		}
		done[id] = true
		if err := s.resealUnder(c, ch, old, id, keyARN); err != nil {
			return err
		}
	}
	return nil
}

// resealUnder puts one version of the secret as it was, sealed by the key of the secret as it shall
// be, into the change, unless it is under that key already.
func (s *Secrets) resealUnder(c *op.Call, ch *secretrows.Change, old *secret.Secret,
	id, keyARN string) error {
	v, err := s.rows.Version(c, old, id, secretrows.AnySize)
	if domain.IsNoRow(err) {
		return s.versions.Gone(c, old, id) // if it only changed meanwhile, the commit will find out
	}
	if err != nil {
		return err
	}
	managed := ch.Secret.KeyID == ""
	if v.Managed == managed && (managed || v.Envelope.KeyARN == keyARN) {
		return nil
	}
	anew, err := s.sealer.Reseal(c, ch.Secret, v)
	switch {
	case err == nil:
		ch.Resealed = append(ch.Resealed, anew)
	case sealing.IsGone(err):
		return nil // the value is lost with its key: that must not bind the secret for ever
	}
	return err
}
