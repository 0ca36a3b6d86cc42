package hsm

import (
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
)

// blame says whose failure a PKCS#11 error was, and with it what helps.
type blame uint8

const (
	onInput   blame = iota // what was passed in: nothing helps
	onUnknown              // the input or the device: the canary decides
	onSession              // a new session helps
	onHandle               // the object is gone: load it again
	onLogin                // a new login helps
	onDevice               // recovery helps, or time
	onPIN                  // only a person helps
	onEpoch                // the token was renewed meanwhile: do it again
	onAbsence              // a resident key was not found: the canary decides whether that is believed
)

// errAbsent means that nothing on the token has a name. A token whose directory is gone says so of everything.
var errAbsent = errors.New("no such object is on the token")

// errRenewed answers a call that was prepared before the token was renewed. It never reaches a caller.
var errRenewed = errors.New("the token was renewed meanwhile")

// ckrAEADDecryptFailed is PKCS#11 v3.0's code for a bad tag, which miekg lacks.
const ckrAEADDecryptFailed = 0x42

// judge sorts a failure by function and code. The code alone doesn't do: SoftHSM answers CKR_GENERAL_ERROR
// both to a bad GCM tag and when its token directory is gone.
func judge(err error) blame {
	var e *cryptoki.Error
	if errors.Is(err, errRenewed) {
		return onEpoch
	}
	if errors.Is(err, errWrongKey) {
		return onInput
	}
	if errors.Is(err, errAbsent) {
		return onAbsence
	}
	if !errors.As(err, &e) {
		return onDevice
	}
	switch e.Function {
	case "C_Decrypt", "C_Encrypt", "C_UnwrapKey":
		if slices.Contains(badInput, e.Code) {
			return onInput
		}
	}
	if b, known := byCode[e.Code]; known {
		return b
	}
	return onUnknown
}

// badInput are the codes by which the functions that take a caller's bytes refuse those bytes.
var badInput = []uint{
	pkcs11.CKR_ENCRYPTED_DATA_INVALID, pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE, pkcs11.CKR_DATA_INVALID,
	pkcs11.CKR_DATA_LEN_RANGE, pkcs11.CKR_WRAPPED_KEY_INVALID, pkcs11.CKR_WRAPPED_KEY_LEN_RANGE,
	pkcs11.CKR_SIGNATURE_INVALID, pkcs11.CKR_SIGNATURE_LEN_RANGE, ckrAEADDecryptFailed,
}

// byCode are the codes that mean the same from every function.
var byCode = map[uint]blame{
	pkcs11.CKR_SESSION_HANDLE_INVALID:    onSession,
	pkcs11.CKR_SESSION_CLOSED:            onSession,
	pkcs11.CKR_OPERATION_ACTIVE:          onSession,
	pkcs11.CKR_OPERATION_NOT_INITIALIZED: onSession,

	pkcs11.CKR_OBJECT_HANDLE_INVALID:         onHandle,
	pkcs11.CKR_KEY_HANDLE_INVALID:            onHandle,
	pkcs11.CKR_UNWRAPPING_KEY_HANDLE_INVALID: onHandle,
	pkcs11.CKR_WRAPPING_KEY_HANDLE_INVALID:   onHandle,

	pkcs11.CKR_USER_NOT_LOGGED_IN: onLogin,

	pkcs11.CKR_DEVICE_ERROR:             onDevice,
	pkcs11.CKR_DEVICE_REMOVED:           onDevice,
	pkcs11.CKR_DEVICE_MEMORY:            onDevice,
	pkcs11.CKR_HOST_MEMORY:              onDevice,
	pkcs11.CKR_TOKEN_NOT_PRESENT:        onDevice,
	pkcs11.CKR_TOKEN_NOT_RECOGNIZED:     onDevice,
	pkcs11.CKR_SLOT_ID_INVALID:          onDevice,
	pkcs11.CKR_SESSION_COUNT:            onDevice,
	pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED: onDevice,

	pkcs11.CKR_PIN_INCORRECT:            onPIN,
	pkcs11.CKR_PIN_INVALID:              onPIN,
	pkcs11.CKR_PIN_LEN_RANGE:            onPIN,
	pkcs11.CKR_PIN_EXPIRED:              onPIN,
	pkcs11.CKR_PIN_LOCKED:               onPIN,
	pkcs11.CKR_USER_PIN_NOT_INITIALIZED: onPIN,
}

// costsSession reports whether a session is thrown away after this failure. A caller's bad input doesn't
// cost one: closing a session costs SoftHSM time in proportion to all objects there ever were.
func costsSession(err error) bool {
	if err == nil {
		return false
	}
	switch judge(err) {
	case onInput, onUnknown, onHandle, onEpoch, onAbsence:
		return false
	}
	return true
}

// cannot turns the failure to make a key into [custody.ErrUnsupported] where the device says that it is the kind of key
// it doesn't make or wrap, such as a curve that its configuration forbids. Lists of mechanisms don't tell.
func cannot(err error) error {
	if cryptoki.Is(err, pkcs11.CKR_KEY_NOT_WRAPPABLE, pkcs11.CKR_KEY_UNEXTRACTABLE, pkcs11.CKR_KEY_SIZE_RANGE,
		pkcs11.CKR_DOMAIN_PARAMS_INVALID, ckrCurveNotSupported, ckrParameterSetNotSupported, pkcs11.CKR_MECHANISM_INVALID) {
		return custody.ErrUnsupported.Because(err)
	}
	return err
}

// refusals are the codes by which a device says no to something forbidden. Any other failure of a forbidden
// attempt proves nothing.
var refusals = []uint{
	pkcs11.CKR_ATTRIBUTE_READ_ONLY, pkcs11.CKR_ATTRIBUTE_SENSITIVE, pkcs11.CKR_ATTRIBUTE_TYPE_INVALID,
	pkcs11.CKR_ATTRIBUTE_VALUE_INVALID, ckrActionProhibited, pkcs11.CKR_TEMPLATE_INCONSISTENT,
	pkcs11.CKR_KEY_NOT_WRAPPABLE, pkcs11.CKR_KEY_UNEXTRACTABLE, pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED,
	pkcs11.CKR_MECHANISM_INVALID, pkcs11.CKR_KEY_TYPE_INCONSISTENT, pkcs11.CKR_FUNCTION_NOT_SUPPORTED,
	pkcs11.CKR_FUNCTION_REJECTED,
}

// forbid turns the outcome of a forbidden attempt into an error unless the device refused it.
func forbid(what string, err error) error {
	switch {
	case err == nil:
		return fmt.Errorf("%w: %s", ErrUnsafe, what)
	case cryptoki.Is(err, refusals...):
		return nil
	default:
		return fmt.Errorf("trying whether the token allows to %s: %w", what, err)
	}
}
