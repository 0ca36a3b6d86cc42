package cryptoops

import (
	"claviger/internal/admission"
	"claviger/internal/custody"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/model"
	"claviger/keystore/publickey"
	"claviger/keystore/target"
	"claviger/policy"
)

type GenerateDataKeyPairInput struct {
	EncryptionContext map[string]string `shape:"EncryptionContextType"`
	KeyId             string            `shape:"KeyIdType,required"`
	KeyPairSpec       string            `shape:"DataKeyPairSpec,required"`
	GrantTokens       []string          `shape:"GrantTokenList"`
	Recipient         *RecipientInfo    `shape:"RecipientInfo"`
	DryRun            *bool             `shape:"NullableBooleanType"`
}

// Validate checks what members say together, and refuses pairs that can't be made.
func (in GenerateDataKeyPairInput) Validate() error {
	if err := checkRecipient(in.Recipient); err != nil {
		return err
	}
	return checkPair(in.KeyPairSpec, in.EncryptionContext)
}

// checkPair refuses what this process can make no keys of.
func checkPair(spec string, context map[string]string) error {
	if spec == "SM2" {
		return kmsfault.Unsupported("Data key pairs of the spec " + spec +
			" are not supported by this service.")
	}
	return model.CheckContext(context)
}

// GenerateDataKeyPairOutput has the private key as PKCS#8 (RFC 5208; of ML-KEM the seed alone, RFC
// 9935 section 6), in clear and encrypted, and the public one as SubjectPublicKeyInfo (RFC 5280),
// all in DER.
type GenerateDataKeyPairOutput struct {
	PrivateKeyCiphertextBlob []byte
	PrivateKeyPlaintext      []byte
	PublicKey                []byte
	KeyId                    string
	KeyPairSpec              string
	KeyMaterialId            string
}

// saysPairSpec puts the spec of a pair into the values of condition keys.
func saysPairSpec(spec string) func(policy.Values) {
	return func(v policy.Values) { v["kms:DataKeyPairSpec"] = []string{spec} }
}

func (s *Operations) findPair(c *op.Call, in GenerateDataKeyPairInput) (*target.Target, error) {
	return s.finder.FindUse(c, "GenerateDataKeyPair", in.KeyId, key.SymmetricDefault,
		target.Presented{Tokens: in.GrantTokens, Context: in.EncryptionContext,
			Says: saysPairSpec(in.KeyPairSpec)})
}

func (s *Operations) generateDataKeyPair(c *op.Call, in GenerateDataKeyPairInput,
	t *target.Target) (out GenerateDataKeyPairOutput, err error) {
	private, public, blob, err := s.newDataKeyPair(c, t.Key, in.KeyPairSpec, in.EncryptionContext)
	return GenerateDataKeyPairOutput{
		PrivateKeyCiphertextBlob: blob,
		PrivateKeyPlaintext:      private,
		PublicKey:                public,
		KeyId:                    t.Key.ARN(),
		KeyPairSpec:              in.KeyPairSpec,
		KeyMaterialId:            t.Key.MaterialID,
	}, err
}

// newDataKeyPair makes a key pair in this process and encrypts its private key under k. By AWS's
// contract the caller gets the private key, now or by Decrypt, so the token could not keep it.
func (s *Operations) newDataKeyPair(c *op.Call, k *key.Key, spec string,
	context map[string]string) (private, public, blob []byte, err error) {
	// A place is waited for as long as the caller waits.
	party := admission.Party(c)
	if !s.Pairs.Wait(c, party) {
		if c.Err() != nil {
			return nil, nil, nil, custody.ErrUnavailable.Because(c.Err())
		}
		return nil, nil, nil, custody.ErrBusy
	}
	private, public, err = publickey.Generate(spec)
	// The place is for the making only: the token, which is asked next, has a queue of its own.
	s.Pairs.Give(party, 1)
	if err != nil {
		return nil, nil, nil, err
	}
	noteMaterial(c, k.MaterialID)
	blob, err = s.encryptUnder(c, k, private, context)
	return private, public, blob, err
}
