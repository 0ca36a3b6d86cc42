package cryptoops

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/target"
)

type GenerateMacInput struct {
	Message      []byte   `shape:"PlaintextType,required"`
	KeyId        string   `shape:"KeyIdType,required"`
	MacAlgorithm string   `shape:"MacAlgorithmSpec,required"`
	GrantTokens  []string `shape:"GrantTokenList"`
	DryRun       *bool    `shape:"NullableBooleanType"`
	op.ByShape
}

// GenerateMacOutput: Mac has 28, 32, 48 or 64 bytes by its algorithm.
type GenerateMacOutput struct {
	Mac          []byte
	MacAlgorithm string
	KeyId        string
}

func (s *Operations) findMac(c *op.Call, in GenerateMacInput) (*target.Target, error) {
	return s.finder.FindUse(c, "GenerateMac", in.KeyId, in.MacAlgorithm,
		target.Presented{Tokens: in.GrantTokens})
}

func (s *Operations) generateMac(c *op.Call, in GenerateMacInput,
	t *target.Target) (GenerateMacOutput, error) {
	mac, err := s.macOf(c, t.Key, in.Message)
	return GenerateMacOutput{mac, t.Algorithm, t.Key.ARN()}, err
}

// macOf has the token make the HMAC of a message. The material's kind is that of the one algorithm
// of its spec. The message goes to the token whole, since an HMAC's hash begins with the key.
func (s *Operations) macOf(c *op.Call, k *key.Key, message []byte) ([]byte, error) {
	ref, err := k.CurrentRef()
	if err != nil {
		return nil, err
	}
	return s.device.Signer.MAC(c, ref, message)
}
