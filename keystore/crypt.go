package keystore

import (
	"slices"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/ciphertext"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/publickey"
	"claviger/policy"
)

// EncryptInput is EncryptRequest of AWS.
type EncryptInput struct {
	KeyId               string            `shape:"KeyIdType,required"`
	Plaintext           []byte            `shape:"PlaintextType,required"`
	EncryptionContext   map[string]string `shape:"EncryptionContextType"`
	GrantTokens         []string          `shape:"GrantTokenList"`
	EncryptionAlgorithm *string           `shape:"EncryptionAlgorithmSpec"`
	DryRun              *bool             `shape:"NullableBooleanType"`
}

// Validate implements [op.Input].
func (in EncryptInput) Validate() error {
	return checkContextOf(in.EncryptionAlgorithm, in.EncryptionContext)
}

// EncryptOutput is EncryptResponse of AWS.
type EncryptOutput struct {
	CiphertextBlob      []byte
	KeyId               string
	EncryptionAlgorithm string
}

// contextLimit bounds the keys and values of an encryption context together, in bytes.
const contextLimit = 8192

func checkContext(context map[string]string) error {
	n := 0
	for k, v := range context {
		n += len(k) + len(v)
	}
	if n > contextLimit {
		return kmsfault.Invalid("The encryption context is larger than 8192 bytes.")
	}
	return nil
}

// checkContextOf also refuses a context where an algorithm has no additional data to bind it by.
func checkContextOf(algorithm *string, context map[string]string) error {
	if domain.Or(algorithm, key.SymmetricDefault) != key.SymmetricDefault && len(context) > 0 {
		return kmsfault.Invalid("An encryption context can be used only with symmetric encryption keys.")
	}
	return checkContext(context)
}

// findUse names and looks up the key of a cryptographic operation.
func (s *Keys) findUse(c *op.Call, operation, keyID, algorithm string, by presented) (*target, error) {
	t, err := s.findGranted(c, operation, keyID, true, by)
	if err != nil {
		return t, err
	}
	t.algorithm, t.viaOnly, t.usePendingDeletion = algorithm, c.Via == "", func() { s.notePendingDeletion(c) }
	return t, nil
}

// notePendingDeletion marks the record of a use that was refused because its key is pending deletion, and counts it: somebody still
// depends on the key, and there is time to take its deletion back.
func (s *Keys) notePendingDeletion(c *op.Call) {
	c.Note(`{"pendingDeletionKeyUsed":true}`)
	s.pendingUses.Add(1)
}

// PendingDeletionUses returns how many uses were refused since the start because their key was pending deletion, dry runs included.
func (s *Keys) PendingDeletionUses() uint64 { return s.pendingUses.Load() }

func (s *Keys) findEncrypt(c *op.Call, in EncryptInput) (*target, error) {
	t, err := s.findUse(c, "Encrypt", in.KeyId, domain.Or(in.EncryptionAlgorithm, key.SymmetricDefault), presented{in.GrantTokens, in.EncryptionContext})
	if err != nil {
		return t, err
	}
	t.fits = func(k *key.Key) error { return k.TakesPlaintext(t.algorithm, len(in.Plaintext)) }
	return t, nil
}

func (s *Keys) encrypt(c *op.Call, in EncryptInput, t *target) (EncryptOutput, error) {
	ciphertext, err := s.encryptTo(c, t, in.Plaintext, in.EncryptionContext)
	return EncryptOutput{ciphertext, t.key.ARN(), t.algorithm}, err
}

// encryptTo encrypts by the target's key and algorithm. What a public key can do is done on this host.
func (s *Keys) encryptTo(c *op.Call, t *target, plaintext []byte, context map[string]string) ([]byte, error) {
	if t.algorithm == key.SymmetricDefault {
		return s.encryptUnder(c, t.key, plaintext, context)
	}
	if err := t.key.TakesPlaintext(t.algorithm, len(plaintext)); err != nil {
		return nil, err
	}
	return publickey.EncryptOAEP(t.key.Public, t.algorithm, plaintext)
}

// encryptUnder seals plaintext by the current material of k, a symmetric key: one call of the token.
func (s *Keys) encryptUnder(c *op.Call, k *key.Key, plaintext []byte, context map[string]string) ([]byte, error) {
	sealed, err := s.materials.Seal(c, k, plaintext,
		ciphertext.AdditionalData(ciphertext.ForCaller, k.ID, k.MaterialID, context))
	if err != nil {
		return nil, err
	}
	return ciphertext.Blob{KeyID: k.ID, MaterialID: k.MaterialID, Sealed: sealed}.Encode(), nil
}

// DecryptInput is DecryptRequest of AWS.
type DecryptInput struct {
	CiphertextBlob      []byte            `shape:"CiphertextType"`
	EncryptionContext   map[string]string `shape:"EncryptionContextType"`
	GrantTokens         []string          `shape:"GrantTokenList"`
	KeyId               *string           `shape:"KeyIdType"`
	EncryptionAlgorithm *string           `shape:"EncryptionAlgorithmSpec"`
	Recipient           *RecipientInfo    `shape:"RecipientInfo"`
	DryRun              *bool             `shape:"NullableBooleanType"`
	DryRunModifiers     []string          `shape:"DryRunModifierList"`
}

// RecipientInfo names a Nitro enclave. There are none here.
type RecipientInfo struct {
	KeyEncryptionAlgorithm *string `shape:"KeyEncryptionMechanism"`
	AttestationDocument    []byte  `shape:"AttestationDocumentType"`
}

// Validate checks what members say together.
func (in DecryptInput) Validate() error {
	if err := checkCiphertext(in.CiphertextBlob, domain.Or(in.DryRun, false), in.DryRunModifiers, in.KeyId != nil); err != nil {
		return err
	}
	if err := checkRecipient(in.Recipient); err != nil {
		return err
	}
	if err := checkNamed(in.EncryptionAlgorithm, in.KeyId); err != nil {
		return err
	}
	return checkContextOf(in.EncryptionAlgorithm, in.EncryptionContext)
}

// checkCiphertext lets the ciphertext be left out only in a dry run that says so and names its key.
func checkCiphertext(blob []byte, dry bool, modifiers []string, named bool) error {
	ignore := slices.Contains(modifiers, "IGNORE_CIPHERTEXT")
	switch {
	case len(modifiers) > 0 && !dry:
		return kmsfault.Invalid("DryRunModifiers can be used only when DryRun is true.")
	case blob == nil && !ignore:
		return kmsfault.Invalid("1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null")
	case blob == nil && !named:
		return kmsfault.Invalid("A key ID is required when the ciphertext is left out.")
	}
	return nil
}

// checkNamed wants the key of an asymmetric ciphertext named: there is nothing in it that says which it is.
func checkNamed(algorithm, keyID *string) error {
	if keyID == nil && domain.Or(algorithm, key.SymmetricDefault) != key.SymmetricDefault {
		return kmsfault.Invalid("A key ID is required to decrypt by " + *algorithm + ": the ciphertext doesn't name its key.")
	}
	return nil
}

func checkRecipient(r *RecipientInfo) error {
	if r != nil {
		return kmsfault.Unsupported("Recipient is not supported: this service knows no Nitro enclaves.")
	}
	return nil
}

// DecryptOutput is DecryptResponse of AWS.
type DecryptOutput struct {
	KeyId               string
	Plaintext           []byte
	EncryptionAlgorithm string
	KeyMaterialId       string `json:",omitzero"`
}

// source is the key of a ciphertext: the one the caller named, or the one the ciphertext names.
type source struct {
	target
	ciphertext []byte          // nil: there is none, which a dry run allows
	blob       ciphertext.Blob // what the ciphertext of a symmetric key says, if it can be read
	implicit   bool            // the key was found in the ciphertext
}

// errForeign is AWS's answer to a ciphertext whose key is unknown: it doesn't say whether there is one.
var errForeign = fault.New(fault.Denied, "AccessDeniedException",
	"The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")

// Missing implements [op.Target].
func (t *source) Missing() error {
	if t.key == nil && t.implicit {
		return errForeign
	}
	return t.target.Missing()
}

// Ready implements [op.Target]: a named key must be one that decrypts, and the ciphertext's own; and what a symmetric key
// decrypts, one that it may have made.
func (t *source) Ready() error {
	others := t.key.IsSymmetric() && t.blob.KeyID != "" && t.blob.KeyID != t.key.ID // in what another kind of key takes, such ids are chance
	if t.key.Serves("Decrypt") != nil || others {
		return fault.New(fault.State, "IncorrectKeyException",
			"The key ID in the request does not identify a CMK that can perform this operation.")
	}
	if err := t.target.Ready(); err != nil {
		return err
	}
	if _, ok := t.key.MaterialRef(t.blob.MaterialID); t.algorithm == key.SymmetricDefault && t.ciphertext != nil && !ok {
		return custody.ErrForged
	}
	return nil
}

// findSource looks up the key of a ciphertext for an operation of the matrix, under an IAM action. A ciphertext that can't be
// read is refused at once if it alone would say which key is meant.
func (s *Keys) findSource(c *op.Call, operation, action string, text []byte, keyID, algorithm *string, by presented) (*source, error) {
	alg := domain.Or(algorithm, key.SymmetricDefault)
	var b ciphertext.Blob
	if alg == key.SymmetricDefault && text != nil {
		var err error
		if b, err = ciphertext.Parse(text); err != nil && keyID == nil {
			return nil, err
		}
	}
	t, err := s.findUse(c, operation, domain.Or(keyID, b.KeyID), alg, by)
	if err != nil {
		return nil, err
	}
	t.action = action
	return &source{*t, text, b, keyID == nil}, nil
}

func (s *Keys) findDecrypt(c *op.Call, in DecryptInput) (*source, error) {
	return s.findSource(c, "Decrypt", "Decrypt", in.CiphertextBlob, in.KeyId, in.EncryptionAlgorithm, presented{in.GrantTokens, in.EncryptionContext})
}

func (s *Keys) decrypt(c *op.Call, in DecryptInput, t *source) (DecryptOutput, error) {
	plaintext, err := s.decryptFrom(c, t, in.EncryptionContext)
	return DecryptOutput{t.key.ARN(), plaintext, t.algorithm, t.blob.MaterialID}, err
}

// decryptFrom opens a ciphertext by the private key, or by the material it names, which Ready has seen: one call of the
// token. A ciphertext that could not be read, an unknown material, bad padding and a bad tag are one error.
func (s *Keys) decryptFrom(c *op.Call, t *source, context map[string]string) ([]byte, error) {
	if t.algorithm != key.SymmetricDefault {
		ref, err := t.key.CurrentRef()
		if err != nil {
			return nil, err
		}
		return s.token.Decrypt(c, ref, custody.Algorithm(t.algorithm), t.ciphertext)
	}
	return s.materials.Unseal(c, t.key, t.blob.MaterialID, t.blob.Sealed,
		ciphertext.AdditionalData(ciphertext.ForCaller, t.key.ID, t.blob.MaterialID, context))
}

// ReEncryptInput is ReEncryptRequest of AWS.
type ReEncryptInput struct {
	CiphertextBlob                 []byte            `shape:"CiphertextType"`
	SourceEncryptionContext        map[string]string `shape:"EncryptionContextType"`
	SourceKeyId                    *string           `shape:"KeyIdType"`
	DestinationKeyId               string            `shape:"KeyIdType,required"`
	DestinationEncryptionContext   map[string]string `shape:"EncryptionContextType"`
	SourceEncryptionAlgorithm      *string           `shape:"EncryptionAlgorithmSpec"`
	DestinationEncryptionAlgorithm *string           `shape:"EncryptionAlgorithmSpec"`
	GrantTokens                    []string          `shape:"GrantTokenList"`
	DryRun                         *bool             `shape:"NullableBooleanType"`
	DryRunModifiers                []string          `shape:"DryRunModifierList"`
}

// Validate checks what members say together.
func (in ReEncryptInput) Validate() error {
	if err := checkCiphertext(in.CiphertextBlob, domain.Or(in.DryRun, false), in.DryRunModifiers, in.SourceKeyId != nil); err != nil {
		return err
	}
	if err := checkNamed(in.SourceEncryptionAlgorithm, in.SourceKeyId); err != nil {
		return err
	}
	if err := checkContextOf(in.SourceEncryptionAlgorithm, in.SourceEncryptionContext); err != nil {
		return err
	}
	return checkContextOf(in.DestinationEncryptionAlgorithm, in.DestinationEncryptionContext)
}

// ReEncryptOutput is ReEncryptResponse of AWS.
type ReEncryptOutput struct {
	CiphertextBlob                 []byte
	SourceKeyId                    string
	KeyId                          string
	SourceEncryptionAlgorithm      string
	DestinationEncryptionAlgorithm string
	SourceKeyMaterialId            string `json:",omitzero"`
	DestinationKeyMaterialId       string `json:",omitzero"`
}

// reEncryption touches two keys and demands two permissions.
type reEncryption struct {
	from *source
	to   *target
}

// Demands implements [op.Target].
func (t *reEncryption) Demands() []policy.Demand { return append(t.from.Demands(), t.to.Demands()...) }

// Missing implements [op.Target].
func (t *reEncryption) Missing() error {
	if err := t.from.Missing(); err != nil {
		return err
	}
	return t.to.Missing()
}

// Ready implements [op.Target].
func (t *reEncryption) Ready() error {
	if err := t.from.Ready(); err != nil {
		return err
	}
	return t.to.Ready()
}

func (s *Keys) findReEncrypt(c *op.Call, in ReEncryptInput) (*reEncryption, error) {
	from, err := s.findSource(c, "ReEncrypt", "ReEncryptFrom", in.CiphertextBlob, in.SourceKeyId, in.SourceEncryptionAlgorithm,
		presented{in.GrantTokens, in.SourceEncryptionContext})
	if err != nil {
		return nil, err
	}
	to, err := s.findUse(c, "ReEncrypt", in.DestinationKeyId, domain.Or(in.DestinationEncryptionAlgorithm, key.SymmetricDefault),
		presented{in.GrantTokens, in.DestinationEncryptionContext})
	if err != nil {
		return nil, err
	}
	to.action = "ReEncryptTo"
	return &reEncryption{from, to}, nil
}

func (s *Keys) reEncrypt(c *op.Call, in ReEncryptInput, t *reEncryption) (out ReEncryptOutput, err error) {
	plaintext, err := s.decryptFrom(c, t.from, in.SourceEncryptionContext)
	if err != nil {
		return out, err
	}
	defer clear(plaintext)
	ciphertext, err := s.encryptTo(c, t.to, plaintext, in.DestinationEncryptionContext)
	return ReEncryptOutput{ciphertext, t.from.key.ARN(), t.to.key.ARN(), t.from.algorithm, t.to.algorithm,
		t.from.blob.MaterialID, t.to.key.ShownMaterialID()}, err
}
