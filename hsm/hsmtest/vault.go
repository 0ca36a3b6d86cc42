package hsmtest

import (
	"crypto/rand"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
)

// Vault makes a fresh SoftHSM2 token without a root, as a custom key store finds one, and returns
// the configuration to open it with. It has the same PINs and the same end as those of [SoftHSM].
func Vault(t testing.TB) hsm.Config {
	t.Helper()
	c := Bare(t)
	p := pkcs11.New(c.Module)
	if p == nil {
		t.Fatal("the module can't be loaded")
	}
	switch err := p.Initialize(); err {
	case nil:
		defer p.Finalize()
	case pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED):
	default:
		t.Fatal(err)
	}
	slots, err := p.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range slots {
		if info, err := p.GetTokenInfo(slot); err == nil &&
			info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			if err := p.InitToken(slot, SOPIN, c.TokenLabel); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	setPIN(t, p, c, PIN)
	return c
}

// setPIN has the security officer set the user's PIN on the token that c names.
func setPIN(t testing.TB, p *pkcs11.Ctx, c hsm.Config, pin string) {
	t.Helper()
	_, slot := Attacker(t, c)
	s, err := p.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	defer p.CloseSession(s)
	if err := p.Login(s, pkcs11.CKU_SO, SOPIN); err != nil {
		t.Fatal(err)
	}
	if err := p.InitPIN(s, pin); err != nil {
		t.Fatal(err)
	}
	if err := p.Logout(s); err != nil {
		t.Fatal(err)
	}
}

// Serial returns the serial number of the token that c names by its label.
func Serial(t testing.TB, c hsm.Config) string {
	t.Helper()
	p, slot := Attacker(t, c)
	info, err := p.GetTokenInfo(slot)
	if err != nil {
		t.Fatal(err)
	}
	return info.SerialNumber
}

// SetPIN has the security officer set another user's PIN on a token that nobody is logged in to.
func SetPIN(t testing.TB, c hsm.Config, pin string) {
	t.Helper()
	p, _ := Attacker(t, c)
	setPIN(t, p, c, pin)
}

// ResidentID returns a name for a key that is yet to be made on a token: a
// random CKA_ID of 16 bytes.
func ResidentID() []byte {
	id := make([]byte, 16)
	rand.Read(id)
	return id
}
