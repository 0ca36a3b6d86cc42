// Package sealing has the values of SecureStrings encrypted and decrypted by KMS, and says in
// Parameter Store's words what KMS refused.
package sealing

import (
	"errors"
	"fmt"

	"claviger/internal/custody"
	"claviger/internal/envelope"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/parameters/parameter"
)

// Sealer has values sealed and opened by KMS, as a call's caller.
type Sealer struct{ keys envelope.Keys }

// New returns a Sealer of keys.
func New(keys envelope.Keys) *Sealer { return &Sealer{keys} }

// Seal returns a value of p as it rests: sealed, if p is a SecureString. That takes one call of the
// token.
func (s *Sealer) Seal(c *op.Call, p *parameter.Parameter, value string) (parameter.Value, error) {
	if p.Type != parameter.SecureString {
		return parameter.Value{Rests: []byte(value)}, nil
	}
	plain := []byte(value)
	defer clear(plain)
	e, err := s.keys.Seal(c, parameter.Service, p.KeyID, p.EncryptionContext(), plain)
	if err != nil {
		return parameter.Value{}, kmsError(err, fault.Invalid)
	}
	return parameter.Value{Rests: e.Sealed, KeyARN: e.KeyARN, Epoch: e.Epoch,
		Managed: p.KeyID == parameter.ManagedAlias}, nil
}

// Open returns a version's value in clear: of a SecureString by one call of the token.
func (s *Sealer) Open(c *op.Call, v *parameter.Version) (string, error) {
	if v.Value.KeyARN == "" {
		return string(v.Value.Rests), nil
	}
	plain, err := s.keys.Unseal(c, parameter.Service, v.Value.Envelope(), v.EncryptionContext())
	switch {
	case err == nil:
		defer clear(plain)
		return string(plain), nil
	case errors.Is(err, custody.ErrForged):
		// The version is signed and is what it was: the data key under which it opens is not.
		return "", fault.Of(fmt.Errorf("version %d of %s can't be opened: the key that sealed it has "+
			"been lost or exchanged: %w", v.Version, v.ARN(), err))
	}
	return "", kmsError(err, fault.State)
}

const invalidKey = "InvalidKeyId"

// kmsError says in Parameter Store's words what KMS refused. Who may not use the key is denied in
// KMS's words. A key that is absent, disabled, pending deletion or of another kind is an invalid one.
// Absent says whether that is the request's fault. What no request can help (the device away, a
// failure of our own) stays what it is.
func kmsError(err error, absent fault.Kind) error {
	f := fault.Of(err)
	switch f.Kind {
	case fault.Denied:
		return fault.New(fault.Denied, "AccessDeniedException", f.Message).Because(err)
	case fault.Invalid, fault.NotFound:
		return fault.New(absent, invalidKey, f.Message).Because(err)
	case fault.State:
		return fault.New(fault.State, invalidKey, f.Message).Because(err)
	}
	return err
}
