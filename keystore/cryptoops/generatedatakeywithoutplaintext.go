package cryptoops

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/target"
)

type GenerateDataKeyWithoutPlaintextInput struct {
	KeyId             string            `shape:"KeyIdType,required"`
	EncryptionContext map[string]string `shape:"EncryptionContextType"`
	KeySpec           *string           `shape:"DataKeySpec"`
	NumberOfBytes     *int32            `shape:"NumberOfBytesType"`
	GrantTokens       []string          `shape:"GrantTokenList"`
	DryRun            *bool             `shape:"NullableBooleanType"`
}

// Validate checks what members say together.
func (in GenerateDataKeyWithoutPlaintextInput) Validate() error {
	return checkDataKey(in.KeySpec, in.NumberOfBytes, in.EncryptionContext)
}

type GenerateDataKeyWithoutPlaintextOutput struct {
	CiphertextBlob []byte
	KeyId          string
	KeyMaterialId  string
}

// findBareDataKey demands an action of its own, so that who prepares data keys for others needs no
// right to see one.
func (s *Operations) findBareDataKey(c *op.Call,
	in GenerateDataKeyWithoutPlaintextInput) (*target.Target, error) {
	return s.finder.FindUse(c, "GenerateDataKeyWithoutPlaintext", in.KeyId, key.SymmetricDefault,
		target.Presented{Tokens: in.GrantTokens, Context: in.EncryptionContext})
}

// generateDataKeyWithoutPlaintext wipes the data key that the caller did not ask for.
func (s *Operations) generateDataKeyWithoutPlaintext(c *op.Call,
	in GenerateDataKeyWithoutPlaintextInput,
	t *target.Target) (out GenerateDataKeyWithoutPlaintextOutput, err error) {
	plain, blob, err := s.newDataKey(c, t.Key, dataKeySize(in.KeySpec, in.NumberOfBytes),
		in.EncryptionContext)
	clear(plain)
	return GenerateDataKeyWithoutPlaintextOutput{blob, t.Key.ARN(), t.Key.MaterialID}, err
}
