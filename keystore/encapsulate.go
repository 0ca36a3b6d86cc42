package keystore

import (
	"claviger/internal/lattice"
	"claviger/internal/op"
	"claviger/keystore/key"
)

// EncapsulateInput is EncapsulateRequest of AWS.
type EncapsulateInput struct {
	KeyId                  string   `shape:"KeyIdType,required"`
	EncapsulationAlgorithm string   `shape:"EncapsulationAlgorithmSpec,required"`
	GrantTokens            []string `shape:"GrantTokenList"`
	DryRun                 *bool    `shape:"NullableBooleanType"`
	op.ByShape
}

// EncapsulateOutput is EncapsulateResponse of AWS: a secret of 32 bytes, and a ciphertext of 768, 1,088 or 1,568 that gives it
// to whoever may use the key's private half (FIPS 203 section 8).
type EncapsulateOutput struct {
	KeyId                      string
	SharedSecret               []byte
	SharedSecretCiphertextBlob []byte
	EncapsulationAlgorithm     string
}

// DecapsulateInput is DecapsulateRequest of AWS.
type DecapsulateInput struct {
	KeyId                      string   `shape:"KeyIdType,required"`
	SharedSecretCiphertextBlob []byte   `shape:"CiphertextType,required"`
	EncapsulationAlgorithm     string   `shape:"EncapsulationAlgorithmSpec,required"`
	GrantTokens                []string `shape:"GrantTokenList"`
	DryRun                     *bool    `shape:"NullableBooleanType"`
	op.ByShape
}

// DecapsulateOutput is DecapsulateResponse of AWS. A ciphertext that wasn't encapsulated to the key has a SharedSecret too,
// which nobody else knows (FIPS 203 section 6.3): that it is the right one shows when it is used.
type DecapsulateOutput struct {
	KeyId                  string
	SharedSecret           []byte
	EncapsulationAlgorithm string
}

func (s *Keys) findEncapsulate(c *op.Call, in EncapsulateInput) (*target, error) {
	return s.findUse(c, "Encapsulate", in.KeyId, in.EncapsulationAlgorithm, presented{tokens: in.GrantTokens})
}

func (s *Keys) findDecapsulate(c *op.Call, in DecapsulateInput) (*target, error) {
	return s.findUse(c, "Decapsulate", in.KeyId, in.EncapsulationAlgorithm, presented{tokens: in.GrantTokens})
}

// encapsulate takes nothing but the public key, so it is done here.
func (s *Keys) encapsulate(_ *op.Call, _ EncapsulateInput, t *target) (out EncapsulateOutput, err error) {
	public, ok := t.key.Public.(*lattice.EncapsulationKey)
	if !ok {
		return out, key.ErrLost(t.key)
	}
	secret, ciphertext := public.Encapsulate()
	return EncapsulateOutput{t.key.ARN(), secret, ciphertext, t.algorithm}, nil
}

// decapsulate is one call of the token, which refuses a ciphertext by its length alone.
func (s *Keys) decapsulate(c *op.Call, in DecapsulateInput, t *target) (out DecapsulateOutput, err error) {
	ref, err := t.key.CurrentRef()
	if err != nil {
		return out, err
	}
	secret, err := s.token.Decapsulate(c, ref, in.SharedSecretCiphertextBlob)
	return DecapsulateOutput{t.key.ARN(), secret, t.algorithm}, err
}
