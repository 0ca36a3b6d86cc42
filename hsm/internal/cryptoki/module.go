package cryptoki

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"github.com/miekg/pkcs11"
)

// Module is a shared library loaded into this process. One Module stands for one path: what it does
// is done to every user of that library in the process.
type Module struct{ ctx *pkcs11.Ctx }

// ErrNotLoaded means that the file is missing or is no PKCS#11 library.
var ErrNotLoaded = errors.New("not a PKCS#11 module")

// Load maps the library at path into the process. It does not initialise it.
func Load(path string) (Driver, error) {
	// The loader gives no reason that reaches us: one that is the file system's is asked for before.
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotLoaded, err)
	}
	f.Close()
	ctx := pkcs11.New(path)
	if ctx == nil {
		return nil, fmt.Errorf("%w: the loader refused %s", ErrNotLoaded, path)
	}
	return &Module{ctx: ctx}, nil
}

// Initialize is C_Initialize with CKF_OS_LOCKING_OK: the module makes its own locks.
func (m *Module) Initialize() error { return failed("C_Initialize", m.ctx.Initialize()) }

// Finalize is C_Finalize. Its effect under another thread's call is undefined.
func (m *Module) Finalize() error { return failed("C_Finalize", m.ctx.Finalize()) }

// Info is C_GetInfo.
func (m *Module) Info() (pkcs11.Info, error) {
	i, err := m.ctx.GetInfo()
	return i, failed("C_GetInfo", err)
}

// Slots is C_GetSlotList of those with a token in them.
func (m *Module) Slots() ([]uint, error) {
	s, err := m.ctx.GetSlotList(true)
	return s, failed("C_GetSlotList", err)
}

// TokenInfo is C_GetTokenInfo.
func (m *Module) TokenInfo(slot uint) (pkcs11.TokenInfo, error) {
	i, err := m.ctx.GetTokenInfo(slot)
	return i, failed("C_GetTokenInfo", err)
}

// Mechanisms is C_GetMechanismList.
func (m *Module) Mechanisms(slot uint) ([]uint, error) {
	list, err := m.ctx.GetMechanismList(slot)
	out := make([]uint, len(list))
	for i, mech := range list {
		out[i] = mech.Mechanism
	}
	return out, failed("C_GetMechanismList", err)
}

// InitToken is C_InitToken: it destroys what the token holds.
func (m *Module) InitToken(slot uint, soPIN []byte, label string) error {
	return failed("C_InitToken", m.ctx.InitToken(slot, shared(soPIN), label))
}

// InitPIN is C_InitPIN, for a session of the security officer.
func (m *Module) InitPIN(s Session, pin []byte) error {
	return failed("C_InitPIN", m.ctx.InitPIN(pkcs11.SessionHandle(s), shared(pin)))
}

// OpenSession is C_OpenSession. Every session can write: AWS CloudHSM knows no other, and SoftHSM
// lets the security officer in only while there is no read-only one.
func (m *Module) OpenSession(slot uint) (Session, error) {
	s, err := m.ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	return Session(s), failed("C_OpenSession", err)
}

// CloseSession is C_CloseSession: the session's own objects die, and with the
// last session the login.
func (m *Module) CloseSession(s Session) error {
	return failed("C_CloseSession", m.ctx.CloseSession(pkcs11.SessionHandle(s)))
}

// SessionState is the state of C_GetSessionInfo, one of CKS_*.
func (m *Module) SessionState(s Session) (uint, error) {
	i, err := m.ctx.GetSessionInfo(pkcs11.SessionHandle(s))
	return i.State, failed("C_GetSessionInfo", err)
}

// Login is C_Login: it holds for every session of the process on that token.
func (m *Module) Login(s Session, user uint, pin []byte) error {
	return failed("C_Login", m.ctx.Login(pkcs11.SessionHandle(s), user, shared(pin)))
}

// Logout is C_Logout: the numbers of all private objects are invalid afterwards, for good.
func (m *Module) Logout(s Session) error {
	return failed("C_Logout", m.ctx.Logout(pkcs11.SessionHandle(s)))
}

// shared lends the bytes of a PIN to miekg as a string without a copy in Go memory
// that couldn't be wiped.
func shared(pin []byte) string { return unsafe.String(unsafe.SliceData(pin), len(pin)) }

// GenerateKey is C_GenerateKey for mechanisms without a parameter.
func (m *Module) GenerateKey(s Session, mechanism uint, template []Attribute) (Object, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	o, err := m.ctx.GenerateKey(pkcs11.SessionHandle(s), mech(mechanism), native(template, &pins))
	return Object(o), failed("C_GenerateKey", err)
}

// GenerateKeyPair is C_GenerateKeyPair for mechanisms without a parameter.
func (m *Module) GenerateKeyPair(s Session, mechanism uint,
	public, private []Attribute) (publicKey, privateKey Object, err error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	pub, key, err := m.ctx.GenerateKeyPair(pkcs11.SessionHandle(s), mech(mechanism),
		native(public, &pins), native(private, &pins))
	return Object(pub), Object(key), failed("C_GenerateKeyPair", err)
}

// CreateObject is C_CreateObject: what the template has of the key's value passes through C memory,
// which is freed and not overwritten.
func (m *Module) CreateObject(s Session, template []Attribute) (Object, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	o, err := m.ctx.CreateObject(pkcs11.SessionHandle(s), native(template, &pins))
	return Object(o), failed("C_CreateObject", err)
}

// CopyObject is C_CopyObject.
func (m *Module) CopyObject(s Session, o Object, template []Attribute) (Object, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	c, err := m.ctx.CopyObject(pkcs11.SessionHandle(s), pkcs11.ObjectHandle(o),
		native(template, &pins))
	return Object(c), failed("C_CopyObject", err)
}

// DestroyObject is C_DestroyObject.
func (m *Module) DestroyObject(s Session, o Object) error {
	return failed("C_DestroyObject",
		m.ctx.DestroyObject(pkcs11.SessionHandle(s), pkcs11.ObjectHandle(o)))
}

// Attributes is C_GetAttributeValue, in the order asked for. Nested templates
// can't be read this way.
func (m *Module) Attributes(s Session, o Object, types ...uint) ([][]byte, error) {
	ask := make([]*pkcs11.Attribute, len(types))
	for i, t := range types {
		ask[i] = &pkcs11.Attribute{Type: t}
	}
	got, err := m.ctx.GetAttributeValue(pkcs11.SessionHandle(s), pkcs11.ObjectHandle(o), ask)
	if err != nil {
		return nil, failed("C_GetAttributeValue", err)
	}
	out := make([][]byte, len(got))
	for i, a := range got {
		out[i] = a.Value
	}
	return out, nil
}

// SetAttributes is C_SetAttributeValue.
func (m *Module) SetAttributes(s Session, o Object, template []Attribute) error {
	var pins runtime.Pinner
	defer pins.Unpin()
	err := m.ctx.SetAttributeValue(pkcs11.SessionHandle(s), pkcs11.ObjectHandle(o),
		native(template, &pins))
	return failed("C_SetAttributeValue", err)
}

// FindObjects returns up to 16 objects: every search of ours wants exactly one, and more than one
// is refused.
func (m *Module) FindObjects(s Session, template []Attribute) ([]Object, error) {
	sh := pkcs11.SessionHandle(s)
	if err := m.ctx.FindObjectsInit(sh, native(template, nil)); err != nil {
		return nil, failed("C_FindObjectsInit", err)
	}
	found, _, err := m.ctx.FindObjects(sh, 16)
	if final := m.ctx.FindObjectsFinal(sh); err == nil {
		err = final
	}
	out := make([]Object, len(found))
	for i, o := range found {
		out[i] = Object(o)
	}
	return out, failed("C_FindObjects", err)
}
