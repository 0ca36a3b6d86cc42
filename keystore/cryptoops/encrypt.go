package cryptoops

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/ciphertext"
	"claviger/keystore/key"
	"claviger/keystore/model"
	"claviger/keystore/publickey"
	"claviger/keystore/target"
)

type EncryptInput struct {
	KeyId               string            `shape:"KeyIdType,required"`
	Plaintext           []byte            `shape:"PlaintextType,required"`
	EncryptionContext   map[string]string `shape:"EncryptionContextType"`
	GrantTokens         []string          `shape:"GrantTokenList"`
	EncryptionAlgorithm *string           `shape:"EncryptionAlgorithmSpec"`
	DryRun              *bool             `shape:"NullableBooleanType"`
}

// Validate implements [op.Input].
func (in EncryptInput) Validate() error {
	return model.CheckContextOf(in.EncryptionAlgorithm, in.EncryptionContext)
}

type EncryptOutput struct {
	CiphertextBlob      []byte
	KeyId               string
	EncryptionAlgorithm string
}

// findEncrypt refuses a plaintext that is too long before the token is asked. A dry run says so too
// then, and the answer is AWS's sentence, where a device has a code only.
func (s *Operations) findEncrypt(c *op.Call, in EncryptInput) (*target.Target, error) {
	t, err := s.finder.FindUse(c, "Encrypt", in.KeyId,
		domain.Or(in.EncryptionAlgorithm, key.SymmetricDefault),
		target.Presented{Tokens: in.GrantTokens, Context: in.EncryptionContext})
	if err != nil {
		return t, err
	}
	t.Fits = func(k *key.Key) error { return k.TakesPlaintext(t.Algorithm, len(in.Plaintext)) }
	return t, nil
}

func (s *Operations) encrypt(c *op.Call, in EncryptInput, t *target.Target) (EncryptOutput, error) {
	ciphertext, err := s.encryptTo(c, t, in.Plaintext, in.EncryptionContext)
	noteMaterial(c, t.Key.ShownMaterialID())
	return EncryptOutput{ciphertext, t.Key.ARN(), t.Algorithm}, err
}

// noteMaterial has the record say which material of a symmetric key was used, as CloudTrail's does.
func noteMaterial(c *op.Call, id string) {
	if id != "" {
		c.NoteText("keyMaterialId", id)
	}
}

// encryptTo encrypts by the target's key and algorithm. What a public key can do is done on this
// host.
func (s *Operations) encryptTo(c *op.Call, t *target.Target, plaintext []byte,
	context map[string]string) ([]byte, error) {
	if t.Algorithm == key.SymmetricDefault {
		return s.encryptUnder(c, t.Key, plaintext, context)
	}
	// Checked again, because the plaintext of ReEncrypt is first seen here, when Ready is over.
	if err := t.Key.TakesPlaintext(t.Algorithm, len(plaintext)); err != nil {
		return nil, err
	}
	return publickey.EncryptOAEP(t.Key.Public, t.Algorithm, plaintext)
}

// encryptUnder seals plaintext by the current material of k, a symmetric key: one call of the
// token, or two for another service. The purpose in the additional data keeps what callers encrypt
// apart from what the service seals under the same key for its own use: kms:Decrypt opens nothing
// of the latter.
func (s *Operations) encryptUnder(c *op.Call, k *key.Key, plaintext []byte,
	context map[string]string) ([]byte, error) {
	seal := s.materials.Seal
	if c.Via != "" {
		seal = s.materials.SealKept // a service keeps it, and not what it was made of
	}
	sealed, err := seal(c, k, plaintext,
		ciphertext.AdditionalData(ciphertext.ForCaller, k.ID, k.MaterialID, context))
	if err != nil {
		return nil, err
	}
	return ciphertext.Blob{KeyID: k.ID, MaterialID: k.MaterialID, Sealed: sealed}.Encode(), nil
}
