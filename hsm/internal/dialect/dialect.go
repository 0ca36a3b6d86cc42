// Package dialect is what a device is asked for: how each kind of key looks to PKCS#11, by what
// mechanisms it is used, and how makes of device differ in that.
//
// It makes no calls. A dialect is chosen by the name of the maker and the list of mechanisms, once,
// when a token is opened.
package dialect

import (
	"slices"
	"strings"

	"claviger/hsm/internal/cryptoki"
)

// Dialect is how one make of device differs from the standard and from the others. It is chosen
// once, when a token is opened, so that nothing is found out by a failing call.
type Dialect struct {
	Name    string
	makers  []string    // beginnings of the manufacturer, lower case; none: any other device
	wrap    []Mechanism // those that perform RFC 5649, best first
	GCM     uint        // mechanism of AES-GCM
	IV      cryptoki.Origin
	Largest int // bytes that one C_Encrypt or C_Decrypt by AES-GCM takes; 0: unlimited

	// OAEP lists the hashes of CKM_RSA_PKCS_OAEP. Where SHA-256 is missing it has to be done in
	// software after a raw RSA decryption.
	OAEP []string

	secp256k1 bool // it is among its curves
	ed25519   bool // it makes and wraps such keys; SoftHSM makes them and wraps none

	// Ed25519ph: it signs so. SoftHSM takes the parameter, ignores it and signs
	// the digest as a message.
	Ed25519ph bool

	lattices bool // it wraps keys of ML-DSA and ML-KEM, as PKCS#11 v3.2 section 6.7 has it

	// What depends on the token and its module and not on the make; see [Dialect.On].
	ExternalMu   bool // it signs by ML-DSA over a message representative that the caller made
	decapsulates bool // C_DecapsulateKey can be called

	// noCipherFlags: CKA_ENCRYPT and CKA_DECRYPT are refused on generic secrets, even as false.
	noCipherFlags bool

	Officer  bool // the security officer can mark a root CKA_TRUSTED through PKCS#11
	Confines bool // CKA_UNWRAP_TEMPLATE is enforced
	Limits   bool // CKA_ALLOWED_MECHANISMS, CKA_COPYABLE, CKA_MODIFIABLE are known and enforced
	Trusts   bool // CKA_WRAP_WITH_TRUSTED is enforced
	proven   bool // the suite has passed on it; otherwise the row is read from documentation

	// Sessions are worth having open at once: network devices gain from more than there are
	// threads.
	Sessions int
}

// Mechanism is a key-wrap mechanism by the name that is stored with what it wrapped.
type Mechanism struct {
	Name string
	Code uint
}

// By returns the mechanism as the module is asked for it.
func (m Mechanism) By() cryptoki.Mechanism { return cryptoki.Mechanism{Code: m.Code} }

// Of picks the row for a device by the name of its maker.
func Of(manufacturer string) Dialect {
	maker := strings.ToLower(manufacturer)
	begins := func(m string) bool { return strings.HasPrefix(maker, m) }
	for _, d := range dialects {
		if d.makers == nil || slices.ContainsFunc(d.makers, begins) {
			return d
		}
	}
	panic("hsm: the table of dialects has no last row")
}

// On returns the dialect as it is spoken to one token.
func (d Dialect) On(driver cryptoki.Driver, mechanisms []uint) Dialect {
	d.ExternalMu = slices.Contains(mechanisms, cryptoki.CKM_ML_DSA_EXTERNAL_MU)
	_, d.decapsulates = driver.(cryptoki.Decapsulator)
	return d
}

// Gaps names what this device can't be held to, by the names that the threat model explains.
func (d Dialect) Gaps() []string {
	var gaps []string
	if !d.Confines {
		// the PIN and the database together yield keys
		gaps = append(gaps, "root-unwrap-unrestricted")
	}
	if !d.Limits {
		// a key that encrypts does so by any mechanism of the device, and can be altered and kept
		gaps = append(gaps, "mechanisms-unrestricted")
	}
	if !d.Trusts {
		gaps = append(gaps, "wrap-with-trusted-unenforced")
	}
	if !d.Officer {
		// its maker's tool has to mark it, so it rests modifiable
		gaps = append(gaps, "root-alterable")
	}
	if !d.proven {
		gaps = append(gaps, "device-unproven")
	}
	return gaps
}

// Encryption is how this device is asked for AES-GCM over the given additional data.
func (d Dialect) Encryption(aad []byte) cryptoki.GCM {
	return cryptoki.GCM{Mechanism: d.GCM, Origin: d.IV, AAD: aad}
}
