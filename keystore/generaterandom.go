package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/kmsfault"
)

// GenerateRandomInput is GenerateRandomRequest of AWS.
type GenerateRandomInput struct {
	NumberOfBytes    *int32         `shape:"NumberOfBytesType"`
	CustomKeyStoreId *string        `shape:"CustomKeyStoreIdType"`
	Recipient        *RecipientInfo `shape:"RecipientInfo"`
}

// Validate checks what members say together.
func (in GenerateRandomInput) Validate() error {
	if in.NumberOfBytes == nil {
		return kmsfault.Invalid("NumberOfBytes is required.")
	}
	return checkRecipient(in.Recipient)
}

// GenerateRandomOutput is GenerateRandomResponse of AWS.
type GenerateRandomOutput struct{ Plaintext []byte }

func (s *cryptographic) findRandom(c *op.Call, in GenerateRandomInput) (tokenTarget, error) {
	return s.stores.findToken(c, "GenerateRandom", in.CustomKeyStoreId)
}

func (s *cryptographic) generateRandom(c *op.Call, in GenerateRandomInput,
	on tokenTarget) (out GenerateRandomOutput, err error) {
	from := s.device.Random.Random
	if on.in != nil {
		from = on.in.connection.Random
	}
	out.Plaintext, err = from(c, int(*in.NumberOfBytes))
	return out, err
}
