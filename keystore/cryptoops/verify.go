package cryptoops

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/publickey"
	"claviger/keystore/target"
)

type VerifyInput struct {
	KeyId            string   `shape:"KeyIdType,required"`
	Message          []byte   `shape:"PlaintextType,required"`
	MessageType      *string  `shape:"MessageType"`
	Signature        []byte   `shape:"CiphertextType,required"`
	SigningAlgorithm string   `shape:"SigningAlgorithmSpec,required"`
	GrantTokens      []string `shape:"GrantTokenList"`
	DryRun           *bool    `shape:"NullableBooleanType"`
	op.ByShape
}

// VerifyOutput: SignatureValid is always true: a signature that isn't is an error. So a caller who
// forgets to look at the member isn't fooled.
type VerifyOutput struct {
	KeyId            string
	SignatureValid   bool
	SigningAlgorithm string
}

// errSignature is AWS's answer to a signature that doesn't verify; it says no more.
var errSignature = fault.New(fault.Invalid, "KMSInvalidSignatureException", "")

func (s *Operations) findVerify(c *op.Call, in VerifyInput) (*target.Target, error) {
	return s.findSigning(c, "Verify", in.KeyId, in.SigningAlgorithm, in.GrantTokens, in.MessageType,
		in.Message)
}

// verify takes nothing but the public key, so it is done here. A caller who holds the public key
// may do the same without us. Asked here it takes a permission and leaves a record.
func (s *Operations) verify(_ *op.Call, in VerifyInput,
	t *target.Target) (out VerifyOutput, err error) {
	if !publickey.Schemes[t.Algorithm].Verifies(t.Key.Public,
		domain.Or(in.MessageType, publickey.MessageRaw), in.Message, in.Signature) {
		return out, errSignature
	}
	return VerifyOutput{t.Key.ARN(), true, t.Algorithm}, nil
}
