package module

import (
	"fmt"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
)

// Login logs the user in unless somebody in this process has: PKCS#11 has one login for each
// application and token. The PIN is asked for only when it is needed. With spare it is not tried if
// a wrong one was since the last right one.
func Login(d cryptoki.Driver, slot uint, s cryptoki.Session, pin func() ([]byte, error),
	spare bool) error {
	state, err := d.SessionState(s)
	if err != nil {
		return err
	}
	if state == pkcs11.CKS_RW_USER_FUNCTIONS {
		return nil
	}
	info, err := d.TokenInfo(slot)
	if err != nil {
		return err
	}
	if info.Flags&(pkcs11.CKF_USER_PIN_LOCKED|pkcs11.CKF_USER_PIN_FINAL_TRY) != 0 {
		// The last try is left for a person who knows what happened to the others.
		return fmt.Errorf("%w: flags 0x%X", failure.ErrPINLocked, info.Flags)
	}
	if spare && info.Flags&pkcs11.CKF_USER_PIN_COUNT_LOW != 0 {
		return fmt.Errorf("%w: flags 0x%X", failure.ErrPINCount, info.Flags)
	}
	return LoginAs(d, s, pkcs11.CKU_USER, pin)
}

// CheckOfficer refuses a token whose security officer's PIN is locked, or one wrong attempt away
// from it.
func CheckOfficer(d cryptoki.Driver, slot uint) error {
	info, err := d.TokenInfo(slot)
	if err != nil {
		return err
	}
	if info.Flags&(pkcs11.CKF_SO_PIN_LOCKED|pkcs11.CKF_SO_PIN_FINAL_TRY) != 0 {
		return fmt.Errorf("%w: flags 0x%X", failure.ErrPINLocked, info.Flags)
	}
	return nil
}

// LoginAs logs in a user or the security officer and wipes the PIN. What miekg copies for the call
// is freed but not wiped by it.
func LoginAs(d cryptoki.Driver, s cryptoki.Session, user uint, pin func() ([]byte, error)) error {
	secret, err := pin()
	if err != nil {
		return fmt.Errorf("reading the PIN: %w", err)
	}
	defer clear(secret)
	if len(secret) == 0 {
		return fmt.Errorf("%w: it is empty", failure.ErrPIN)
	}
	err = d.Login(s, user, secret)
	switch {
	case err == nil, cryptoki.Is(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN):
		return nil
	case cryptoki.Is(err, pkcs11.CKR_PIN_LOCKED):
		return fmt.Errorf("%w: %w", failure.ErrPINLocked, err)
	case cryptoki.Is(err, pkcs11.CKR_USER_PIN_NOT_INITIALIZED):
		return fmt.Errorf("%w: %w", failure.ErrNoUser, err)
	case failure.Judge(err) == failure.OnPIN:
		return fmt.Errorf("%w: %w", failure.ErrPIN, err)
	}
	return err
}
