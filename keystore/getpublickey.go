package keystore

import "claviger/internal/op"

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

func (s *Keys) findPublicKey(c *op.Call, in GetPublicKeyInput) (*target, error) {
	return s.finder.findUse(c, "GetPublicKey", in.KeyId, "", presented{tokens: in.GrantTokens})
}

func (s *Keys) getPublicKey(_ *op.Call, _ GetPublicKeyInput, t *target) (GetPublicKeyOutput, error) {
	m := t.key.Metadata()
	return GetPublicKeyOutput{m.Arn, t.key.Materials[t.key.MaterialID].Public, m.CustomerMasterKeySpec, m.KeySpec, m.KeyUsage,
		m.EncryptionAlgorithms, m.SigningAlgorithms, m.KeyAgreementAlgorithms, m.EncapsulationAlgorithms}, nil
}
