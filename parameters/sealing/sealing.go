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

// Seal returns a value of p as it rests: sealed, if p is a SecureString, by two calls of
// the token.
// What is in the standard tier is KMS's own ciphertext, which whoever may use the key opens by
// kms:Decrypt as well. A larger value of the advanced tier is an envelope, as AWS has it.
func (s *Sealer) Seal(c *op.Call, p *parameter.Parameter, value string) (parameter.Value, error) {
	if p.Type != parameter.SecureString {
		return parameter.Value{Rests: []byte(value)}, nil
	}
	plain := []byte(value)
	defer clear(plain)
	sealed, err := s.seal(c, p, plain)
	if err != nil {
		return parameter.Value{}, kmsError(c, err, fault.Invalid)
	}
	return sealed, nil
}

func (s *Sealer) seal(c *op.Call, p *parameter.Parameter,
	plain []byte) (v parameter.Value, err error) {
	if p.Tier == parameter.Standard {
		t, err := s.keys.Encrypt(c, parameter.Service, p.KeyID, p.EncryptionContext(), plain)
		return parameter.Value{Rests: t.Blob, KeyARN: t.KeyARN}, err
	}
	e, err := s.keys.Seal(c, parameter.Service, p.KeyID, p.EncryptionContext(), plain)
	return parameter.Value{Rests: e.Sealed, KeyARN: e.KeyARN, Epoch: e.Epoch}, err
}

// Open returns a version's value in clear: of a SecureString by one call of the token.
func (s *Sealer) Open(c *op.Call, v *parameter.Version) (string, error) {
	if v.Value.KeyARN == "" {
		return string(v.Value.Rests), nil
	}
	plain, err := s.open(c, v)
	switch {
	case err == nil:
		defer clear(plain)
		return string(plain), nil
	case errors.Is(err, custody.ErrForged), fault.Of(err).Code == "IncorrectKeyException":
		// The version is signed and is what it was: the key under which it opens is not.
		return "", fault.Of(fmt.Errorf("version %d of %s can't be opened: the key that sealed it has "+
			"been lost or exchanged: %w", v.Version, v.ARN(), err))
	}
	return "", kmsError(c, err, fault.State)
}

func (s *Sealer) open(c *op.Call, v *parameter.Version) ([]byte, error) {
	if v.Value.Epoch == 0 {
		t := envelope.Ciphertext{KeyARN: v.Value.KeyARN, Blob: v.Value.Rests}
		return s.keys.Decrypt(c, parameter.Service, t, v.EncryptionContext())
	}
	e := envelope.Envelope{KeyARN: v.Value.KeyARN, Epoch: v.Value.Epoch, Sealed: v.Value.Rests}
	return s.keys.Unseal(c, parameter.Service, e, v.EncryptionContext())
}

// Managed reports whether a version is sealed by the key that KMS manages for the service, by
// whatever name that was given: nobody of another account can use it.
func (s *Sealer) Managed(c *op.Call, v *parameter.Version) (bool, error) {
	if v.Value.KeyARN == "" {
		return false, nil
	}
	own, err := s.keys.KeyARN(c, parameter.Service, "")
	return own == v.Value.KeyARN, err
}

const invalidKey = "InvalidKeyId"

// kmsError says in Parameter Store's words what KMS refused. Who may not use the key is denied in
// KMS's words, and KMS's code stands behind them, as recorded of AWS: programs look for it there. A
// key that is absent, disabled, pending deletion or of another kind is an invalid one; absent is
// the kind of that fault where there is no such key. What no request can help (the device away, a
// failure of our own) stays what it is.
func kmsError(c *op.Call, err error, absent fault.Kind) error {
	f := fault.Of(err)
	text := fmt.Sprintf("%s (Service: AWSKMS; Status Code: 400; Error Code: %s; Request ID: %s; "+
		"Proxy: null)", f.Message, f.Code, c.RequestID)
	switch f.Kind {
	case fault.Denied:
		return fault.New(fault.Denied, "AccessDeniedException", text).Because(err)
	case fault.Invalid, fault.NotFound:
		return fault.New(absent, invalidKey, text).Because(err)
	case fault.State:
		return fault.New(fault.State, invalidKey, text).Because(err)
	}
	return err
}
