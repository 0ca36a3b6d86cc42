package secrets

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// UpdateSecretInput is UpdateSecretRequest of AWS. A member that is left out leaves what is there; an empty KmsKeyId
// goes back to the key that the service manages.
type UpdateSecretInput struct {
	SecretId           string  `shape:"SecretIdType,required"`
	ClientRequestToken *string `shape:"ClientRequestTokenType"`
	Description        *string `shape:"DescriptionType"`
	KmsKeyId           *string `shape:"KmsKeyIdType"` // the versions with AWS's own labels move to it
	SecretBinary       []byte  `shape:"SecretBinaryType"`
	SecretString       *string `shape:"SecretStringType"`
	Type               *string `shape:"MedeaTypeType"` // refused, unless empty
}

func (in UpdateSecretInput) secretID() string { return in.SecretId }

// Validate checks what members say together.
func (in UpdateSecretInput) Validate() error {
	switch {
	case (in.SecretString != nil || in.SecretBinary != nil) && in.ClientRequestToken == nil:
		return errNoToken
	case or(in.Type, "") != "":
		return errExternal
	}
	return checkValue(in.SecretString, in.SecretBinary)
}

// UpdateSecretOutput is UpdateSecretResponse of AWS. Without a new value there is no VersionId.
type UpdateSecretOutput struct {
	ARN, Name string
	VersionId string `json:",omitzero"`
}

// updateSecret changes the facts first and seals then, so that a new value goes under the new key at once. A token that is
// known is taken for the same request again only while its version is the current one: AWS has it as an error always, but a
// retry must not fail for its answer having been lost, nor succeed without the value being what is read from now on.
func (s *Secrets) updateSecret(c *op.Call, in UpdateSecretInput, sec *Secret) (*change, UpdateSecretOutput, error) {
	next := sec.changed(c, func(n *Secret) {
		n.Description = or(in.Description, n.Description)
		n.KeyID = keyName(c, or(in.KmsKeyId, n.KeyID))
	})
	ch, out := &change{secret: next}, UpdateSecretOutput{ARN: sec.ARN(), Name: sec.Name}
	if v := given(in.SecretString, in.SecretBinary); v != nil {
		out.VersionId = *in.ClientRequestToken
		known, err := s.addVersion(c, ch, out.VersionId, v, current)
		switch {
		case err != nil:
			return nil, out, err
		case known && sec.stages[current] != out.VersionId:
			return nil, out, errTokenUsed(out.VersionId, sec.ARN())
		}
	}
	if next.KeyID == sec.KeyID {
		return ch, out, nil
	}
	return ch, out, s.changeKey(c, ch, sec)
}

// changeKey seals the versions that carry the service's own labels anew, by the key that the secret has from now on.
// AWS leaves them under the old key without a word if the caller may not use the new one; that is refused here,
// because whoever moves a secret to another key means to give the old one up.
func (s *Secrets) changeKey(c *op.Call, ch *change, old *Secret) error {
	done := map[string]bool{"": true}
	for _, v := range ch.add {
		done[v.id] = true
	}
	for _, label := range []string{current, pending, previous} {
		id := ch.secret.stages[label]
		if done[id] {
			continue
		}
		done[id] = true
		if err := s.resealUnder(c, ch, old, id); err != nil {
			return err
		}
	}
	return nil
}

// resealUnder puts one version of the secret as it was, sealed by the key of the secret as it shall be, into the change.
func (s *Secrets) resealUnder(c *op.Call, ch *change, old *Secret, id string) error {
	v, err := s.loadVersion(c, old, id, wholeValue)
	if isNoRow(err) {
		return s.lost(c, old, id) // if it only changed meanwhile, the commit will find out
	}
	if err != nil {
		return err
	}
	anew, err := s.reseal(c, ch.secret, v)
	switch {
	case err == nil:
		ch.reseal = append(ch.reseal, anew)
	case fault.Of(err).Code == decryptionFailure:
		return nil // its key is gone or closed: that must not bind the secret to it for ever
	}
	return err
}
