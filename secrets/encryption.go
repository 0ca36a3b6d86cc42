package secrets

import (
	"crypto/subtle"

	"claviger/internal/fault"
	"claviger/internal/op"
)

// service is how KMS knows who asks.
const service = "secretsmanager"

// managedAlias names the key that a secret has if nobody names another.
const managedAlias = "alias/aws/secretsmanager"

// How Secrets Manager calls it that KMS could not do its part, by direction.
const (
	encryptionFailure = "EncryptionFailure"
	decryptionFailure = "DecryptionFailure"
)

// keyName returns the form in which a secret keeps KmsKeyId: nothing for the managed key, however it is spelled.
func keyName(c *op.Call, id string) string {
	if id == managedAlias || id == "arn:aws:kms:"+c.Region+":"+c.Caller.Account+":"+managedAlias {
		return ""
	}
	return id
}

// binding is the encryption context of a version, as AWS documents it. It binds the value to its secret and version.
func binding(s *Secret, id string) map[string]string {
	return map[string]string{"SecretARN": s.ARN(), "SecretVersionId": id}
}

// seal makes a version of sec with the value v: one call of the token. Nothing is stored yet.
func (s *Secrets) seal(c *op.Call, sec *Secret, id string, v *value) (*version, error) {
	e, err := s.keys.Seal(c, service, sec.KeyID, binding(sec, id), v.bytes)
	if err != nil {
		return nil, kmsError(err, encryptionFailure, "encrypt")
	}
	return &version{id: id, created: now(c), binary: v.binary, managed: sec.KeyID == "", envelope: e, digest: digestOf(e.Sealed)}, nil
}

// open returns the value of a version in clear: one call of the token.
func (s *Secrets) open(c *op.Call, sec *Secret, v *version) ([]byte, error) {
	plain, err := s.keys.Unseal(c, service, v.envelope, binding(sec, v.id))
	if err != nil {
		return nil, kmsError(err, decryptionFailure, "decrypt")
	}
	return plain, nil
}

// reseal returns v sealed anew by the key that sec has now.
func (s *Secrets) reseal(c *op.Call, sec *Secret, v *version) (*version, error) {
	plain, err := s.open(c, sec, v)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	anew, err := s.seal(c, sec, v.id, &value{plain, v.binary})
	if err == nil {
		anew.created = v.created
	}
	return anew, err
}

// same reports whether a version holds exactly v. The comparison takes the same time wherever the two differ: a token
// is known to more people than the value.
func (s *Secrets) same(c *op.Call, sec *Secret, ver *version, v *value) (bool, error) {
	plain, err := s.open(c, sec, ver)
	if err != nil {
		return false, err
	}
	defer clear(plain)
	return ver.binary == v.binary && subtle.ConstantTimeCompare(plain, v.bytes) == 1, nil
}

// kmsError says in Secrets Manager's words what KMS refused, as "Troubleshoot AWS Secrets Manager" has it: who may not
// use the key is denied; a key that is disabled, pending deletion or absent is a failure to encrypt or decrypt.
// What no request can help (the device away, a failure of our own) stays what it is.
func kmsError(err error, code, verb string) error {
	f := fault.Of(err)
	kind := fault.State
	switch f.Kind {
	case fault.Denied:
		return fault.New(fault.Denied, "AccessDeniedException", "Access to KMS is not allowed").Because(err)
	case fault.Invalid:
		kind = fault.Invalid
	case fault.State, fault.NotFound:
	default:
		return err
	}
	return fault.New(kind, code, "Secrets Manager can't "+verb+" the protected secret text using the provided KMS key.").Because(err)
}
