package cryptoops

import (
	"claviger/internal/lattice"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/target"
)

type EncapsulateInput struct {
	KeyId                  string   `shape:"KeyIdType,required"`
	EncapsulationAlgorithm string   `shape:"EncapsulationAlgorithmSpec,required"`
	GrantTokens            []string `shape:"GrantTokenList"`
	DryRun                 *bool    `shape:"NullableBooleanType"`
	op.ByShape
}

// EncapsulateOutput: a secret of 32 bytes, and a ciphertext of 768, 1,088 or 1,568 that gives it
// to whoever may use the key's private half (FIPS 203 section 8).
type EncapsulateOutput struct {
	KeyId                      string
	SharedSecret               []byte
	SharedSecretCiphertextBlob []byte
	EncapsulationAlgorithm     string
}

func (s *Operations) findEncapsulate(c *op.Call, in EncapsulateInput) (*target.Target, error) {
	return s.finder.FindUse(c, "Encapsulate", in.KeyId, in.EncapsulationAlgorithm,
		target.Presented{Tokens: in.GrantTokens})
}

// encapsulate takes nothing but the public key, so it is done here. The token's time is for what
// only the private key can do.
func (s *Operations) encapsulate(_ *op.Call, _ EncapsulateInput,
	t *target.Target) (out EncapsulateOutput, err error) {
	public, ok := t.Key.Public.(*lattice.EncapsulationKey)
	if !ok {
		return out, key.ErrLost(t.Key, t.Key.MaterialID)
	}
	secret, ciphertext := public.Encapsulate()
	return EncapsulateOutput{t.Key.ARN(), secret, ciphertext, t.Algorithm}, nil
}
