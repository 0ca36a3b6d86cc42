package keystore

import (
	"crypto/subtle"

	"claviger/internal/fault"
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

// VerifyMacInput is VerifyMacRequest of AWS.
type VerifyMacInput struct {
	Message      []byte   `shape:"PlaintextType,required"`
	KeyId        string   `shape:"KeyIdType,required"`
	MacAlgorithm string   `shape:"MacAlgorithmSpec,required"`
	Mac          []byte   `shape:"CiphertextType,required"`
	GrantTokens  []string `shape:"GrantTokenList"`
	DryRun       *bool    `shape:"NullableBooleanType"`
	op.ByShape
}

// VerifyMacOutput is VerifyMacResponse of AWS. MacValid is always true: a MAC that isn't is an error.
type VerifyMacOutput struct {
	KeyId        string
	MacValid     bool
	MacAlgorithm string
}

// errMac is AWS's answer to a MAC that doesn't verify; it says no more.
var errMac = fault.New(fault.Invalid, "KMSInvalidMacException", "")

func (s *Keys) findMac(c *op.Call, in GenerateMacInput) (*target, error) {
	return s.findUse(c, "GenerateMac", in.KeyId, in.MacAlgorithm, presented{tokens: in.GrantTokens})
}

func (s *Keys) findVerifyMac(c *op.Call, in VerifyMacInput) (*target, error) {
	return s.findUse(c, "VerifyMac", in.KeyId, in.MacAlgorithm, presented{tokens: in.GrantTokens})
}

// macOf has the token make the HMAC of a message. The material's kind is that of the one algorithm of its spec.
func (s *Keys) macOf(c *op.Call, k *key.Key, message []byte) ([]byte, error) {
	ref, err := k.CurrentRef()
	if err != nil {
		return nil, err
	}
	return s.token.MAC(c, ref, message)
}

func (s *Keys) generateMac(c *op.Call, in GenerateMacInput, t *target) (GenerateMacOutput, error) {
	mac, err := s.macOf(c, t.key, in.Message)
	return GenerateMacOutput{mac, t.algorithm, t.key.ARN()}, err
}

// verifyMac makes the MAC again and compares in constant time. A MAC that was cut short is no MAC.
func (s *Keys) verifyMac(c *op.Call, in VerifyMacInput, t *target) (out VerifyMacOutput, err error) {
	want, err := s.macOf(c, t.key, in.Message)
	switch {
	case err != nil:
		return out, err
	case subtle.ConstantTimeCompare(want, in.Mac) != 1:
		return out, errMac
	}
	return VerifyMacOutput{t.key.ARN(), true, t.algorithm}, nil
}
