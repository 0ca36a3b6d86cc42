package hsm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/custody"
)

// A token that is closed while it is being recovered stays closed, however late that ends.
func TestClose_WhileRecoveryHangs_StaysClosed(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	c.Timeout = 200 * time.Millisecond
	tok, err := hsm.Open(background, c)
	if err != nil {
		t.Fatal(err)
	}
	release := d.Hang("C_OpenSession")
	opened := d.Calls("C_OpenSession")
	d.Fail("C_GetTokenInfo", pkcs11.CKR_DEVICE_ERROR, 1)
	eventually(t, "it is being recovered", func() bool { return d.Calls("C_OpenSession") > opened })
	if err := tok.Close(); err == nil {
		t.Error("nothing is said of what hangs")
	}
	release()
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		if err := tok.Ready(); !errors.Is(err, custody.ErrUnavailable) {
			t.Fatalf("after Close: %v", err)
		}
		time.Sleep(time.Millisecond)
	}
	if s := tok.Stats(); s.SessionsOpen > 0 || s.Handles > 0 {
		t.Errorf("after Close: %+v", s)
	}
}
