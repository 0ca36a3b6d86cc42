// Package sealing has the values of secrets sealed and opened by KMS, and says in Secrets
// Manager's words what KMS refused.
package sealing

import (
	"crypto/subtle"
	"errors"

	"claviger/internal/custody"
	"claviger/internal/envelope"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/secrets/secret"
	"claviger/secrets/smfault"
)

// How Secrets Manager calls it that KMS could not do its part, by direction.
var (
	encryptionFailure = fault.New(fault.State, "EncryptionFailure", "Secrets Manager can't encrypt "+
		"the protected secret text using the provided KMS key.")
	decryptionFailure = fault.New(fault.State, "DecryptionFailure", "Secrets Manager can't decrypt "+
		"the protected secret text using the provided KMS key.")
)

var (
	errKeyDenied = fault.New(fault.Denied, "AccessDeniedException", "Access to KMS is not allowed")

	errForeignDefault = smfault.InvalidRequest("You can't access a secret from a different " +
		"AWS account if you encrypt the secret with the default KMS service key.")
)

func errInvalidKey(reason string) *fault.Error {
	return smfault.InvalidParameter("The operation failed because of an invalid KMS key: " + reason)
}

// Sealer has values sealed and opened by KMS, as a call's caller.
type Sealer struct{ keys envelope.Keys }

// New returns a Sealer of keys.
func New(keys envelope.Keys) *Sealer { return &Sealer{keys} }

// keyTrial is the version id in the encryption context when a key is tried. AWS documents it for
// those who look for it in the trail.
const keyTrial = "RequestToValidateKeyAccess"

// Try has the KMS key that a request gives to sec seal something and open it again, and returns
// what came of it, as AWS does: a secret must not get a key that it could never be read with.
// Whoever may not use the key can't give it to a secret. The managed key needs no trial.
func (s *Sealer) Try(c *op.Call, sec *secret.Secret) (e envelope.Envelope, err error) {
	if sec.KeyID == "" {
		return e, nil
	}
	context := secret.EncryptionContext(sec, keyTrial)
	e, err = s.keys.Seal(c, secret.Service, sec.KeyFor(c), context, []byte(keyTrial))
	if err != nil {
		return e, namedKeyError(err)
	}
	_, err = s.keys.Unseal(c, secret.Service, e, context)
	return e, namedKeyError(err)
}

// TrySealing is the half of [Sealer.Try] that a copy of a secret needs: whoever may not have the
// key seal something can't give it to a copy. A key that is only closed for now passes.
func (s *Sealer) TrySealing(c *op.Call, sec *secret.Secret) error {
	if sec.KeyID == "" {
		return nil
	}
	_, err := s.keys.Seal(c, secret.Service, sec.KeyFor(c), secret.EncryptionContext(sec, keyTrial),
		[]byte(keyTrial))
	return unlessClosed(namedKeyError(err))
}

// TryUnsealing asks whether the caller may open a version. One that can't be opened for now
// passes.
func (s *Sealer) TryUnsealing(c *op.Call, sec *secret.Secret, v *secret.Version) error {
	plain, err := s.Unseal(c, sec, v)
	clear(plain)
	return unlessClosed(err)
}

func unlessClosed(err error) error {
	if f := fault.Of(err); f != nil && f.Kind == fault.State {
		return nil
	}
	return err
}

// Seal makes a version of sec with the value v: two calls of the token, since what is kept is
// opened once before. Nothing is stored yet.
func (s *Sealer) Seal(c *op.Call, sec *secret.Secret, id string,
	v *secret.Value) (*secret.Version, error) {
	if sec.KeyID == "" && sec.Account != c.Caller.Account {
		return nil, errForeignDefault
	}
	e, err := s.keys.Seal(c, secret.Service, sec.KeyFor(c), secret.EncryptionContext(sec, id),
		v.Bytes)
	if err != nil {
		return nil, kmsError(err, encryptionFailure)
	}
	return &secret.Version{Ref: sec.Ref(), Suffix: sec.Suffix, ID: id, Created: secret.Now(c),
		Binary: v.Binary, Managed: sec.KeyID == "", Envelope: e, Digest: secret.DigestOf(e.Sealed)}, nil
}

// Unseal returns the value of a version in clear: one call of the token.
func (s *Sealer) Unseal(c *op.Call, sec *secret.Secret, v *secret.Version) ([]byte, error) {
	if v.Managed && sec.Account != c.Caller.Account {
		return nil, errForeignDefault
	}
	plain, err := s.keys.Unseal(c, secret.Service, v.Envelope, secret.EncryptionContext(sec, v.ID))
	switch {
	case err == nil:
		return plain, nil
	case errors.Is(err, custody.ErrForged):
		// The version is signed and is what it was: the data key under which it opens is not.
		return nil, smfault.SealLost(sec.ARN(), v.ID, err)
	}
	return nil, kmsError(err, decryptionFailure)
}

// Reseal returns v sealed anew by the key that sec has now.
func (s *Sealer) Reseal(c *op.Call, sec *secret.Secret,
	v *secret.Version) (*secret.Version, error) {
	plain, err := s.Unseal(c, sec, v)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	anew, err := s.Seal(c, sec, v.ID, &secret.Value{Bytes: plain, Binary: v.Binary})
	if err != nil {
		return nil, err
	}
	anew.Created = v.Created
	return anew, nil
}

// Holds reports whether a version has exactly the value v. The comparison takes the same time
// wherever the two differ: a ClientRequestToken is known to more people than the value.
func (s *Sealer) Holds(c *op.Call, sec *secret.Secret, ver *secret.Version,
	v *secret.Value) (bool, error) {
	plain, err := s.Unseal(c, sec, ver)
	if err != nil {
		return false, err
	}
	defer clear(plain)
	return ver.Binary == v.Binary && subtle.ConstantTimeCompare(plain, v.Bytes) == 1, nil
}

// kmsError says in Secrets Manager's words what KMS refused, as "Troubleshoot AWS Secrets
// Manager" has it. Who may not use the key is denied. A key that is disabled, pending deletion or
// absent is a failure to encrypt or decrypt. What no request can help (the device away, a failure
// of our own) stays what it is.
func kmsError(err error, failure *fault.Error) error {
	f := fault.Of(err)
	because := *failure.Because(err)
	switch f.Kind {
	case fault.Denied:
		return errKeyDenied.Because(err)
	case fault.Invalid:
		because.Kind = fault.Invalid
	case fault.State, fault.NotFound:
	default:
		return err
	}
	return &because
}

// namedKeyError is [kmsError] for the key that a request names: one that isn't there, can't be
// one or serves something else is the request's fault. KMS's own words say which it is.
func namedKeyError(err error) error {
	f := fault.Of(err)
	switch {
	case f == nil:
		return nil
	case f.Kind == fault.NotFound, f.Kind == fault.Invalid, f.Code == "InvalidKeyUsageException":
		return errInvalidKey(f.Message).Because(err)
	}
	return kmsError(err, encryptionFailure)
}

// IsGone reports whether an error of [kmsError] says that the key is no more. What is closed only
// for now, a disabled key or one pending deletion, isn't.
func IsGone(err error) bool {
	f := fault.Of(err)
	return f.Code == decryptionFailure.Code && f.Err != nil && fault.Of(f.Err).Kind == fault.NotFound
}
