package cryptoki

import (
	"errors"
	"runtime"

	"github.com/miekg/pkcs11"
)

// mech is a mechanism without a parameter.
func mech(mechanism uint) []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{{Mechanism: mechanism}}
}

// WrapKey is C_WrapKey for mechanisms without a parameter.
func (m *Module) WrapKey(s Session, mechanism uint, kek, key Object) ([]byte, error) {
	w, err := m.ctx.WrapKey(pkcs11.SessionHandle(s), mech(mechanism), pkcs11.ObjectHandle(kek),
		pkcs11.ObjectHandle(key))
	return w, failed("C_WrapKey", err)
}

// UnwrapKey refuses an empty blob itself: miekg would take the address of its first byte.
func (m *Module) UnwrapKey(s Session, by Mechanism, kek Object, wrapped []byte,
	template []Attribute) (Object, error) {
	if len(wrapped) == 0 {
		return 0, &Error{Function: "C_UnwrapKey", Code: pkcs11.CKR_WRAPPED_KEY_LEN_RANGE}
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	o, err := m.ctx.UnwrapKey(pkcs11.SessionHandle(s), by.native(), pkcs11.ObjectHandle(kek),
		wrapped, native(template, &pins))
	return Object(o), failed("C_UnwrapKey", err)
}

// Encrypt returns IV, ciphertext and tag in one slice, whoever made the IV. The IV kept is the one
// the module says it used. An absent IV never reaches a device that wants the caller's: SoftHSM
// would take zeros for it.
func (m *Module) Encrypt(s Session, key Object, g GCM, iv, plaintext []byte) ([]byte, error) {
	if g.Origin == FromCaller && len(iv) != IVSize {
		return nil, errors.New("C_EncryptInit: an IV of 12 bytes is needed")
	}
	switch g.Origin {
	case InParams:
		iv = make([]byte, IVSize) // CloudHSM wants the buffer zeroed
	case InFront:
		iv = nil
	}
	params := pkcs11.NewGCMParams(iv, g.AAD, 8*TagSize)
	defer params.Free()
	if err := m.ctx.EncryptInit(pkcs11.SessionHandle(s), gcmMech(g, params),
		pkcs11.ObjectHandle(key)); err != nil {
		return nil, failed("C_EncryptInit", err)
	}
	ciphertext, err := m.ctx.Encrypt(pkcs11.SessionHandle(s), plaintext)
	if err != nil {
		return nil, failed("C_Encrypt", err)
	}
	switch g.Origin {
	case InFront:
		return ciphertext, nil
	case InParams:
		iv = params.IV()
	}
	sealed := make([]byte, 0, len(iv)+len(ciphertext))
	return append(append(sealed, iv...), ciphertext...), nil
}

// Decrypt takes what Encrypt returned. SoftHSM answers a bad tag with CKR_GENERAL_ERROR, the code
// for anything. miekg frees the C memory that the plaintext lay in without overwriting it.
func (m *Module) Decrypt(s Session, key Object, g GCM, sealed []byte) ([]byte, error) {
	if len(sealed) < IVSize+TagSize {
		return nil, &Error{Function: "C_Decrypt", Code: pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE}
	}
	iv, ciphertext := sealed[:IVSize], sealed[IVSize:]
	if g.Origin == InFront {
		iv, ciphertext = nil, sealed
	}
	params := pkcs11.NewGCMParams(iv, g.AAD, 8*TagSize)
	defer params.Free()
	if err := m.ctx.DecryptInit(pkcs11.SessionHandle(s), gcmMech(g, params),
		pkcs11.ObjectHandle(key)); err != nil {
		return nil, failed("C_DecryptInit", err)
	}
	plaintext, err := m.ctx.Decrypt(pkcs11.SessionHandle(s), ciphertext)
	return plaintext, failed("C_Decrypt", err)
}

// gcmMech is AES-GCM with parameters that live until the operation is over, since some devices
// write into them.
func gcmMech(g GCM, params *pkcs11.GCMParams) []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(g.Mechanism, params)}
}

// DecryptBy is C_DecryptInit and C_Decrypt for the mechanisms of private keys.
func (m *Module) DecryptBy(s Session, key Object, by Mechanism, ciphertext []byte) ([]byte, error) {
	if len(ciphertext) == 0 {
		return nil, &Error{Function: "C_Decrypt", Code: pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE}
	}
	if err := m.ctx.DecryptInit(pkcs11.SessionHandle(s), by.native(),
		pkcs11.ObjectHandle(key)); err != nil {
		return nil, failed("C_DecryptInit", err)
	}
	plaintext, err := m.ctx.Decrypt(pkcs11.SessionHandle(s), ciphertext)
	return plaintext, failed("C_Decrypt", err)
}

// Sign is C_SignInit and C_Sign: a signature or a message authentication code.
func (m *Module) Sign(s Session, key Object, by Mechanism, data []byte) ([]byte, error) {
	if err := m.ctx.SignInit(pkcs11.SessionHandle(s), by.native(),
		pkcs11.ObjectHandle(key)); err != nil {
		return nil, failed("C_SignInit", err)
	}
	signature, err := m.ctx.Sign(pkcs11.SessionHandle(s), data)
	return signature, failed("C_Sign", err)
}

// DeriveKey is C_DeriveKey.
func (m *Module) DeriveKey(s Session, by Mechanism, base Object,
	template []Attribute) (Object, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	o, err := m.ctx.DeriveKey(pkcs11.SessionHandle(s), by.native(), pkcs11.ObjectHandle(base),
		native(template, &pins))
	return Object(o), failed("C_DeriveKey", err)
}

// GenerateRandom is C_GenerateRandom.
func (m *Module) GenerateRandom(s Session, n int) ([]byte, error) {
	b, err := m.ctx.GenerateRandom(pkcs11.SessionHandle(s), n)
	return b, failed("C_GenerateRandom", err)
}
