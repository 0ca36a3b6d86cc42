package cryptoops

import (
	"slices"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/ciphertext"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/model"
	"claviger/keystore/target"
)

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

// Validate checks what members say together.
func (in DecryptInput) Validate() error {
	if err := checkCiphertext(in.CiphertextBlob, domain.Or(in.DryRun, false), in.DryRunModifiers,
		in.KeyId != nil); err != nil {
		return err
	}
	if err := checkRecipient(in.Recipient); err != nil {
		return err
	}
	if err := checkNamed(in.EncryptionAlgorithm, in.KeyId); err != nil {
		return err
	}
	return model.CheckContextOf(in.EncryptionAlgorithm, in.EncryptionContext)
}

// checkCiphertext lets the ciphertext be left out only in a dry run that says so and names its key.
// A shape that is required would refuse those dry runs as well, so it is asked for here, in the
// words that the shape would have. Without a ciphertext nothing but the caller says which key is
// meant.
func checkCiphertext(blob []byte, dry bool, modifiers []string, named bool) error {
	ignore := slices.Contains(modifiers, "IGNORE_CIPHERTEXT")
	switch {
	case len(modifiers) > 0 && !dry:
		return kmsfault.Invalid("DryRunModifiers can be used only when DryRun is true.")
	case blob == nil && !ignore:
		return kmsfault.Invalid(
			"1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: " +
				"Member must not be null")
	case blob == nil && !named:
		return kmsfault.Invalid("A key ID is required when the ciphertext is left out.")
	}
	return nil
}

// checkNamed wants the key of an asymmetric ciphertext named: there is nothing in it that says
// which it is.
func checkNamed(algorithm, keyID *string) error {
	if keyID == nil && domain.Or(algorithm, key.SymmetricDefault) != key.SymmetricDefault {
		return kmsfault.Invalid("A key ID is required to decrypt by " + *algorithm +
			": the ciphertext doesn't name its key.")
	}
	return nil
}

type DecryptOutput struct {
	KeyId               string
	Plaintext           []byte
	EncryptionAlgorithm string
	KeyMaterialId       string `json:",omitzero"`
}

// Source is the key of a ciphertext: the one the caller named, or the one the ciphertext names.
type Source struct {
	target.Target
	ciphertext []byte          // nil: there is none, which a dry run allows
	blob       ciphertext.Blob // what the ciphertext of a symmetric key says, if it can be read
}

// errForeign is AWS's answer to a ciphertext whose key is unknown: it doesn't say whether there is
// one. It is the same whether the key is in another account, another Region or nowhere.
var errForeign = fault.New(fault.Denied, "AccessDeniedException",
	"The ciphertext refers to a customer master key that does not exist, does not exist in this "+
		"region, or you are not allowed to access.")

// Missing implements [op.Target].
func (t *Source) Missing() error {
	if t.InCiphertext && t.Absent() {
		return errForeign
	}
	return t.Target.Missing()
}

// Ready implements [op.Target]: a named key must be one that decrypts, and the ciphertext's own;
// and what a symmetric key decrypts, one that it may have made.
func (t *Source) Ready() error {
	// in what another kind of key takes, such ids are chance
	others := t.Key.IsSymmetric() && t.blob.KeyID != "" && t.blob.KeyID != t.Key.ID
	// AWS has this answer to a key of another usage too, where other operations have
	// InvalidKeyUsageException. It comes before the key's state: to enable a wrong key wouldn't help.
	if t.Key.Serves("Decrypt", "Decrypt") != nil || others {
		return fault.New(fault.State, "IncorrectKeyException",
			"The key ID in the request does not identify a CMK that can perform this operation.")
	}
	if err := t.Target.Ready(); err != nil {
		return err
	}
	// Here and not when it is used, so that a dry run finds it, too. A ciphertext that couldn't be
	// read names no material and ends here as well. The answer is that to a bad tag: nobody learns
	// by made-up ciphertexts which materials a key has.
	_, ok := t.Key.MaterialRef(t.blob.MaterialID)
	switch {
	case ok || t.Algorithm != key.SymmetricDefault || t.ciphertext == nil:
		return nil
	case t.Key.IsLost(t.blob.MaterialID):
		return key.ErrLost(t.Key, t.blob.MaterialID)
	}
	return custody.ErrForged
}

// findSource looks up the key of a ciphertext for an operation of the matrix, under an IAM action.
// A ciphertext that can't be read is refused at once if it alone would say which key is meant.
func (s *Operations) findSource(c *op.Call, operation, action string, text []byte,
	keyID, algorithm *string, by target.Presented) (*Source, error) {
	alg := domain.Or(algorithm, key.SymmetricDefault)
	var b ciphertext.Blob
	if alg == key.SymmetricDefault && text != nil {
		var err error
		// Where a key is named, the refusal waits until the caller is known to be allowed.
		if b, err = ciphertext.Parse(text); err != nil && keyID == nil {
			return nil, err
		}
	}
	t, err := s.finder.FindUse(c, operation, domain.Or(keyID, b.KeyID), alg, by)
	if err != nil {
		return nil, err
	}
	// ReEncrypt is one operation of the key-state matrix and two actions of IAM.
	t.Action, t.InCiphertext = action, keyID == nil
	return &Source{*t, text, b}, nil
}

// findDecrypt takes the caller's key, if one is named, before the ciphertext's own.
func (s *Operations) findDecrypt(c *op.Call, in DecryptInput) (*Source, error) {
	return s.findSource(c, "Decrypt", "Decrypt", in.CiphertextBlob, in.KeyId, in.EncryptionAlgorithm,
		target.Presented{Tokens: in.GrantTokens, Context: in.EncryptionContext})
}

// decrypt names the material that the ciphertext was made by, which may not be the current one.
func (s *Operations) decrypt(c *op.Call, in DecryptInput, t *Source) (DecryptOutput, error) {
	plaintext, err := s.decryptFrom(c, t, in.EncryptionContext)
	noteMaterial(c, t.blob.MaterialID)
	if t.Key.CustomKeyStoreID != "" {
		c.NoteText("customKeyStoreId", t.Key.CustomKeyStoreID)
	}
	return DecryptOutput{t.Key.ARN(), plaintext, t.Algorithm, t.blob.MaterialID}, err
}

// decryptFrom opens a ciphertext by the private key, or by the material it names, which Ready has
// seen: one call of the token. A ciphertext that could not be read, an unknown material, bad
// padding and a bad tag are one error.
func (s *Operations) decryptFrom(c *op.Call, t *Source, context map[string]string) ([]byte, error) {
	if t.Algorithm != key.SymmetricDefault {
		// A key pair has one material for life: only symmetric keys are rotated.
		ref, err := t.Key.CurrentRef()
		if err != nil {
			return nil, err
		}
		return s.device.Opener.Decrypt(c, ref, custody.Algorithm(t.Algorithm), t.ciphertext)
	}
	return s.materials.Unseal(c, t.Key, t.blob.MaterialID, t.blob.Sealed,
		ciphertext.AdditionalData(ciphertext.ForCaller, t.Key.ID, t.blob.MaterialID, context))
}
