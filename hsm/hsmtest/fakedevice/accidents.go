package fakedevice

import (
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
)

// CloseSessions closes every session, as a device does that was reset. With the last one the login
// is lost.
func (d *Device) CloseSessions() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := range d.sessions {
		d.closeSession(s)
	}
}

// Pull takes the token away. Like SoftHSM2, the device goes on answering everything that doesn't
// need its storage.
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

// Neglect makes the device careless of the rule behind an attribute: it takes no notice of
// CKA_UNWRAP_TEMPLATE, CKA_WRAP_WITH_TRUSTED, CKA_EXTRACTABLE, CKA_MODIFIABLE,
// CKA_COPYABLE or CKA_DECRYPT.
func (d *Device) Neglect(attribute uint) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.neglected[attribute] = true
}

// Loosen takes the line about an attribute out of every CKA_UNWRAP_TEMPLATE
// in the device's storage.
func (d *Device) Loosen(attribute uint) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.rest {
		o.confines = slices.DeleteFunc(slices.Clone(o.confines), func(a cryptoki.Attribute) bool {
			return a.Type == attribute
		})
	}
}

// Limit has the device allow so many sessions and no more, as it also says of itself.
func (d *Device) Limit(sessions int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.most = sessions
}

// Refused returns how many sessions were refused since Limit because there were that many, and
// begins anew.
func (d *Device) Refused() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.refused
	d.refused = 0
	return n
}
