package hsm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
)

// dialect is how one make of device differs from the standard and from the others. It is chosen once, when a
// token is opened, so that nothing is found out by a failing call.
type dialect struct {
	name    string
	makers  []string    // beginnings of the manufacturer in C_GetTokenInfo, lower case; none: any other device
	wrap    []mechanism // those that perform RFC 5649, best first
	gcm     uint        // mechanism of AES-GCM
	iv      cryptoki.Origin
	largest int // bytes that one C_Encrypt or C_Decrypt by AES-GCM takes; 0: unlimited

	// oaep lists the hashes of CKM_RSA_PKCS_OAEP. Where SHA-256 is missing it has to be done in software after
	// a raw RSA decryption.
	oaep []string

	koblitz bool // secp256k1 is among its curves
	edwards bool // it makes and wraps keys of Ed25519; SoftHSM makes them and wraps none
	prehash bool // it signs by Ed25519ph; SoftHSM takes the parameter, ignores it and signs the digest as a message

	lattices bool // it wraps keys of ML-DSA and ML-KEM, as PKCS#11 v3.2 section 6.7 has it

	// What depends on the token and its module and not on the make; see [dialect.on].
	mu           bool // it signs by ML-DSA over a message representative that the caller made
	decapsulates bool // C_DecapsulateKey can be called

	// noCipherFlags: CKA_ENCRYPT and CKA_DECRYPT are refused on generic secrets, even as false.
	noCipherFlags bool

	officer  bool // the security officer can mark a root CKA_TRUSTED through PKCS#11
	confines bool // CKA_UNWRAP_TEMPLATE is enforced
	limits   bool // CKA_ALLOWED_MECHANISMS, CKA_COPYABLE and CKA_MODIFIABLE are known and enforced
	trusts   bool // CKA_WRAP_WITH_TRUSTED is enforced
	sessions int  // worth having open at once: network devices gain from more than this process has threads
	proven   bool // the suite has passed on it; otherwise the row is read from documentation
}

// mechanism is a key-wrap mechanism by the name that is stored with what it wrapped.
type mechanism struct {
	name string
	code uint
}

// by returns the mechanism as the module is asked for it.
func (m mechanism) by() cryptoki.Mechanism { return cryptoki.Mechanism{Code: m.code} }

// Constants that miekg lacks. KWP is PKCS#11 v3.0's name for RFC 5649; the CloudHSM codes are those of the
// vendor's cloudhsm_pkcs11_vendor_defs.h.
const (
	ckmAESKeyWrapKWP    = 0x210B
	ckmCloudHSMGCM      = pkcs11.CKM_VENDOR_DEFINED | pkcs11.CKM_AES_GCM
	ckmCloudHSMZeroPad  = pkcs11.CKM_VENDOR_DEFINED | 0x216F
	ckrActionProhibited = 0x1B

	// PKCS#11 v3.0 section 2.3.5 and its list of return values.
	ckrCurveNotSupported = 0x140
	ckkECEdwards         = 0x40
	ckmEdwardsKeyPairGen = 0x1055
	ckmEdDSA             = 0x1057

	// PKCS#11 v3.2, pkcs11t.h. The mechanism for external representatives came after it and is of the working draft's header.
	ckrParameterSetNotSupported = 0x209
	ckkMLKEM                    = 0x49
	ckkMLDSA                    = 0x4A
	ckmMLKEMKeyPairGen          = 0x0F
	ckmMLKEM                    = 0x17
	ckmMLDSAKeyPairGen          = 0x1C
	ckmMLDSA                    = 0x1D
	ckmMLDSAExternalMu          = 0x403C
	ckaParameterSet             = 0x61D
	ckaEncapsulate              = 0x633
	ckaDecapsulate              = 0x634
)

var (
	wrapPad     = mechanism{"CKM_AES_KEY_WRAP_PAD", pkcs11.CKM_AES_KEY_WRAP_PAD}
	wrapKWP     = mechanism{"CKM_AES_KEY_WRAP_KWP", ckmAESKeyWrapKWP}
	wrapZeroPad = mechanism{"CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD", ckmCloudHSMZeroPad}
)

// dialects is searched from the top. A row that isn't proven claims what the maker documents, and a device that
// doesn't keep to it is refused when the forbidden things are tried. The last row takes any device and claims
// nothing.
var dialects = []dialect{
	{ // SoftHSM 2.6: CKM_AES_KEY_WRAP_PAD means RFC 5649 here, and PKCS#7 padding elsewhere
		name: "SoftHSM", makers: []string{"softhsm"}, proven: true,
		wrap: []mechanism{wrapPad}, gcm: pkcs11.CKM_AES_GCM, oaep: []string{"SHA_1"}, koblitz: true,
		officer: true, confines: true, limits: true, trusts: true,
	},
	{ // AWS CloudHSM Client SDK 5, "Supported mechanisms", "Modifying attributes" and "Unwrap with a trusted key":
		// the device makes the IV, and only an admin marks keys trusted, by the CloudHSM CLI
		name: "CloudHSM", makers: []string{"cavium", "marvell", "aws", "amazon"},
		wrap: []mechanism{wrapZeroPad}, gcm: ckmCloudHSMGCM, iv: cryptoki.InFront, largest: 16224,
		oaep: []string{"SHA_1", "SHA_256"}, koblitz: true, noCipherFlags: true, confines: true, trusts: true, sessions: 32,
	},
	{ // Thales Luna 7, "CKM_AES_GCM" and "CKM_AES_KWP": the caller's IV outside FIPS mode. In FIPS mode the device
		// appends an IV of 16 bytes of its own and refuses the caller's, and so is refused when it is opened
		name: "Luna", makers: []string{"safenet", "thales", "gemalto"},
		wrap: []mechanism{wrapKWP}, gcm: pkcs11.CKM_AES_GCM, oaep: []string{"SHA_1", "SHA_256"}, koblitz: true,
		confines: true, limits: true, trusts: true, sessions: 32,
	},
	{ // Entrust nShield, "Mechanisms supported by the PKCS #11 library": security assurances refuse weak templates
		name: "nShield", makers: []string{"ncipher", "entrust"},
		wrap: []mechanism{wrapKWP}, gcm: pkcs11.CKM_AES_GCM, oaep: []string{"SHA_1", "SHA_256"}, koblitz: true, edwards: true, prehash: true,
		confines: true, limits: true, trusts: true, sessions: 32,
	},
	{
		name: "generic", wrap: []mechanism{wrapKWP}, gcm: pkcs11.CKM_AES_GCM, oaep: []string{"SHA_1"},
		lattices: true, sessions: 8,
	},
}

// dialectOf picks the row for a device by the name of its maker.
func dialectOf(manufacturer string) dialect {
	maker := strings.ToLower(manufacturer)
	for _, d := range dialects {
		if d.makers == nil || slices.ContainsFunc(d.makers, func(m string) bool { return strings.HasPrefix(maker, m) }) {
			return d
		}
	}
	panic("hsm: the table of dialects has no last row")
}

// on returns the dialect as it is spoken to one token.
func (d dialect) on(driver cryptoki.Driver, mechanisms []uint) dialect {
	d.mu = slices.Contains(mechanisms, ckmMLDSAExternalMu)
	_, d.decapsulates = driver.(cryptoki.Decapsulator)
	return d
}

// wrapping returns the best key-wrap mechanism of the dialect that the token lists, and refuses a token on
// which anything we need is missing.
func (d dialect) wrapping(mechanisms []uint) (mechanism, error) {
	if err := d.encrypting(mechanisms, mechanism{"CKM_GENERIC_SECRET_KEY_GEN", pkcs11.CKM_GENERIC_SECRET_KEY_GEN},
		mechanism{"CKM_SHA256_HMAC", pkcs11.CKM_SHA256_HMAC}); err != nil {
		return mechanism{}, err
	}
	for _, m := range d.wrap {
		if slices.Contains(mechanisms, m.code) {
			return m, nil
		}
	}
	return mechanism{}, fmt.Errorf("%w: key wrap by RFC 5649 (%s)", ErrMechanism, d.wrap[0].name)
}

// encrypting refuses a token that can't make keys and encrypt by them, or lacks one of the others.
func (d dialect) encrypting(mechanisms []uint, others ...mechanism) error {
	for _, m := range append(others, mechanism{"AES-GCM", d.gcm}, mechanism{"CKM_AES_KEY_GEN", pkcs11.CKM_AES_KEY_GEN}) {
		if !slices.Contains(mechanisms, m.code) {
			return fmt.Errorf("%w: %s (0x%X)", ErrMechanism, m.name, m.code)
		}
	}
	return nil
}

// gaps names what this device can't be held to, by the names that the threat model explains.
func (d dialect) gaps() []string {
	var gaps []string
	if !d.confines {
		gaps = append(gaps, "root-unwrap-unrestricted") // the PIN and the database together yield keys
	}
	if !d.limits {
		gaps = append(gaps, "mechanisms-unrestricted") // a key that encrypts does so by any mechanism of the device, and can be altered and kept
	}
	if !d.trusts {
		gaps = append(gaps, "wrap-with-trusted-unenforced")
	}
	if !d.officer {
		gaps = append(gaps, "root-alterable") // its maker's tool has to mark it, so it rests modifiable
	}
	if !d.proven {
		gaps = append(gaps, "device-unproven")
	}
	return gaps
}

// encryption is how this device is asked for AES-GCM over the given additional data.
func (d dialect) encryption(aad []byte) cryptoki.GCM {
	return cryptoki.GCM{Mechanism: d.gcm, Origin: d.iv, AAD: aad}
}
