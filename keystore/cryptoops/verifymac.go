package cryptoops

import (
	"crypto/subtle"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/target"
)

type VerifyMacInput struct {
	Message      []byte   `shape:"PlaintextType,required"`
	KeyId        string   `shape:"KeyIdType,required"`
	MacAlgorithm string   `shape:"MacAlgorithmSpec,required"`
	Mac          []byte   `shape:"CiphertextType,required"`
	GrantTokens  []string `shape:"GrantTokenList"`
	DryRun       *bool    `shape:"NullableBooleanType"`
	op.ByShape
}

// VerifyMacOutput: MacValid is always true: a MAC that isn't is an error. So a caller who forgets
// to look at the member isn't fooled.
type VerifyMacOutput struct {
	KeyId        string
	MacValid     bool
	MacAlgorithm string
}

// errMac is AWS's answer to a MAC that doesn't verify; it says no more.
var errMac = fault.New(fault.Invalid, "KMSInvalidMacException", "")

func (s *Operations) findVerifyMac(c *op.Call, in VerifyMacInput) (*target.Target, error) {
	return s.finder.FindUse(c, "VerifyMac", in.KeyId, in.MacAlgorithm,
		target.Presented{Tokens: in.GrantTokens})
}

// verifyMac makes the MAC again and compares in constant time. A MAC that was cut short is no MAC.
// By how long a comparison takes one could otherwise find the right MAC byte by byte.
func (s *Operations) verifyMac(c *op.Call, in VerifyMacInput,
	t *target.Target) (out VerifyMacOutput, err error) {
	want, err := s.macOf(c, t.Key, in.Message)
	switch {
	case err != nil:
		return out, err
	case subtle.ConstantTimeCompare(want, in.Mac) != 1:
		return out, errMac
	}
	return VerifyMacOutput{t.Key.ARN(), true, t.Algorithm}, nil
}
