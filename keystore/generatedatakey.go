package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
)

// GenerateDataKeyInput is GenerateDataKeyRequest of AWS.
type GenerateDataKeyInput struct {
	KeyId             string            `shape:"KeyIdType,required"`
	EncryptionContext map[string]string `shape:"EncryptionContextType"`
	NumberOfBytes     *int32            `shape:"NumberOfBytesType"`
	KeySpec           *string           `shape:"DataKeySpec"`
	GrantTokens       []string          `shape:"GrantTokenList"`
	Recipient         *RecipientInfo    `shape:"RecipientInfo"`
	DryRun            *bool             `shape:"NullableBooleanType"`
}

// Validate checks what members say together.
func (in GenerateDataKeyInput) Validate() error {
	if err := checkRecipient(in.Recipient); err != nil {
		return err
	}
	return checkDataKey(in.KeySpec, in.NumberOfBytes, in.EncryptionContext)
}

// BareDataKeyInput is GenerateDataKeyWithoutPlaintextRequest of AWS.
type BareDataKeyInput struct {
	KeyId             string            `shape:"KeyIdType,required"`
	EncryptionContext map[string]string `shape:"EncryptionContextType"`
	KeySpec           *string           `shape:"DataKeySpec"`
	NumberOfBytes     *int32            `shape:"NumberOfBytesType"`
	GrantTokens       []string          `shape:"GrantTokenList"`
	DryRun            *bool             `shape:"NullableBooleanType"`
}

// Validate checks what members say together.
func (in BareDataKeyInput) Validate() error {
	return checkDataKey(in.KeySpec, in.NumberOfBytes, in.EncryptionContext)
}

func checkDataKey(spec *string, bytes *int32, context map[string]string) error {
	switch {
	case spec != nil && bytes != nil:
		return kmsfault.Invalid("Please specify either number of bytes or key spec, but not both.")
	case spec == nil && bytes == nil:
		return kmsfault.Invalid("Please specify either number of bytes or key spec.")
	}
	return checkContext(context)
}

// dataKeySize returns the length of a data key in bytes.
func dataKeySize(spec *string, bytes *int32) int {
	switch {
	case bytes != nil:
		return int(*bytes)
	case *spec == "AES_128":
		return 16
	}
	return 32
}

// GenerateDataKeyOutput is GenerateDataKeyResponse of AWS.
type GenerateDataKeyOutput struct {
	CiphertextBlob []byte
	Plaintext      []byte
	KeyId          string
	KeyMaterialId  string
}

// BareDataKeyOutput is GenerateDataKeyWithoutPlaintextResponse of AWS.
type BareDataKeyOutput struct {
	CiphertextBlob []byte
	KeyId          string
	KeyMaterialId  string
}

func (s *Keys) findDataKey(c *op.Call, in GenerateDataKeyInput) (*target, error) {
	return s.finder.findUse(c, "GenerateDataKey", in.KeyId, key.SymmetricDefault, presented{in.GrantTokens, in.EncryptionContext})
}

func (s *Keys) findBareDataKey(c *op.Call, in BareDataKeyInput) (*target, error) {
	return s.finder.findUse(c, "GenerateDataKeyWithoutPlaintext", in.KeyId, key.SymmetricDefault, presented{in.GrantTokens, in.EncryptionContext})
}

func (s *Keys) generateDataKey(c *op.Call, in GenerateDataKeyInput, t *target) (out GenerateDataKeyOutput, err error) {
	plain, blob, err := s.drawDataKey(c, t.key, dataKeySize(in.KeySpec, in.NumberOfBytes), in.EncryptionContext)
	return GenerateDataKeyOutput{blob, plain, t.key.ARN(), t.key.MaterialID}, err
}

func (s *Keys) generateDataKeyWithoutPlaintext(c *op.Call, in BareDataKeyInput, t *target) (out BareDataKeyOutput, err error) {
	plain, blob, err := s.drawDataKey(c, t.key, dataKeySize(in.KeySpec, in.NumberOfBytes), in.EncryptionContext)
	clear(plain)
	return BareDataKeyOutput{blob, t.key.ARN(), t.key.MaterialID}, err
}

// drawDataKey takes random bytes from the token and encrypts them under k. They pass through this process by AWS's
// contract: Decrypt must be able to return them.
func (s *Keys) drawDataKey(c *op.Call, k *key.Key, size int, context map[string]string) (plain, blob []byte, err error) {
	if plain, err = s.token.Random(c, size); err != nil {
		return nil, nil, err
	}
	blob, err = s.encryptUnder(c, k, plain, context)
	return plain, blob, err
}
