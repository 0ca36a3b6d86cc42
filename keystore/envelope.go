package keystore

import (
	"cmp"
	"errors"

	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/op"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/keystore/target"
)

// Other services have their values sealed by data keys under KMS keys; see package datakeys. Each
// use is authorized and recorded as kms:GenerateDataKey or kms:Decrypt by the caller. Short ones
// they may have encrypted by kms:Encrypt itself, as the caller, too.

// SealInput asks for a value to be sealed.
type SealInput struct {
	KeyId             string            `shape:"KeyIdType,required"`
	Service           string            `shape:"Service,required"`
	EncryptionContext map[string]string `shape:"EncryptionContextType"`
	Value             []byte            `shape:"SecretBinary"`
	KeySpec           string            `shape:"DataKeySpec"` // of the data key, for the record
	op.ByShape
}

// UnsealInput asks for a value to be opened.
type UnsealInput struct {
	KeyId             string            `shape:"KeyIdType,required"`
	Service           string            `shape:"Service,required"`
	Epoch             int64             `shape:"Epoch"`
	EncryptionContext map[string]string `shape:"EncryptionContextType"`
	Sealed            []byte            `shape:"SecretBinary"`

	EncryptionAlgorithm *string `shape:"EncryptionAlgorithmSpec"` // nil: there is no other
	op.ByShape
}

// Opened is a value in clear.
type Opened struct{ Value []byte }

// Seal seals value on behalf of service, as c's caller. An empty keyID means the key that the
// service manages; it is made on first use. The context is bound to the value and recorded. Unlike
// the making of that key it is asked for as the caller: only who may use the key may have the
// service use it.
func (s *Keys) Seal(c *op.Call, service, keyID string, context map[string]string,
	value []byte) (envelope.Envelope, error) {
	keyID, err := s.keyFor(c, service, keyID)
	if err != nil {
		return envelope.Envelope{}, err
	}
	return op.Ask(c, service, s.seal, SealInput{KeyId: keyID, Service: service,
		EncryptionContext: context, Value: value, KeySpec: "AES_256"})
}

// Unseal opens what Seal made, as c's caller. The envelope names the key: what is sealed may have
// been given another one since, for what comes next.
func (s *Keys) Unseal(c *op.Call, service string, e envelope.Envelope,
	context map[string]string) ([]byte, error) {
	out, err := op.Ask(c, service, s.unseal, UnsealInput{KeyId: e.KeyARN, Service: service,
		Epoch: e.Epoch, EncryptionContext: context, Sealed: e.Sealed})
	return out.Value, err
}

// Encrypt encrypts plaintext on behalf of service, as c's caller, by kms:Encrypt itself, and opens
// it once: two calls of the token. An empty keyID means what it does to [Keys.Seal].
func (s *Keys) Encrypt(c *op.Call, service, keyID string, context map[string]string,
	plaintext []byte) (envelope.Ciphertext, error) {
	keyID, err := s.keyFor(c, service, keyID)
	if err != nil {
		return envelope.Ciphertext{}, err
	}
	out, err := op.Ask(c, service, s.cryptographic.Encrypt, cryptoops.EncryptInput{KeyId: keyID,
		EncryptionContext: context, Plaintext: plaintext})
	return envelope.Ciphertext{KeyARN: out.KeyId, Blob: out.CiphertextBlob}, err
}

// Decrypt opens what Encrypt made, as c's caller, by kms:Decrypt itself: one call of the token. The
// key is named, so that a ciphertext of another one in its place is refused.
func (s *Keys) Decrypt(c *op.Call, service string, t envelope.Ciphertext,
	context map[string]string) ([]byte, error) {
	out, err := op.Ask(c, service, s.cryptographic.Decrypt, cryptoops.DecryptInput{KeyId: &t.KeyARN,
		EncryptionContext: context, CiphertextBlob: t.Blob})
	return out.Plaintext, err
}

// KeyARN implements [envelope.Keys].
func (s *Keys) KeyARN(c *op.Call, service, keyID string) (string, error) {
	return s.finder.KeyARN(c, cmp.Or(keyID, managedAlias(service)))
}

// keyFor returns the KeyId that a service is to use: the one given, or its own key's. That one is
// made on first use by whatever name it is asked for.
func (s *Keys) keyFor(c *op.Call, service, keyID string) (string, error) {
	own := managedAlias(service)
	keyID = cmp.Or(keyID, own)
	n, err := target.ParseName(c, keyID, true)
	if err != nil || n.Alias != own || n.Account != c.Caller.Account {
		return keyID, nil // what is no KeyId is refused when it is used, and recorded
	}
	return keyID, s.ensureManaged(c, service, own)
}

// ensureManaged makes the key that a service manages, and its alias, unless it is there. It commits
// before the request that needs the key. Should that fail, the key stays for the next one. The
// service makes it as itself, so that the caller needs no permission to create keys.
func (s *Keys) ensureManaged(c *op.Call, service, name string) error {
	account, region := c.Namespace()
	ref := keyrows.AliasRef{Account: account, Region: region, Name: name}
	if a, err := s.rows.Alias(c, ref); a != nil || err != nil {
		return err
	}
	_, err := op.AsService(c, service, c.Caller.Account, s.manage, manageInput{Service: service})
	if errors.Is(err, domain.ErrMade) {
		return nil // another request was first, which is as good
	}
	return err
}

// findSeal asks the caller for the permission that AWS's services ask for: to generate a data key.
func (s *Keys) findSeal(c *op.Call, in SealInput) (*target.Target, error) {
	return s.finder.FindUse(c, "GenerateDataKey", in.KeyId, key.SymmetricDefault,
		target.Presented{Context: in.EncryptionContext})
}

func (s *Keys) sealValue(c *op.Call, in SealInput, t *target.Target) (envelope.Envelope, error) {
	return s.dataKeys.Seal(c, t.Key, in.Service, in.EncryptionContext, in.Value)
}

// findUnseal asks for the permission to decrypt. The encryption context is the one that policies
// and grants may depend on.
func (s *Keys) findUnseal(c *op.Call, in UnsealInput) (*target.Target, error) {
	return s.finder.FindUse(c, "Decrypt", in.KeyId, key.SymmetricDefault,
		target.Presented{Context: in.EncryptionContext})
}

func (s *Keys) unsealValue(c *op.Call, in UnsealInput, t *target.Target) (Opened, error) {
	value, err := s.dataKeys.Unseal(c, t.Key, in.Service, in.Epoch, in.EncryptionContext, in.Sealed)
	return Opened{value}, err
}
