package cryptoops

import (
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
	"claviger/keystore/target"
)

type DeriveSharedSecretInput struct {
	KeyId                 string         `shape:"KeyIdType,required"`
	KeyAgreementAlgorithm string         `shape:"KeyAgreementAlgorithmSpec,required"`
	PublicKey             []byte         `shape:"PublicKeyType,required"`
	GrantTokens           []string       `shape:"GrantTokenList"`
	DryRun                *bool          `shape:"NullableBooleanType"`
	Recipient             *RecipientInfo `shape:"RecipientInfo"`
}

// Validate refuses enclaves.
func (in DeriveSharedSecretInput) Validate() error { return checkRecipient(in.Recipient) }

// DeriveSharedSecretOutput: SharedSecret is the raw Z of SP 800-56A section 5.7.1.2: the x
// coordinate with its leading zeros, 32, 48 or 66 bytes. A key derivation function belongs over it.
type DeriveSharedSecretOutput struct {
	KeyId                 string
	SharedSecret          []byte
	KeyAgreementAlgorithm string
	KeyOrigin             string
}

// errPeer is AWS's answer to a public key that can't be agreed with; it says no more. A reason
// would serve those who probe for the key.
var errPeer = fault.New(fault.Invalid, "ValidationException", "")

// findAgreement looks up the key of an agreement. A peer's key that is of another curve, not on the
// curve or not in its one encoding is refused before the token sees it, and AWS says nothing about
// it. With points off the curve their sender could find out the private key bit by bit, and not
// every device checks.
func (s *Operations) findAgreement(c *op.Call, in DeriveSharedSecretInput) (*target.Target, error) {
	t, err := s.finder.FindUse(c, "DeriveSharedSecret", in.KeyId, in.KeyAgreementAlgorithm,
		target.Presented{Tokens: in.GrantTokens})
	if err != nil {
		return t, err
	}
	t.Fits = func(k *key.Key) error {
		if _, err := publickey.Parse(k.Spec, in.PublicKey); err != nil {
			return errPeer.Because(err)
		}
		return nil
	}
	return t, err
}

// deriveSharedSecret is one call of the token. The peer's key was checked by Ready. The secret is
// the caller's: AWS leaves the derivation of a key from it to both peers.
func (s *Operations) deriveSharedSecret(c *op.Call, in DeriveSharedSecretInput,
	t *target.Target) (out DeriveSharedSecretOutput, err error) {
	ref, err := t.Key.CurrentRef()
	if err != nil {
		return out, err
	}
	z, err := s.device.Opener.Derive(c, ref, in.PublicKey)
	return DeriveSharedSecretOutput{t.Key.ARN(), z, t.Algorithm, t.Key.Origin}, err
}
