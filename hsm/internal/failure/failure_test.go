package failure_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
)

func answer(function string, code uint) error {
	return fmt.Errorf("what was done: %w", &cryptoki.Error{Function: function, Code: code})
}

// Only what a caller's bytes may be to blame for is the input's, and what that is costs no session
// and is never the device's.
func TestJudge_FunctionAndCode_SayWhoseFailureItWas(t *testing.T) {
	odd := []uint{pkcs11.CKR_GENERAL_ERROR, pkcs11.CKR_FUNCTION_FAILED, pkcs11.CKR_ARGUMENTS_BAD,
		pkcs11.CKR_FUNCTION_CANCELED, pkcs11.CKR_DATA_INVALID, pkcs11.CKR_ENCRYPTED_DATA_INVALID,
		pkcs11.CKR_WRAPPED_KEY_INVALID, pkcs11.CKR_MECHANISM_INVALID, 0x80001234}
	for _, code := range odd {
		for _, function := range []string{"C_Decrypt", "C_UnwrapKey"} {
			err := failure.Decrypting(answer(function, code))
			if failure.Judge(err) != failure.OnInput || !failure.Blames(err) ||
				failure.CostsSession(err) || failure.OfDevice(err) {
				t.Errorf("%v: %d", err, failure.Judge(err))
			}
		}
		for _, function := range []string{"C_DecryptInit", "C_EncryptInit", "C_Encrypt", "C_Sign",
			"C_SignInit", "C_WrapKey", "C_GenerateKey", "C_DestroyObject", "C_OpenSession"} {
			err := failure.Decrypting(answer(function, code))
			if failure.Judge(err) != failure.OnUnknown || failure.Blames(err) ||
				!failure.CostsSession(err) || !failure.OfDevice(err) {
				t.Errorf("%v: %d", err, failure.Judge(err))
			}
			err = failure.Importing(answer(function, code))
			if !failure.Blames(err) || failure.CostsSession(err) || failure.OfDevice(err) {
				t.Errorf("an imported key, %v: %d", err, failure.Judge(err))
			}
		}
	}
	for code, whose := range map[uint]failure.Blame{
		pkcs11.CKR_SESSION_HANDLE_INVALID: failure.OnSession,
		pkcs11.CKR_OPERATION_ACTIVE:       failure.OnSession,
		pkcs11.CKR_KEY_HANDLE_INVALID:     failure.OnHandle,
		pkcs11.CKR_USER_NOT_LOGGED_IN:     failure.OnLogin,
		pkcs11.CKR_DEVICE_REMOVED:         failure.OnDevice,
		pkcs11.CKR_SESSION_COUNT:          failure.OnDevice,
	} {
		for _, function := range []string{"C_Decrypt", "C_DecryptInit", "C_UnwrapKey", "C_Sign"} {
			for _, err := range []error{answer(function, code), failure.Importing(answer(function, code)),
				failure.Decrypting(answer(function, code))} {
				if failure.Judge(err) != whose || failure.Blames(err) || !failure.OfDevice(err) {
					t.Errorf("%v: %d", err, failure.Judge(err))
				}
			}
		}
	}
}

func TestJudge_WithoutAnAnswer_SaysWhoseFailureItWas(t *testing.T) {
	for err, whose := range map[error]failure.Blame{
		errors.New("a defect"):                       failure.OnUs,
		failure.ErrAmbiguous:                         failure.OnUs,
		failure.ErrRenewed:                           failure.OnRenewal,
		failure.ErrSick:                              failure.OnSession,
		failure.ErrContradicted:                      failure.OnUnknown,
		failure.ErrNonsense:                          failure.OnUnknown,
		failure.ErrTimeout:                           failure.OnDevice,
		failure.ErrAbsent:                            failure.OnAbsence,
		failure.ErrPadding:                           failure.OnInput,
		failure.ErrWrongKey:                          failure.OnInput,
		failure.ErrWrongMAC:                          failure.OnInput,
		failure.ErrUnknownKey:                        failure.OnInput,
		failure.Importing(errors.New("of 31 bytes")): failure.OnInput,
	} {
		if got := failure.Judge(fmt.Errorf("what was done: %w", err)); got != whose {
			t.Errorf("%v: %d, not %d", err, got, whose)
		}
	}
}
