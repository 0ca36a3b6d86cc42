package cryptoops

import (
	"claviger/internal/op"
	"claviger/keystore/target"
)

type DecapsulateInput struct {
	KeyId                      string   `shape:"KeyIdType,required"`
	SharedSecretCiphertextBlob []byte   `shape:"CiphertextType,required"`
	EncapsulationAlgorithm     string   `shape:"EncapsulationAlgorithmSpec,required"`
	GrantTokens                []string `shape:"GrantTokenList"`
	DryRun                     *bool    `shape:"NullableBooleanType"`
	op.ByShape
}

// DecapsulateOutput: a ciphertext that wasn't encapsulated to the key has a SharedSecret too,
// which nobody else knows (FIPS 203 section 6.3): that it is the right one shows when it is used.
type DecapsulateOutput struct {
	KeyId                  string
	SharedSecret           []byte
	EncapsulationAlgorithm string
}

func (s *Operations) findDecapsulate(c *op.Call, in DecapsulateInput) (*target.Target, error) {
	return s.finder.FindUse(c, "Decapsulate", in.KeyId, in.EncapsulationAlgorithm,
		target.Presented{Tokens: in.GrantTokens})
}

// decapsulate is one call of the token, which refuses a ciphertext by its length alone. Nothing
// else is refused: any sign of what was wrong with a ciphertext would help to find the private key
// (FIPS 203 section 6.3).
func (s *Operations) decapsulate(c *op.Call, in DecapsulateInput,
	t *target.Target) (out DecapsulateOutput, err error) {
	ref, err := t.Key.CurrentRef()
	if err != nil {
		return out, err
	}
	secret, err := s.device.Opener.Decapsulate(c, ref, in.SharedSecretCiphertextBlob)
	return DecapsulateOutput{t.Key.ARN(), secret, t.Algorithm}, err
}
