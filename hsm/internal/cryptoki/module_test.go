package cryptoki

import (
	"errors"
	"testing"

	"github.com/miekg/pkcs11"
)

// TestModule_BadInput_StaysOutside shows that what would crash miekg, or make SoftHSM take zeros
// for an IV, is refused before it gets there: the module under test isn't even loaded.
func TestModule_BadInput_StaysOutside(t *testing.T) {
	m := &Module{}
	if _, err := m.UnwrapKey(1, Mechanism{Code: pkcs11.CKM_AES_KEY_WRAP_PAD}, 1, nil,
		nil); !Is(err, pkcs11.CKR_WRAPPED_KEY_LEN_RANGE) {
		t.Errorf("an empty blob: %v", err)
	}
	for _, iv := range [][]byte{nil, {}, make([]byte, 11), make([]byte, 16)} {
		if _, err := m.Encrypt(1, 1, GCM{Mechanism: pkcs11.CKM_AES_GCM}, iv, nil); err == nil {
			t.Errorf("an IV of %d bytes was passed on", len(iv))
		}
	}
	if _, err := m.Decrypt(1, 1, GCM{Mechanism: pkcs11.CKM_AES_GCM},
		make([]byte, 27)); !Is(err, pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE) {
		t.Errorf("a ciphertext without a tag: %v", err)
	}
}

func TestError_OfModule_NamesFunctionAndCode(t *testing.T) {
	err := failed("C_Sign", pkcs11.Error(pkcs11.CKR_KEY_HANDLE_INVALID))
	if code, ok := Code(err); !ok || code != pkcs11.CKR_KEY_HANDLE_INVALID ||
		err.Error() != "C_Sign: pkcs11: 0x60: CKR_KEY_HANDLE_INVALID" {
		t.Errorf("%v", err)
	}
	other := errors.New("other")
	if err := failed("C_Sign", other); !errors.Is(err, other) || Is(err, pkcs11.CKR_GENERAL_ERROR) {
		t.Errorf("%v", err)
	}
	if failed("C_Sign", nil) != nil {
		t.Error("no error became one")
	}
}

func TestAttribute_ReadBack_KeepsItsValue(t *testing.T) {
	if v, ok := AsUlong(Ulong(pkcs11.CKA_CLASS,
		pkcs11.CKO_SECRET_KEY).Value); !ok || v != pkcs11.CKO_SECRET_KEY {
		t.Errorf("%d", v)
	}
	if _, ok := AsUlong([]byte{1}); ok {
		t.Error("one byte is a CK_ULONG")
	}
	if _, err := Load("/nonexistent"); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("%v", err)
	}
}
