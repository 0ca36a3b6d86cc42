// Package fakedevice is a token in software with faults to order, for what no real device
// does on demand: it hangs, answers a certain code, loses its objects, or lets through
// what it should refuse.
//
// It fakes the calls of PKCS#11 and not the operations of a key, against the rule of this
// repository; docs/decisions/0016 says why.
package fakedevice

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/internal/cryptoki"
)

// Device is a token in software with faults to order. It keeps PKCS#11's rules as SoftHSM2 does,
// down to numbers that name other objects after a reload and a token that is only seen again after
// one, and it fails the test when two goroutines are inside calls on one session, which crashes
// real modules.
type Device struct {
	t    testing.TB
	path string

	mu          sync.Mutex
	initialized bool
	label       string
	made        bool // C_InitToken was done
	pins        map[uint][]byte
	flags       uint
	rest        []*object // on the token: these survive C_Finalize
	pulled      bool      // the token's storage is gone
	lost        bool      // it was gone since C_Initialize: nothing of it works until the next
	user        int       // who is logged in, -1: nobody
	next        uint
	sessions    map[cryptoki.Session]*atomic.Int32 // goroutines inside
	objects     map[cryptoki.Object]*object
	calls       map[string]int
	faults      map[string]*fault
	neglected   map[uint]bool // attributes whose rules aren't kept
	maker       string
	mechanisms  []uint
	ownIV       bool // makes the IV of AES-GCM and puts it before the ciphertext
	onlySHA1    bool // does RSA-OAEP with SHA-1 only
	bareSecrets bool // refuses CKA_ENCRYPT and CKA_DECRYPT on generic secrets

	// applies: it adds what CKA_UNWRAP_TEMPLATE says and the caller doesn't, as PKCS#11 has it.
	// SoftHSM refuses that.
	applies bool

	most    int // sessions that may be open; 0: any number
	refused int // sessions beyond them
}

// fault is what is wrong with one function.
type fault struct {
	code  uint
	times int
	delay time.Duration
	hang  chan struct{}
}

var devices atomic.Uint64

// create performs the ceremony.
func (d *Device) create() {
	d.t.Helper()
	_, err := hsm.Initialize(context.Background(), hsm.Ceremony{
		Config: d.Config(), Create: true,
		SOPIN: func() ([]byte, error) { return []byte(hsmtest.SOPIN), nil },
	})
	if err != nil {
		d.t.Fatalf("making a software token: %v", err)
	}
}

// Trust marks every wrapping key in the device's storage trusted, as an admin does.
func (d *Device) Trust() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.rest {
		if o.flag(pkcs11.CKA_WRAP) {
			o.attributes[pkcs11.CKA_TRUSTED] = []byte{1}
		}
	}
}

// Config returns how to open the device. Its timeout is one that no machine is too busy for: a test
// of calls that hang sets a shorter one.
func (d *Device) Config() hsm.Config {
	return hsm.Config{
		Module: d.path, TokenLabel: "software",
		PIN:     func() ([]byte, error) { return []byte(hsmtest.PIN), nil },
		Timeout: time.Minute, Log: slog.New(slog.DiscardHandler),
	}
}

// enter begins a call: it counts it, performs the fault that was ordered and makes sure that the
// session has one owner. On success the caller holds the lock and must call leave.
func (d *Device) enter(function string, s cryptoki.Session) (leave func(), err error) {
	d.mu.Lock()
	d.calls[function]++
	inside := d.sessions[s]
	if inside != nil && inside.Add(1) > 1 {
		d.t.Errorf("%s: two goroutines are inside calls on one session", function)
	}
	leave = func() {
		if inside != nil {
			inside.Add(-1)
		}
		d.mu.Unlock()
	}
	if err = d.performFault(function); err == nil && !d.initialized && function != "C_Initialize" {
		err = fail(function, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED)
	}
	if _, open := d.sessions[s]; err == nil && s != 0 && !open {
		err = fail(function, pkcs11.CKR_SESSION_HANDLE_INVALID)
	}
	if err != nil {
		leave()
	}
	return leave, err
}

// performFault performs the fault of a function. It lets the lock go while it waits.
func (d *Device) performFault(function string) error {
	f := d.faults[function]
	switch {
	case f == nil:
		return nil
	case f.hang != nil:
		d.mu.Unlock()
		<-f.hang
		d.mu.Lock()
	case f.delay > 0:
		d.mu.Unlock()
		time.Sleep(f.delay)
		d.mu.Lock()
	case f.times != 0:
		f.times--
		return fail(function, f.code)
	}
	return nil
}

func fail(function string, code uint) error {
	return &cryptoki.Error{Function: function, Code: code}
}
