package fakedevice

import (
	"bytes"
	"slices"
	"sync/atomic"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
)

// slot is the number of the device's only slot, and serial the number of its token.
const (
	slot   = 7
	serial = "0123456789abcdef"
)

func (d *Device) Initialize() error {
	leave, err := d.enter("C_Initialize", 0)
	if err != nil {
		return err
	}
	defer leave()
	if d.initialized {
		return fail("C_Initialize", pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)
	}
	d.initialized, d.lost, d.user, d.next = true, d.pulled, -1, 0
	d.sessions = map[cryptoki.Session]*atomic.Int32{}
	d.objects = map[cryptoki.Object]*object{}
	return nil
}

func (d *Device) Finalize() error {
	leave, err := d.enter("C_Finalize", 0)
	if err != nil {
		return err
	}
	defer leave()
	for _, inside := range d.sessions {
		if inside.Load() > 0 {
			d.t.Error("C_Finalize: somebody is inside the module")
		}
	}
	d.initialized = false
	return nil
}

func (d *Device) Info() (pkcs11.Info, error) {
	return pkcs11.Info{LibraryDescription: "software token"}, nil
}

func (d *Device) Slots() ([]uint, error) {
	leave, err := d.enter("C_GetSlotList", 0)
	if err != nil {
		return nil, err
	}
	defer leave()
	if d.lost {
		return nil, nil
	}
	return []uint{slot}, nil
}

func (d *Device) TokenInfo(uint) (pkcs11.TokenInfo, error) {
	leave, err := d.enter("C_GetTokenInfo", 0)
	if err != nil {
		return pkcs11.TokenInfo{}, err
	}
	defer leave()
	if d.lost {
		return pkcs11.TokenInfo{}, fail("C_GetTokenInfo", pkcs11.CKR_GENERAL_ERROR)
	}
	i := pkcs11.TokenInfo{
		Label: d.label, ManufacturerID: d.maker, SerialNumber: serial, Flags: d.flags,
		MaxRwSessionCount: uint(d.most),
	}
	if d.made {
		i.Flags |= pkcs11.CKF_TOKEN_INITIALIZED | pkcs11.CKF_USER_PIN_INITIALIZED
	}
	return i, nil
}

func (d *Device) Mechanisms(uint) ([]uint, error) { return d.mechanisms, nil }

func (d *Device) InitToken(_ uint, soPIN []byte, label string) error {
	leave, err := d.enter("C_InitToken", 0)
	if err != nil {
		return err
	}
	defer leave()
	d.made, d.label, d.pins[pkcs11.CKU_SO] = true, label, bytes.Clone(soPIN)
	return nil
}

func (d *Device) InitPIN(s cryptoki.Session, pin []byte) error {
	leave, err := d.enter("C_InitPIN", s)
	if err != nil {
		return err
	}
	defer leave()
	if d.user != pkcs11.CKU_SO {
		return fail("C_InitPIN", pkcs11.CKR_USER_NOT_LOGGED_IN)
	}
	d.pins[pkcs11.CKU_USER] = bytes.Clone(pin)
	return nil
}

func (d *Device) OpenSession(uint) (cryptoki.Session, error) {
	leave, err := d.enter("C_OpenSession", 0)
	if err != nil {
		return 0, err
	}
	defer leave()
	if d.most > 0 && len(d.sessions) >= d.most {
		d.refused++
		return 0, fail("C_OpenSession", pkcs11.CKR_SESSION_COUNT)
	}
	d.next++
	d.sessions[cryptoki.Session(d.next)] = new(atomic.Int32)
	return cryptoki.Session(d.next), nil
}

func (d *Device) CloseSession(s cryptoki.Session) error {
	leave, err := d.enter("C_CloseSession", s)
	if err != nil {
		return err
	}
	defer leave()
	d.closeSession(s)
	return nil
}

// closeSession ends a session with the objects it made, and the login with the last one.
func (d *Device) closeSession(s cryptoki.Session) {
	delete(d.sessions, s)
	for n, o := range d.objects {
		if o.owner == s && !o.flag(pkcs11.CKA_TOKEN) {
			delete(d.objects, n)
		}
	}
	if len(d.sessions) == 0 {
		d.logout()
	}
}

func (d *Device) SessionState(s cryptoki.Session) (uint, error) {
	leave, err := d.enter("C_GetSessionInfo", s)
	if err != nil {
		return 0, err
	}
	defer leave()
	switch d.user {
	case pkcs11.CKU_USER:
		return pkcs11.CKS_RW_USER_FUNCTIONS, nil
	case pkcs11.CKU_SO:
		return pkcs11.CKS_RW_SO_FUNCTIONS, nil
	}
	return pkcs11.CKS_RW_PUBLIC_SESSION, nil
}

func (d *Device) Login(s cryptoki.Session, user uint, pin []byte) error {
	leave, err := d.enter("C_Login", s)
	if err != nil {
		return err
	}
	defer leave()
	switch {
	case d.user >= 0:
		return fail("C_Login", pkcs11.CKR_USER_ALREADY_LOGGED_IN)
	case d.lost:
		return fail("C_Login", pkcs11.CKR_GENERAL_ERROR)
	case !bytes.Equal(pin, d.pins[user]):
		return fail("C_Login", pkcs11.CKR_PIN_INCORRECT)
	}
	d.user = int(user)
	return nil
}

func (d *Device) Logout(s cryptoki.Session) error {
	leave, err := d.enter("C_Logout", s)
	if err != nil {
		return err
	}
	defer leave()
	d.logout()
	return nil
}

// logout makes every private object's number invalid for good; public session objects stay.
func (d *Device) logout() {
	d.user = -1
	for n, o := range d.objects {
		if o.flag(pkcs11.CKA_PRIVATE) {
			delete(d.objects, n)
		}
	}
}

func (d *Device) FindObjects(
	s cryptoki.Session, template []cryptoki.Attribute,
) ([]cryptoki.Object, error) {
	leave, err := d.enter("C_FindObjects", s)
	if err != nil {
		return nil, err
	}
	defer leave()
	var found []cryptoki.Object
	for _, o := range d.rest {
		if d.lost || o.flag(pkcs11.CKA_PRIVATE) && d.user != pkcs11.CKU_USER ||
			!o.matches(template) {
			continue
		}
		found = append(found, d.number(o))
	}
	slices.Sort(found)
	return found, nil
}

// number returns the number of an object in this life of the module.
func (d *Device) number(o *object) cryptoki.Object {
	for n, known := range d.objects {
		if known == o {
			return n
		}
	}
	d.next++
	d.objects[cryptoki.Object(d.next)] = o
	return cryptoki.Object(d.next)
}
