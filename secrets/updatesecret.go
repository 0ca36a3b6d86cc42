package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/model"
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
	Type               *string `shape:"MedeaTypeType"` // refused, unless empty
}

func (in UpdateSecretInput) secretID() string { return in.SecretId }

// Conditions implements [domain.Conditional]. The KMS key is put in where it is looked up.
func (in UpdateSecretInput) Conditions(v policy.Values) {
	domain.SetText(v, model.Description, in.Description)
}

func (in UpdateSecretInput) kmsKeyID() *string { return in.KmsKeyId }

// Validate checks what members say together.
func (in UpdateSecretInput) Validate() error {
	switch {
	case (in.SecretString != nil || in.SecretBinary != nil) && in.ClientRequestToken == nil:
		return errNoToken
	case domain.Or(in.Type, "") != "":
		return errExternal
	}
	return checkValue(in.SecretString, in.SecretBinary)
}

// UpdateSecretOutput names the changed secret. Without a new value there is no VersionId.
type UpdateSecretOutput struct {
	ARN, Name string
	VersionId string `json:",omitzero"`
}

// updateSecret changes the facts first and seals then, so that a new value goes under the new key
// at once.
func (s *Secrets) updateSecret(c *op.Call, in UpdateSecretInput,
	sec *Secret) (*change, UpdateSecretOutput, error) {
	next := sec.changed(c, func(n *Secret) {
		n.Description = domain.Or(in.Description, n.Description)
		n.keepKey(domain.Or(in.KmsKeyId, n.KeyID))
	})
	ch, out := &change{secret: next}, UpdateSecretOutput{ARN: sec.ARN(), Name: sec.Name}
	var tried envelope.Envelope
	if in.KmsKeyId != nil {
		var err error
		if tried, err = s.sealer.tryKey(c, next); err != nil {
			return nil, out, err
		}
	}
	if v := valueOf(in.SecretString, in.SecretBinary); v != nil {
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
func (s *Secrets) updateValue(c *op.Call, ch *change, old *Secret, token string, v *value) error {
	before, err := s.versions.addVersion(c, ch, token, v, current)
	if err != nil {
		return err
	}
	if before && old.stages[current] != token {
		return errTokenUsed(token, old.ARN())
	}
	return nil
}

// changeKey seals the versions that carry the service's own labels anew, by the key that the secret
// has from now on: all of them or none. AWS leaves them under the old key without a word if the
// caller may not use the new one. That is refused here, and so is a key that is closed for now:
// whoever moves a secret to another key means to give the old one up. keyARN is the key;
// an alias may lead to another one than the last time.
func (s *Secrets) changeKey(c *op.Call, ch *change, old *Secret, keyARN string) error {
	done := map[string]bool{"": true}
	for _, v := range ch.added {
		done[v.id] = true
	}
	for _, label := range []string{current, pending, previous} {
		id := ch.secret.stages[label]
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
func (s *Secrets) resealUnder(c *op.Call, ch *change, old *Secret, id, keyARN string) error {
	v, err := s.rows.loadVersion(c, old, id, anySize)
	if domain.IsNoRow(err) {
		return s.versions.versionGone(c, old, id) // if it only changed meanwhile, the commit will find out
	}
	if err != nil {
		return err
	}
	managed := ch.secret.KeyID == ""
	if v.managed == managed && (managed || v.envelope.KeyARN == keyARN) {
		return nil
	}
	anew, err := s.sealer.reseal(c, ch.secret, v)
	switch {
	case err == nil:
		ch.resealed = append(ch.resealed, anew)
	case isGone(err):
		return nil // the value is lost with its key: that must not bind the secret for ever
	}
	return err
}
