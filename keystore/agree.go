package keystore

import (
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
)

// GetPublicKeyInput is GetPublicKeyRequest of AWS.
type GetPublicKeyInput struct {
	KeyId       string   `shape:"KeyIdType,required"`
	GrantTokens []string `shape:"GrantTokenList"`
	op.ByShape
}

// GetPublicKeyOutput is GetPublicKeyResponse of AWS. PublicKey is a DER SubjectPublicKeyInfo (RFC 5280).
type GetPublicKeyOutput struct {
	KeyId                   string
	PublicKey               []byte
	CustomerMasterKeySpec   string
	KeySpec                 string
	KeyUsage                string
	EncryptionAlgorithms    []string `json:",omitzero"`
	SigningAlgorithms       []string `json:",omitzero"`
	KeyAgreementAlgorithms  []string `json:",omitzero"`
	EncapsulationAlgorithms []string `json:",omitzero"`
}

// errPeer is AWS's answer to a public key that can't be agreed with; it says no more.
var errPeer = fault.New(fault.Invalid, "ValidationException", "")

func (s *Keys) findPublicKey(c *op.Call, in GetPublicKeyInput) (*target, error) {
	return s.findUse(c, "GetPublicKey", in.KeyId, "", presented{tokens: in.GrantTokens})
}

func (s *Keys) getPublicKey(_ *op.Call, _ GetPublicKeyInput, t *target) (GetPublicKeyOutput, error) {
	m := t.key.Metadata()
	return GetPublicKeyOutput{m.Arn, t.key.Materials[t.key.MaterialID].Public, m.CustomerMasterKeySpec, m.KeySpec, m.KeyUsage,
		m.EncryptionAlgorithms, m.SigningAlgorithms, m.KeyAgreementAlgorithms, m.EncapsulationAlgorithms}, nil
}

// DeriveSharedSecretInput is DeriveSharedSecretRequest of AWS.
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

// DeriveSharedSecretOutput is DeriveSharedSecretResponse of AWS. SharedSecret is the raw Z of SP 800-56A section 5.7.1.2: the x
// coordinate with its leading zeros, 32, 48 or 66 bytes. A key derivation function belongs over it.
type DeriveSharedSecretOutput struct {
	KeyId                 string
	SharedSecret          []byte
	KeyAgreementAlgorithm string
	KeyOrigin             string
}

// findAgreement looks up the key of an agreement. A peer's key that is of another curve, not on the curve or not in its one
// encoding is refused before the token sees it, and AWS says nothing about it.
func (s *Keys) findAgreement(c *op.Call, in DeriveSharedSecretInput) (*target, error) {
	t, err := s.findUse(c, "DeriveSharedSecret", in.KeyId, in.KeyAgreementAlgorithm, presented{tokens: in.GrantTokens})
	if err == nil {
		t.fits = func(k *key.Key) error {
			if _, err := publickey.Parse(k.Spec, in.PublicKey); err != nil {
				return errPeer.Because(err)
			}
			return nil
		}
	}
	return t, err
}

func (s *Keys) deriveSharedSecret(c *op.Call, in DeriveSharedSecretInput, t *target) (out DeriveSharedSecretOutput, err error) {
	ref, err := t.key.CurrentRef()
	if err != nil {
		return out, err
	}
	z, err := s.token.Derive(c, ref, in.PublicKey)
	return DeriveSharedSecretOutput{t.key.ARN(), z, t.algorithm, t.key.Origin}, err
}
