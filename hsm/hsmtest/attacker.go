package hsmtest

import (
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
)

// Attacker is somebody else in the process with the module and the PIN: it does what a Token never
// would. It returns the slot of the token that c names. The module must be open already or is
// initialised for the test.
func Attacker(t testing.TB, c hsm.Config) (*pkcs11.Ctx, uint) {
	t.Helper()
	p := pkcs11.New(c.Module)
	if p == nil {
		t.Fatal("the module can't be loaded")
	}
	switch err := p.Initialize(); err {
	case nil:
		t.Cleanup(func() { p.Finalize() })
	case pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED):
	default:
		t.Fatal(err)
	}
	slots, err := p.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range slots {
		if info, err := p.GetTokenInfo(slot); err == nil && info.Label == c.TokenLabel {
			return p, slot
		}
	}
	t.Fatalf("no token is labelled %q", c.TokenLabel)
	return nil, 0
}

// Login opens a session of an attacker and logs in, unless the process is logged in already.
func Login(t testing.TB, p *pkcs11.Ctx, slot uint) pkcs11.SessionHandle {
	t.Helper()
	s, err := p.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Login(s, pkcs11.CKU_USER, PIN)
	if err != nil && err != pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
		t.Fatal(err)
	}
	return s
}
