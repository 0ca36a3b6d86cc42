// Package failure says whose fault it was that a call to a device failed, and with it what helps.
//
// Whether a code means a bad ciphertext or a lost device depends on the function that answered it.
// Where both are possible, the canary decides: that is package session's.
package failure

import (
	"errors"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
)

// Blame says whose failure a PKCS#11 error was, and with it what helps.
type Blame uint8

// Whose failures there are.
const (
	OnUs      Blame = iota // a defect of this program: nothing helps
	OnInput                // what was passed in, if another session says so too: nothing helps
	OnUnknown              // nobody knows: a new session may help
	OnSession              // a new session helps
	OnHandle               // the object is gone: load it again
	OnLogin                // a new login helps
	OnDevice               // recovery helps, or time
	OnPIN                  // only a person helps
	OnRenewal              // the token was logged in to anew meanwhile: do it again
	// a resident key was not found: the canary decides whether that is believed
	OnAbsence
)

// Judge sorts a failure by function and code. The code alone doesn't do: SoftHSM answers
// CKR_GENERAL_ERROR both to a bad GCM tag and when its token directory is gone. Only the functions
// that take a caller's ciphertext can blame it, and they may by any code that isn't clear.
func Judge(err error) Blame {
	var e *cryptoki.Error
	switch {
	case errors.Is(err, ErrRenewed):
		return OnRenewal
	case errors.Is(err, ErrSick):
		return OnSession
	case errors.Is(err, ErrWrongKey), errors.Is(err, ErrWrongMAC), errors.Is(err, ErrPadding),
		errors.Is(err, ErrUnknownKey):
		return OnInput
	case errors.Is(err, ErrAbsent):
		return OnAbsence
	case errors.Is(err, ErrTimeout):
		return OnDevice
	case errors.Is(err, ErrNonsense), errors.Is(err, ErrContradicted):
		return OnUnknown
	case errors.As(err, &e):
	case errors.As(err, new(Unfit)):
		return OnInput
	default:
		return OnUs
	}
	if b, known := byCode[e.Code]; known {
		return b
	}
	if e.Function == "C_Decrypt" || e.Function == "C_UnwrapKey" {
		return OnInput
	}
	return OnUnknown
}

// Blames reports whether err says that what was passed in is wrong: a ciphertext, a wrapped key, or
// a key that is being imported and shows what it is when it is used.
func Blames(err error) bool {
	if err == nil {
		return false
	}
	b := Judge(err)
	return b == OnInput || b == OnUnknown && errors.As(err, new(Unfit))
}

// OfDevice reports whether err is neither the input's nor this program's doing.
func OfDevice(err error) bool { return err != nil && Judge(err) != OnUs && !Blames(err) }

// OfUnwrap reports whether C_UnwrapKey failed.
func OfUnwrap(err error) bool {
	var e *cryptoki.Error
	return errors.As(err, &e) && e.Function == "C_UnwrapKey"
}

// byCode are the codes that mean the same from every function.
var byCode = map[uint]Blame{
	pkcs11.CKR_SESSION_HANDLE_INVALID:    OnSession,
	pkcs11.CKR_SESSION_CLOSED:            OnSession,
	pkcs11.CKR_OPERATION_ACTIVE:          OnSession,
	pkcs11.CKR_OPERATION_NOT_INITIALIZED: OnSession,

	pkcs11.CKR_OBJECT_HANDLE_INVALID:         OnHandle,
	pkcs11.CKR_KEY_HANDLE_INVALID:            OnHandle,
	pkcs11.CKR_UNWRAPPING_KEY_HANDLE_INVALID: OnHandle,
	pkcs11.CKR_WRAPPING_KEY_HANDLE_INVALID:   OnHandle,

	pkcs11.CKR_USER_NOT_LOGGED_IN: OnLogin,

	pkcs11.CKR_DEVICE_ERROR:             OnDevice,
	pkcs11.CKR_DEVICE_REMOVED:           OnDevice,
	pkcs11.CKR_DEVICE_MEMORY:            OnDevice,
	pkcs11.CKR_HOST_MEMORY:              OnDevice,
	pkcs11.CKR_TOKEN_NOT_PRESENT:        OnDevice,
	pkcs11.CKR_TOKEN_NOT_RECOGNIZED:     OnDevice,
	pkcs11.CKR_SLOT_ID_INVALID:          OnDevice,
	pkcs11.CKR_SESSION_COUNT:            OnDevice,
	pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED: OnDevice,

	pkcs11.CKR_PIN_INCORRECT:            OnPIN,
	pkcs11.CKR_PIN_INVALID:              OnPIN,
	pkcs11.CKR_PIN_LEN_RANGE:            OnPIN,
	pkcs11.CKR_PIN_EXPIRED:              OnPIN,
	pkcs11.CKR_PIN_LOCKED:               OnPIN,
	pkcs11.CKR_USER_PIN_NOT_INITIALIZED: OnPIN,
}

// CostsSession reports whether a session is thrown away after this failure. A caller's bad
// input doesn't cost one: closing a session costs SoftHSM time in proportion to all
// objects there ever were.
func CostsSession(err error) bool {
	if err == nil || Blames(err) {
		return false
	}
	switch Judge(err) {
	case OnUs, OnHandle, OnRenewal, OnAbsence:
		return false
	}
	return true
}

// NeedsPerson reports whether trying again could do harm: each wrong PIN brings a
// device nearer to locking.
func NeedsPerson(err error) bool {
	return errors.Is(err, ErrPIN) || errors.Is(err, ErrPINLocked) || errors.Is(err, ErrNoUser)
}

// Unsupported turns the failure to make a key into [custody.ErrUnsupported] where the device says
// that it is the kind of key it doesn't make or wrap, such as a curve that its configuration
// forbids. Lists of mechanisms don't tell.
func Unsupported(err error) error {
	if cryptoki.Is(err, pkcs11.CKR_KEY_NOT_WRAPPABLE, pkcs11.CKR_KEY_UNEXTRACTABLE,
		pkcs11.CKR_KEY_SIZE_RANGE, pkcs11.CKR_DOMAIN_PARAMS_INVALID, pkcs11.CKR_MECHANISM_INVALID,
		cryptoki.CKR_CURVE_NOT_SUPPORTED, cryptoki.CKR_PARAMETER_SET_NOT_SUPPORTED) {
		return custody.ErrUnsupported.Because(err)
	}
	return err
}

// Unavailable is what callers are told while the token can't be used.
func Unavailable(cause error) error { return custody.ErrUnavailable.Because(cause) }
