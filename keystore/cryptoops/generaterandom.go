package cryptoops

import (
	"claviger/internal/op"
	"claviger/keystore/customstore"
	"claviger/keystore/kmsfault"
)

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

type GenerateRandomOutput struct{ Plaintext []byte }

func (s *Operations) findRandom(c *op.Call,
	in GenerateRandomInput) (customstore.TokenTarget, error) {
	return s.stores.FindToken(c, "GenerateRandom", in.CustomKeyStoreId)
}

func (s *Operations) generateRandom(c *op.Call, in GenerateRandomInput,
	on customstore.TokenTarget) (out GenerateRandomOutput, err error) {
	from := s.device.Random.Random
	if on.In != nil {
		from = on.In.Token.Random
	}
	out.Plaintext, err = from(c, int(*in.NumberOfBytes))
	return out, err
}
