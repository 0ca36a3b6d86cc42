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

func (s *Keys) findRandom(c *op.Call, in GenerateRandomInput) (place, error) {
	return s.findPlace(c, "GenerateRandom", in.CustomKeyStoreId)
}

func (s *Keys) generateRandom(c *op.Call, in GenerateRandomInput, at place) (out GenerateRandomOutput, err error) {
	from := s.token.Random
	if at.store != nil {
		from = at.store.vault.Random
	}
	out.Plaintext, err = from(c, int(*in.NumberOfBytes))
	return out, err
}
