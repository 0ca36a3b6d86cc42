package cryptoops

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/model"
	"claviger/keystore/target"
)

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

// checkDataKey wants the length said in one way. AWS has one text for both mistakes.
func checkDataKey(spec *string, bytes *int32, context map[string]string) error {
	if (spec == nil) == (bytes == nil) {
		return kmsfault.Invalid("Please specify either number of bytes or key spec.")
	}
	return model.CheckContext(context)
}

// dataKeySize returns the length of a data key in bytes. One of both is there: see [checkDataKey].
func dataKeySize(spec *string, bytes *int32) int {
	switch {
	case bytes != nil:
		return int(*bytes)
	case *spec == "AES_128":
		return 16
	}
	return 32
}

type GenerateDataKeyOutput struct {
	CiphertextBlob []byte
	Plaintext      []byte
	KeyId          string
	KeyMaterialId  string
}

// findDataKey names no algorithm but the symmetric one: AWS encrypts data keys under no others.
func (s *Operations) findDataKey(c *op.Call, in GenerateDataKeyInput) (*target.Target, error) {
	return s.finder.FindUse(c, "GenerateDataKey", in.KeyId, key.SymmetricDefault,
		target.Presented{Tokens: in.GrantTokens, Context: in.EncryptionContext})
}

func (s *Operations) generateDataKey(c *op.Call, in GenerateDataKeyInput,
	t *target.Target) (out GenerateDataKeyOutput, err error) {
	plain, blob, err := s.newDataKey(c, t.Key, dataKeySize(in.KeySpec, in.NumberOfBytes),
		in.EncryptionContext)
	return GenerateDataKeyOutput{blob, plain, t.Key.ARN(), t.Key.MaterialID}, err
}

// newDataKey takes random bytes from the token and encrypts them under k. They pass through this
// process by AWS's contract: Decrypt must be able to return them. Also under a key of a custom key
// store they are the service's own token's, and that of the store encrypts only.
func (s *Operations) newDataKey(c *op.Call, k *key.Key, size int,
	context map[string]string) (plain, blob []byte, err error) {
	if plain, err = s.device.Random.Random(c, size); err != nil {
		return nil, nil, err
	}
	noteMaterial(c, k.MaterialID)
	blob, err = s.encryptUnder(c, k, plain, context)
	return plain, blob, err
}
