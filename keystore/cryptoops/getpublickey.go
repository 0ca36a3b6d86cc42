package cryptoops

import (
	"claviger/internal/op"
	"claviger/keystore/target"
)

type GetPublicKeyInput struct {
	KeyId       string   `shape:"KeyIdType,required"`
	GrantTokens []string `shape:"GrantTokenList"`
	op.ByShape
}

// GetPublicKeyOutput: PublicKey is a DER SubjectPublicKeyInfo (RFC 5280).
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

// findPublicKey is that of a use, so that a key pending deletion is noticed. But reading a public
// key is no use that GetKeyLastUsage shows.
func (s *Operations) findPublicKey(c *op.Call, in GetPublicKeyInput) (*target.Target, error) {
	return s.finder.FindUse(c, "GetPublicKey", in.KeyId, "", target.Presented{Tokens: in.GrantTokens})
}

// getPublicKey answers from the row, byte for byte as it was stored when the key was made or
// imported. No use of the private half is behind it, so the device isn't asked.
func (s *Operations) getPublicKey(_ *op.Call, _ GetPublicKeyInput,
	t *target.Target) (GetPublicKeyOutput, error) {
	m := t.Key.Metadata(s.device.Signer.Signs)
	return GetPublicKeyOutput{
		KeyId:                   m.Arn,
		PublicKey:               t.Key.Materials[t.Key.MaterialID].Public,
		CustomerMasterKeySpec:   m.CustomerMasterKeySpec,
		KeySpec:                 m.KeySpec,
		KeyUsage:                m.KeyUsage,
		EncryptionAlgorithms:    m.EncryptionAlgorithms,
		SigningAlgorithms:       m.SigningAlgorithms,
		KeyAgreementAlgorithms:  m.KeyAgreementAlgorithms,
		EncapsulationAlgorithms: m.EncapsulationAlgorithms,
	}, nil
}
