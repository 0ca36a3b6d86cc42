package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/target"
	"claviger/policy"
)

type GetParametersForImportInput struct {
	KeyId             string `shape:"KeyIdType,required"`
	WrappingAlgorithm string `shape:"AlgorithmSpec,required"`
	WrappingKeySpec   string `shape:"WrappingKeySpec,required"`
}

// Validate refuses what AWS serves in China only, and what it has given up.
func (in GetParametersForImportInput) Validate() error {
	switch {
	case in.WrappingAlgorithm == "RSAES_PKCS1_V1_5":
		return kmsfault.Unsupported("The wrapping algorithm RSAES_PKCS1_V1_5 is not supported " +
			"any more. Use one of RSAES_OAEP_SHA_256 and RSA_AES_KEY_WRAP_SHA_256.")
	case in.WrappingAlgorithm == "SM2PKE", in.WrappingKeySpec == "SM2":
		return kmsfault.Unsupported("Wrapping by SM2 is not supported by this service.")
	}
	return nil
}

// GetParametersForImportOutput: PublicKey is a DER SubjectPublicKeyInfo.
type GetParametersForImportOutput struct {
	KeyId             string
	ImportToken       []byte
	PublicKey         []byte
	ParametersValidTo wire.Time
}

func (s *Keys) findImportParameters(c *op.Call,
	in GetParametersForImportInput) (*target.Target, error) {
	t, err := s.finder.Find(c, "GetParametersForImport", in.KeyId, false)
	if err != nil {
		return nil, err
	}
	t.Says = func(v policy.Values) {
		domain.SetText(v, "kms:WrappingAlgorithm", &in.WrappingAlgorithm)
		domain.SetText(v, "kms:WrappingKeySpec", &in.WrappingKeySpec)
	}
	t.Fits = func(k *key.Key) error {
		return imports.CheckWrapping(k, in.WrappingAlgorithm, in.WrappingKeySpec)
	}
	return t, nil
}

// getParametersForImport makes the pair before the transaction, since it takes the device seconds.
// If the process dies in between, nothing is left behind: the pair was nowhere but here, wrapped.
// Each request has a pair of its own, which is deleted in the end, so that an import which somebody
// has recorded stays closed.
func (s *Keys) getParametersForImport(c *op.Call, in GetParametersForImportInput,
	t *target.Target) (op.Commit[GetParametersForImportOutput], error) {
	pair, insert, err := s.importPairs.Generate(c, t.Key.Ref(), in.WrappingAlgorithm,
		in.WrappingKeySpec)
	if err != nil {
		return nil, err
	}
	return op.Apply(insert, GetParametersForImportOutput{
		KeyId:             t.Key.ARN(),
		ImportToken:       s.importPairs.Token(pair),
		PublicKey:         pair.Material.Public,
		ParametersValidTo: wire.Time{Time: pair.Expires},
	}), nil
}
