package root

import (
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
	"claviger/internal/custody"
)

// The authenticator is the key by which the service knows its own: an HMAC key that rests on the
// token and is named by no material. A wrapped key says nothing of who had it wrapped, and whoever
// may use a key can make whatever that key makes; what the authenticator made, only the service
// asked for.

// authenticatorTemplate is how it looks to a device: an HMAC-SHA-256 key like any other.
func authenticatorTemplate(d *dialect.Dialect) (dialect.KeyTemplate, error) {
	return d.KeyTemplate(custody.HMAC256)
}

// makeAuthenticator makes the authenticator of a root. A key that the device would let out is
// destroyed again.
func (p performance) makeAuthenticator(root []byte) error {
	k, err := authenticatorTemplate(&p.Dialect)
	if err != nil {
		return err
	}
	if _, _, err = p.GenerateResident(p.s, k, authenticatorLabel, AuthenticatorID(root)); err != nil {
		return fmt.Errorf("making the authenticator: %w", err)
	}
	return nil
}

// AuthenticatorID ties an authenticator to its root by name.
func AuthenticatorID(root []byte) []byte { return idOf(authenticatorLabel, root) }

// findAuthenticator looks the authenticator of a root up and reads back what it may do.
func findAuthenticator(d *object.Device, s cryptoki.Session, root []byte) (cryptoki.Object, error) {
	k, err := authenticatorTemplate(&d.Dialect)
	if err != nil {
		return 0, err
	}
	o, err := d.FindOne(s, k.KeyType,
		cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(authenticatorLabel)),
		cryptoki.Bytes(pkcs11.CKA_ID, AuthenticatorID(root)))
	if errors.Is(err, failure.ErrAbsent) || errors.Is(err, failure.ErrAmbiguous) {
		return 0, fmt.Errorf("%w: %w", failure.ErrNoAuthenticator, err)
	}
	if err != nil {
		return 0, err
	}
	if err := d.Confirm(s, o, d.Dialect.Confined(k)); err != nil {
		return 0, fmt.Errorf("the authenticator: %w", err)
	}
	return o, nil
}
