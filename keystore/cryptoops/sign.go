package cryptoops

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
	"claviger/keystore/target"
	"claviger/policy"
)

type SignInput struct {
	KeyId            string   `shape:"KeyIdType,required"`
	Message          []byte   `shape:"PlaintextType,required"`
	MessageType      *string  `shape:"MessageType"`
	GrantTokens      []string `shape:"GrantTokenList"`
	SigningAlgorithm string   `shape:"SigningAlgorithmSpec,required"`
	DryRun           *bool    `shape:"NullableBooleanType"`
	op.ByShape
}

// SignOutput: an ECDSA signature is the DER form of (r, s) (RFC 3279 section 2.2.3).
type SignOutput struct {
	KeyId            string
	Signature        []byte
	SigningAlgorithm string
}

// findSigning looks up the key of a signature, and refuses a message that doesn't fit the
// algorithm.
func (s *Operations) findSigning(c *op.Call, operation, keyID, algorithm string, tokens []string,
	messageType *string, message []byte) (*target.Target, error) {
	kind := domain.Or(messageType, publickey.MessageRaw)
	t, err := s.finder.FindUse(c, operation, keyID, algorithm, target.Presented{Tokens: tokens,
		Says: func(v policy.Values) { v["kms:MessageType"] = []string{kind} }})
	if err != nil {
		return t, err
	}
	// As the last of the checks: AWS speaks of usage, state and algorithm before the message. The
	// algorithm is one of the table by then.
	t.Fits = func(*key.Key) error {
		return publickey.Schemes[algorithm].Check(algorithm, kind, message)
	}
	return t, nil
}

func (s *Operations) findSign(c *op.Call, in SignInput) (*target.Target, error) {
	return s.findSigning(c, "Sign", in.KeyId, in.SigningAlgorithm, in.GrantTokens, in.MessageType,
		in.Message)
}

// sign hashes here and signs on the token: one call of it.
func (s *Operations) sign(c *op.Call, in SignInput, t *target.Target) (out SignOutput, err error) {
	ref, err := t.Key.CurrentRef()
	if err != nil {
		return out, err
	}
	kind := domain.Or(in.MessageType, publickey.MessageRaw)
	signature, err := s.device.Signer.Sign(c, ref, publickey.TokenAlgorithm(t.Algorithm, kind),
		publickey.Schemes[t.Algorithm].Digest(kind, in.Message))
	return SignOutput{t.Key.ARN(), signature, t.Algorithm}, err
}
