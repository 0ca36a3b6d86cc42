package cryptoops

import (
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/model"
	"claviger/keystore/target"
	"claviger/policy"
)

type ReEncryptInput struct {
	CiphertextBlob                 []byte            `shape:"CiphertextType"`
	SourceEncryptionContext        map[string]string `shape:"EncryptionContextType"`
	SourceKeyId                    *string           `shape:"KeyIdType"`
	DestinationKeyId               string            `shape:"KeyIdType,required"`
	DestinationEncryptionContext   map[string]string `shape:"EncryptionContextType"`
	SourceEncryptionAlgorithm      *string           `shape:"EncryptionAlgorithmSpec"`
	DestinationEncryptionAlgorithm *string           `shape:"EncryptionAlgorithmSpec"`
	GrantTokens                    []string          `shape:"GrantTokenList"`
	DryRun                         *bool             `shape:"NullableBooleanType"`
	DryRunModifiers                []string          `shape:"DryRunModifierList"`
}

// Validate checks what members say together.
func (in ReEncryptInput) Validate() error {
	if err := checkCiphertext(in.CiphertextBlob, domain.Or(in.DryRun, false), in.DryRunModifiers,
		in.SourceKeyId != nil); err != nil {
		return err
	}
	if err := checkNamed(in.SourceEncryptionAlgorithm, in.SourceKeyId); err != nil {
		return err
	}
	err := model.CheckContextOf(in.SourceEncryptionAlgorithm, in.SourceEncryptionContext)
	if err != nil {
		return err
	}
	return model.CheckContextOf(in.DestinationEncryptionAlgorithm, in.DestinationEncryptionContext)
}

type ReEncryptOutput struct {
	CiphertextBlob                 []byte
	SourceKeyId                    string
	KeyId                          string
	SourceEncryptionAlgorithm      string
	DestinationEncryptionAlgorithm string
	SourceKeyMaterialId            string `json:",omitzero"`
	DestinationKeyMaterialId       string `json:",omitzero"`
}

// reEncryption touches two keys and demands two permissions. A policy can so let somebody move
// ciphertexts away from a key and not onto it.
type reEncryption struct {
	from *Source
	to   *target.Target
}

// Demands implements [op.Target].
func (t *reEncryption) Demands() []policy.Demand {
	return append(t.from.Demands(), t.to.Demands()...)
}

// Missing implements [op.Target]. The source comes first: without its plaintext there is nothing to
// encrypt.
func (t *reEncryption) Missing() error {
	if err := t.from.Missing(); err != nil {
		return err
	}
	return t.to.Missing()
}

// Ready implements [op.Target]. Both must be ready before the token decrypts anything.
func (t *reEncryption) Ready() error {
	if err := t.from.Ready(); err != nil {
		return err
	}
	return t.to.Ready()
}

// findReEncrypt asks for a permission of its own on each key: ReEncryptFrom and ReEncryptTo, as AWS
// does.
func (s *Operations) findReEncrypt(c *op.Call, in ReEncryptInput) (*reEncryption, error) {
	t := &reEncryption{}
	from, err := s.findSource(c, "ReEncrypt", "ReEncryptFrom", in.CiphertextBlob, in.SourceKeyId,
		in.SourceEncryptionAlgorithm, target.Presented{Tokens: in.GrantTokens,
			Context: in.SourceEncryptionContext, Says: t.says})
	if err != nil {
		return nil, err
	}
	to, err := s.finder.FindUse(c, "ReEncrypt", in.DestinationKeyId,
		domain.Or(in.DestinationEncryptionAlgorithm, key.SymmetricDefault),
		target.Presented{Tokens: in.GrantTokens, Context: in.DestinationEncryptionContext,
			Says: t.says})
	if err != nil {
		return nil, err
	}
	to.Action = "ReEncryptTo"
	t.from, t.to = from, to
	return t, nil
}

// says puts in whether both keys are one.
func (t *reEncryption) says(v policy.Values) {
	same := t.from.Key != nil && t.to.Key != nil && t.from.Key.Ref() == t.to.Key.Ref()
	v["kms:ReEncryptOnSameKey"] = []string{strconv.FormatBool(same)}
}

// reEncrypt has the plaintext in this process between decrypting and encrypting it, and wipes it.
// Source and destination may be one key: that is how a ciphertext comes under the current material
// after a rotation.
func (s *Operations) reEncrypt(c *op.Call, in ReEncryptInput,
	t *reEncryption) (out ReEncryptOutput, err error) {
	plaintext, err := s.decryptFrom(c, t.from, in.SourceEncryptionContext)
	if err != nil {
		return out, err
	}
	defer clear(plaintext)
	ciphertext, err := s.encryptTo(c, t.to, plaintext, in.DestinationEncryptionContext)
	if id := t.from.blob.MaterialID; id != "" {
		c.NoteText("sourceKeyMaterialId", id)
	}
	if id := t.to.Key.ShownMaterialID(); id != "" {
		c.NoteText("destinationKeyMaterialId", id)
	}
	return ReEncryptOutput{
		CiphertextBlob:                 ciphertext,
		SourceKeyId:                    t.from.Key.ARN(),
		KeyId:                          t.to.Key.ARN(),
		SourceEncryptionAlgorithm:      t.from.Algorithm,
		DestinationEncryptionAlgorithm: t.to.Algorithm,
		SourceKeyMaterialId:            t.from.blob.MaterialID,
		DestinationKeyMaterialId:       t.to.Key.ShownMaterialID(),
	}, err
}

// Used names both keys: each was used.
func (t *reEncryption) Used() []*key.Key { return []*key.Key{t.from.Key, t.to.Key} }
