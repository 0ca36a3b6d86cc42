package hsmtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/internal/cryptoki"
)

// Device is a token in software with faults to order. It keeps PKCS#11's rules as SoftHSM2 does, down to numbers
// that name other objects after a reload and a token that is only seen again after one, and it fails the test when
// two goroutines are inside calls on one session, which crashes real modules.
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
	faults      map[string]*flaw
	careless    map[uint]bool // attributes whose rules aren't kept
	maker       string
	mechanisms  []uint
	ownIV       bool // makes the IV of AES-GCM and puts it before the ciphertext
	onlySHA1    bool // does RSA-OAEP with SHA-1 only
	bareSecrets bool // refuses CKA_ENCRYPT and CKA_DECRYPT on generic secrets
	applies     bool // adds what CKA_UNWRAP_TEMPLATE says and the caller doesn't, as PKCS#11 has it; SoftHSM refuses
}

// flaw is what is wrong with one function.
type flaw struct {
	code  uint
	times int
	delay time.Duration
	hang  chan struct{}
}

var devices atomic.Uint64

// NewDevice returns a software token that has a root, for as long as t runs.
func NewDevice(t testing.TB) *Device {
	t.Helper()
	d := BareDevice(t)
	d.create()
	return d
}

// common are the mechanisms that every Device has.
var common = []uint{
	pkcs11.CKM_AES_KEY_GEN, pkcs11.CKM_GENERIC_SECRET_KEY_GEN,
	pkcs11.CKM_SHA224_HMAC, pkcs11.CKM_SHA256_HMAC, pkcs11.CKM_SHA384_HMAC, pkcs11.CKM_SHA512_HMAC,
	pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, pkcs11.CKM_RSA_PKCS, pkcs11.CKM_RSA_PKCS_PSS, pkcs11.CKM_RSA_PKCS_OAEP, pkcs11.CKM_RSA_X_509,
	pkcs11.CKM_EC_KEY_PAIR_GEN, pkcs11.CKM_ECDSA, pkcs11.CKM_ECDH1_DERIVE,
}

// BareDevice returns a software token that was never initialised.
func BareDevice(t testing.TB) *Device {
	d := &Device{
		t: t, path: fmt.Sprintf("software token %d", devices.Add(1)), user: -1,
		maker: "SoftHSM project", onlySHA1: true,
		mechanisms: append([]uint{pkcs11.CKM_AES_GCM, pkcs11.CKM_AES_KEY_WRAP_PAD, ckmEdwardsKeyPairGen, ckmEdDSA}, common...),
		pins:       map[uint][]byte{}, calls: map[string]int{}, faults: map[string]*flaw{}, careless: map[uint]bool{},
	}
	t.Cleanup(cryptoki.Substitute(d.path, d))
	return d
}

// LikeCloudHSM returns a software token that differs from SoftHSM2 as AWS CloudHSM is documented to: vendor mechanisms,
// IVs of its own, stricter templates, and an admin who marks the root trusted with a tool of the maker's.
func LikeCloudHSM(t testing.TB) *Device {
	t.Helper()
	d := BareDevice(t)
	d.maker, d.ownIV, d.bareSecrets, d.applies, d.onlySHA1 = "Marvell Semiconductors, Inc.", true, true, true, false
	d.mechanisms = append([]uint{pkcs11.CKM_VENDOR_DEFINED | pkcs11.CKM_AES_GCM, pkcs11.CKM_VENDOR_DEFINED | 0x216F}, common...)
	d.create()
	return d
}

// LikeNShield returns a software token with what Entrust nShield is documented to have and SoftHSM2 lacks: RFC 5649 by its
// own name, RSA-OAEP with SHA-256, and Ed25519 keys that can be wrapped.
func LikeNShield(t testing.TB) *Device {
	t.Helper()
	d := BareDevice(t)
	d.maker, d.onlySHA1 = "nCipher Corp. Ltd", false
	d.mechanisms = append([]uint{pkcs11.CKM_AES_GCM, 0x210B, ckmEdwardsKeyPairGen, ckmEdDSA}, common...)
	d.create()
	d.Trust()
	return d
}

// LikeV32 returns a software token of a maker that nobody has heard of, with the mechanisms of PKCS#11 v3.2 for ML-DSA and
// ML-KEM and, as the draft after it has it, ML-DSA over an external message representative.
func LikeV32(t testing.TB) *Device {
	t.Helper()
	d := bareV32(t)
	d.mechanisms = append(d.mechanisms, ckmMLDSAExternalMu)
	d.create()
	d.Trust()
	return d
}

// LikeV32Unreached returns a software token with the mechanisms of PKCS#11 v3.2, whose functions can't be called: those of
// v2.40 are all that its module gives.
func LikeV32Unreached(t testing.TB) *Device {
	t.Helper()
	d := bareV32(t)
	t.Cleanup(cryptoki.Substitute(d.path, struct{ cryptoki.Driver }{d}))
	d.create()
	d.Trust()
	return d
}

func bareV32(t testing.TB) *Device {
	d := BareDevice(t)
	d.maker, d.onlySHA1 = "Example", false
	d.mechanisms = append([]uint{pkcs11.CKM_AES_GCM, 0x210B, ckmMLDSAKeyPairGen, ckmMLDSA, ckmMLKEMKeyPairGen, ckmMLKEM}, common...)
	return d
}

// create performs the ceremony.
func (d *Device) create() {
	d.t.Helper()
	_, err := hsm.Initialize(context.Background(), hsm.Ceremony{Config: d.Config(), SOPIN: secret(SOPIN), Create: true})
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

// Config returns how to open the device. Its timeout is one that no machine is too busy for: a test of calls that hang
// sets a shorter one.
func (d *Device) Config() hsm.Config {
	return hsm.Config{Module: d.path, TokenLabel: "software", PIN: secret(PIN), Timeout: time.Minute, Log: quiet}
}

// Fail makes the next calls of a function, such as "C_Encrypt", answer a PKCS#11 code; times < 0 means all of them.
func (d *Device) Fail(function string, code uint, times int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults[function] = &flaw{code: code, times: times}
}

// Delay makes every call of a function take longer.
func (d *Device) Delay(function string, by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults[function] = &flaw{delay: by}
}

// Hang makes calls of a function not return until release is called.
func (d *Device) Hang(function string) (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &flaw{hang: make(chan struct{})}
	d.faults[function] = f
	release = sync.OnceFunc(func() {
		d.Mend(function)
		close(f.hang)
	})
	d.t.Cleanup(release)
	return release
}

// Mend undoes Fail, Delay and, for calls to come, Hang.
func (d *Device) Mend(function string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.faults, function)
}

// Calls returns how often a function was called.
func (d *Device) Calls(function string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[function]
}

// CloseSessions closes every session, as a device does that was reset. With the last one the login is lost.
func (d *Device) CloseSessions() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := range d.sessions {
		d.closeSession(s)
	}
}

// Pull takes the token away. Like SoftHSM2, the device goes on answering everything that doesn't need its storage.
func (d *Device) Pull() (putBack func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pulled, d.lost = true, true
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.pulled = false
	}
}

// Wipe initialises the token anew behind everybody's back: same label and serial number, no keys.
func (d *Device) Wipe() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rest = nil
	for n, o := range d.objects {
		if o.flag(pkcs11.CKA_TOKEN) {
			delete(d.objects, n)
		}
	}
}

// SetPIN changes the user's PIN, as an operator does elsewhere.
func (d *Device) SetPIN(pin string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pins[pkcs11.CKU_USER] = []byte(pin)
}

// SetFlags sets flags of C_GetTokenInfo, such as CKF_USER_PIN_LOCKED.
func (d *Device) SetFlags(flags uint) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flags = flags
}

// Neglect makes the device careless of the rule behind an attribute: it takes no notice of CKA_UNWRAP_TEMPLATE,
// CKA_WRAP_WITH_TRUSTED, CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_COPYABLE or CKA_DECRYPT.
func (d *Device) Neglect(attribute uint) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.careless[attribute] = true
}

// Loosen takes the line about an attribute out of every CKA_UNWRAP_TEMPLATE in the device's storage.
func (d *Device) Loosen(attribute uint) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.rest {
		o.confines = slices.DeleteFunc(slices.Clone(o.confines), func(a cryptoki.Attribute) bool { return a.Type == attribute })
	}
}

// enter begins a call: it counts it, performs the fault that was ordered and makes sure that the session has one
// owner. On success the caller holds the lock and must call leave.
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
	if err = d.suffer(function); err == nil && !d.initialized && function != "C_Initialize" {
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

// suffer performs the fault of a function. It lets the lock go while it waits.
func (d *Device) suffer(function string) error {
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

func fail(function string, code uint) error { return &cryptoki.Error{Function: function, Code: code} }
