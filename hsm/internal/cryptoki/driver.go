package cryptoki

import (
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"
)

// Session and Object are the numbers a module gives out. An object's number is only
// meaningful together with the C_Initialize it was given out under: afterwards the same
// number names another key.
type (
	Session uint
	Object  uint
)

// GCM is how one AES-GCM operation is asked for.
type GCM struct {
	Mechanism uint   // CKM_AES_GCM or a vendor's own
	Origin    Origin // who makes the IV
	AAD       []byte
}

// Origin says who makes the 96-bit IV of an encryption and where the device leaves it.
type Origin uint8

const (
	FromCaller Origin = iota // the caller passes it
	InParams                 // the device overwrites pIv of CK_GCM_PARAMS
	InFront                  // the device puts it before the ciphertext and expects it there again
)

// IVSize and TagSize are the bytes that sealing adds: IV in front, tag behind (NIST SP 800-38D, 96
// and 128 bits).
const (
	IVSize  = 12
	TagSize = 16
)

// Driver is a PKCS#11 module. Two goroutines must never be inside calls on one session
// at once. Slices given to a call are only read, and only until it returns; slices
// returned belong to the caller.
type Driver interface {
	Initialize() error
	Finalize() error
	Info() (pkcs11.Info, error)
	Slots() ([]uint, error) // with a token in them
	TokenInfo(slot uint) (pkcs11.TokenInfo, error)
	Mechanisms(slot uint) ([]uint, error)
	InitToken(slot uint, soPIN []byte, label string) error
	InitPIN(s Session, pin []byte) error

	OpenSession(slot uint) (Session, error) // read-write: some devices know no other
	CloseSession(s Session) error
	SessionState(s Session) (uint, error) // CKS_*
	Login(s Session, user uint, pin []byte) error
	Logout(s Session) error

	GenerateKey(s Session, mechanism uint, template []Attribute) (Object, error)
	GenerateKeyPair(s Session, mechanism uint, public, private []Attribute,
	) (publicKey, privateKey Object, err error)
	CreateObject(s Session, template []Attribute) (Object, error)
	CopyObject(s Session, o Object, template []Attribute) (Object, error)
	DestroyObject(s Session, o Object) error
	Attributes(s Session, o Object, types ...uint) ([][]byte, error)
	SetAttributes(s Session, o Object, template []Attribute) error
	FindObjects(s Session, template []Attribute) ([]Object, error)

	WrapKey(s Session, mechanism uint, kek, key Object) ([]byte, error)
	UnwrapKey(s Session, by Mechanism, kek Object, wrapped []byte, template []Attribute,
	) (Object, error)
	// IV, ciphertext, tag
	Encrypt(s Session, key Object, g GCM, iv, plaintext []byte) (sealed []byte, err error)
	Decrypt(s Session, key Object, g GCM, sealed []byte) ([]byte, error)
	DecryptBy(s Session, key Object, by Mechanism, ciphertext []byte) ([]byte, error)
	Sign(s Session, key Object, by Mechanism, data []byte) ([]byte, error)
	DeriveKey(s Session, by Mechanism, base Object, template []Attribute) (Object, error)
	GenerateRandom(s Session, n int) ([]byte, error)
}

// Decapsulator is a [Driver] with C_DecapsulateKey, which came with PKCS#11 v3.2. [Module] is none:
// it calls the functions of v2.40, which are all that its binding knows.
type Decapsulator interface {
	DecapsulateKey(s Session, by Mechanism, key Object, ciphertext []byte,
		template []Attribute) (Object, error)
}

// Error is a PKCS#11 function that did not answer CKR_OK.
type Error struct {
	Function string // C_Decrypt
	Code     uint   // CKR_*
}

// Error gives the function and the code's name: for logs, never for callers.
func (e *Error) Error() string {
	return e.Function + ": " + pkcs11.Error(e.Code).Error()
}

// Code returns the PKCS#11 code in err, and false when err holds none.
func Code(err error) (uint, bool) {
	var e *Error
	if errors.As(err, &e) {
		return e.Code, true
	}
	return 0, false
}

// Is reports whether err is one of the given PKCS#11 codes.
func Is(err error, codes ...uint) bool {
	got, ok := Code(err)
	for _, c := range codes {
		if ok && got == c {
			return true
		}
	}
	return false
}

// failed names the function of a miekg error. Anything that isn't a PKCS#11 code is passed on.
func failed(function string, err error) error {
	if err == nil {
		return nil
	}
	var code pkcs11.Error
	if errors.As(err, &code) {
		return &Error{Function: function, Code: uint(code)}
	}
	return fmt.Errorf("%s: %w", function, err)
}
