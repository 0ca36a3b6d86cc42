package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
)

// GenerateMacInput is GenerateMacRequest of AWS.
type GenerateMacInput struct {
	Message      []byte   `shape:"PlaintextType,required"`
	KeyId        string   `shape:"KeyIdType,required"`
	MacAlgorithm string   `shape:"MacAlgorithmSpec,required"`
	GrantTokens  []string `shape:"GrantTokenList"`
	DryRun       *bool    `shape:"NullableBooleanType"`
	op.ByShape
}

// GenerateMacOutput is GenerateMacResponse of AWS. Mac has 28, 32, 48 or 64 bytes by its algorithm.
type GenerateMacOutput struct {
	Mac          []byte
	MacAlgorithm string
	KeyId        string
}

func (s *Keys) findMac(c *op.Call, in GenerateMacInput) (*target, error) {
	return s.finder.findUse(c, "GenerateMac", in.KeyId, in.MacAlgorithm, presented{tokens: in.GrantTokens})
}

func (s *Keys) generateMac(c *op.Call, in GenerateMacInput, t *target) (GenerateMacOutput, error) {
	mac, err := s.macOf(c, t.key, in.Message)
	return GenerateMacOutput{mac, t.algorithm, t.key.ARN()}, err
}

// macOf has the token make the HMAC of a message. The material's kind is that of the one algorithm of its spec.
func (s *Keys) macOf(c *op.Call, k *key.Key, message []byte) ([]byte, error) {
	ref, err := k.CurrentRef()
	if err != nil {
		return nil, err
	}
	return s.token.MAC(c, ref, message)
}
