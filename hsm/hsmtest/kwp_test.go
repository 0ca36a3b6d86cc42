package hsmtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/internal/kwp"
)

// TestKWP_SoftHSM_UnwrapsTheSame has SoftHSM2 open what package kwp wrapped: two implementations of
// RFC 5649.
func TestKWP_SoftHSM_UnwrapsTheSame(t *testing.T) {
	c := SoftHSM(t)
	Open(t, c)
	p := pkcs11.New(c.Module)
	slots, err := p.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.OpenSession(slots[0], pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	kek := make([]byte, 32)
	rand.Read(kek)
	wrapper, err := p.CreateObject(s, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
		pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, true), pkcs11.NewAttribute(pkcs11.CKA_VALUE, kek),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{9, 16, 24, 31, 32, 64} {
		key := make([]byte, size)
		rand.Read(key)
		wrapped, err := kwp.Wrap(kek, key)
		if err != nil {
			t.Fatal(err)
		}
		if back, ok := kwp.Unwrap(kek, wrapped); !ok || !bytes.Equal(back, key) {
			t.Errorf("%d bytes don't come back", size)
		}
		wrapped[len(wrapped)-1] ^= 1
		if _, ok := kwp.Unwrap(kek, wrapped); ok {
			t.Errorf("%d bytes: a change goes unnoticed", size)
		}
		wrapped[len(wrapped)-1] ^= 1
		o, err := p.UnwrapKey(s,
			[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP_PAD, nil)}, wrapper,
			wrapped, []*pkcs11.Attribute{
				pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
				pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_GENERIC_SECRET),
				pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
				pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false),
				pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true),
			})
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		got, err := p.GetAttributeValue(s, o,
			[]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)})
		if err != nil || !bytes.Equal(got[0].Value, key) {
			t.Errorf("%d bytes: the token opens it to something else: %v", size, err)
		}
	}
}

// TestSoftHSM_SeveralTokens_AreIndependent makes tokens in parallel, as the tests of a package do.
func TestSoftHSM_SeveralTokens_AreIndependent(t *testing.T) {
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			a, b := Open(t, SoftHSM(t)), Open(t, SoftHSM(t))
			if a.Root() == b.Root() || a.Facts().Serial == b.Facts().Serial {
				t.Error("two tokens are one")
			}
			if f, err := hsm.Inspect(context.Background(), a.Facts().Module); err != nil || len(f) < 2 {
				t.Errorf("%d tokens are listed: %v", len(f), err)
			}
		})
	}
}
