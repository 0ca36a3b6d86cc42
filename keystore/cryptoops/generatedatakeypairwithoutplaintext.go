package cryptoops

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/target"
)

type GenerateDataKeyPairWithoutPlaintextInput struct {
	EncryptionContext map[string]string `shape:"EncryptionContextType"`
	KeyId             string            `shape:"KeyIdType,required"`
	KeyPairSpec       string            `shape:"DataKeyPairSpec,required"`
	GrantTokens       []string          `shape:"GrantTokenList"`
	DryRun            *bool             `shape:"NullableBooleanType"`
}

// Validate refuses pairs that can't be made.
func (in GenerateDataKeyPairWithoutPlaintextInput) Validate() error {
	return checkPair(in.KeyPairSpec, in.EncryptionContext)
}

type GenerateDataKeyPairWithoutPlaintextOutput struct {
	PrivateKeyCiphertextBlob []byte
	PublicKey                []byte
	KeyId                    string
	KeyPairSpec              string
	KeyMaterialId            string
}

// findBarePair demands an action of its own: a policy may allow the pair to those who store it, and
// keep its private key from them.
func (s *Operations) findBarePair(c *op.Call,
	in GenerateDataKeyPairWithoutPlaintextInput) (*target.Target, error) {
	return s.finder.FindUse(c, "GenerateDataKeyPairWithoutPlaintext", in.KeyId, key.SymmetricDefault,
		target.Presented{Tokens: in.GrantTokens, Context: in.EncryptionContext,
			Says: saysPairSpec(in.KeyPairSpec)})
}

// generateDataKeyPairWithoutPlaintext wipes the private key that the caller did not ask for. It
// does so as well where the encryption fails: an error leaves nothing behind either.
func (s *Operations) generateDataKeyPairWithoutPlaintext(c *op.Call,
	in GenerateDataKeyPairWithoutPlaintextInput,
	t *target.Target) (out GenerateDataKeyPairWithoutPlaintextOutput, err error) {
	private, public, blob, err := s.newDataKeyPair(c, t.Key, in.KeyPairSpec, in.EncryptionContext)
	clear(private)
	return GenerateDataKeyPairWithoutPlaintextOutput{PrivateKeyCiphertextBlob: blob, PublicKey: public,
		KeyId: t.Key.ARN(), KeyPairSpec: in.KeyPairSpec, KeyMaterialId: t.Key.MaterialID}, err
}
