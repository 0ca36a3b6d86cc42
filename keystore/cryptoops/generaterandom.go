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

// Validate checks what members say together. The model doesn't require the number, and AWS has a
// sentence of its own where it is absent.
func (in GenerateRandomInput) Validate() error {
	if in.NumberOfBytes == nil {
		return kmsfault.Invalid("NumberOfBytes is required.")
	}
	return checkRecipient(in.Recipient)
}

type GenerateRandomOutput struct{ Plaintext []byte }

// findRandom demands a permission on the account: no key is touched, so there is no key policy to
// ask.
func (s *Operations) findRandom(c *op.Call,
	in GenerateRandomInput) (customstore.TokenTarget, error) {
	return s.stores.FindToken(c, "GenerateRandom", in.CustomKeyStoreId)
}

// generateRandom draws from the token of the custom key store that the caller named, or from the
// service's own. The process adds nothing of its own to either.
func (s *Operations) generateRandom(c *op.Call, in GenerateRandomInput,
	on customstore.TokenTarget) (out GenerateRandomOutput, err error) {
	from := s.device.Random.Random
	if on.In != nil {
		from = on.In.Token.Random
	}
	out.Plaintext, err = from(c, int(*in.NumberOfBytes))
	return out, err
}
