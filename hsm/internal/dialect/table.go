package dialect

import (
	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
)

var (
	wrapPad     = Mechanism{Name: "CKM_AES_KEY_WRAP_PAD", Code: pkcs11.CKM_AES_KEY_WRAP_PAD}
	wrapKWP     = Mechanism{Name: "CKM_AES_KEY_WRAP_KWP", Code: cryptoki.CKM_AES_KEY_WRAP_KWP}
	wrapZeroPad = Mechanism{
		Name: "CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD",
		Code: cryptoki.CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD,
	}
)

// dialects is searched from the top. A row that isn't proven claims what the maker documents, and a
// device that doesn't keep to it is refused when the forbidden things are tried. The last row takes
// any device and claims nothing.
var dialects = []Dialect{
	{ // SoftHSM 2.6: CKM_AES_KEY_WRAP_PAD means RFC 5649 here, and PKCS#7 padding elsewhere
		Name: "SoftHSM", makers: []string{"softhsm"}, proven: true,
		wrap: []Mechanism{wrapPad}, GCM: pkcs11.CKM_AES_GCM,
		OAEP: []string{"SHA_1"}, secp256k1: true,
		Officer: true, Confines: true, Limits: true, Trusts: true,
	},
	{
		// AWS CloudHSM Client SDK 5, "Supported mechanisms", "Modifying attributes" and "Unwrap
		// with a trusted key": the device makes the IV, and only an admin marks keys trusted, by
		// the CloudHSM CLI
		Name: "CloudHSM", makers: []string{"cavium", "marvell", "aws", "amazon"},
		wrap: []Mechanism{wrapZeroPad}, GCM: cryptoki.CKM_CLOUDHSM_AES_GCM,
		IV: cryptoki.InFront, Largest: 16224,
		OAEP: []string{"SHA_1", "SHA_256"}, secp256k1: true, noCipherFlags: true,
		Confines: true, Trusts: true, Sessions: 32,
	},
	{
		// Thales Luna 7, "CKM_AES_GCM" and "CKM_AES_KWP": the caller's IV outside FIPS mode. In
		// FIPS mode the device appends an IV of 16 bytes of its own and refuses the caller's, and
		// so is refused when it is opened
		Name: "Luna", makers: []string{"safenet", "thales", "gemalto"},
		wrap: []Mechanism{wrapKWP}, GCM: pkcs11.CKM_AES_GCM,
		OAEP: []string{"SHA_1", "SHA_256"}, secp256k1: true,
		Confines: true, Limits: true, Trusts: true, Sessions: 32,
	},
	{
		// Entrust nShield, "Mechanisms supported by the PKCS #11 library": security assurances
		// refuse weak templates
		Name: "nShield", makers: []string{"ncipher", "entrust"},
		wrap: []Mechanism{wrapKWP}, GCM: pkcs11.CKM_AES_GCM,
		OAEP: []string{"SHA_1", "SHA_256"}, secp256k1: true, ed25519: true, Ed25519ph: true,
		Confines: true, Limits: true, Trusts: true, Sessions: 32,
	},
	{
		Name: "generic",
		wrap: []Mechanism{wrapKWP}, GCM: pkcs11.CKM_AES_GCM,
		OAEP: []string{"SHA_1"}, lattices: true, Sessions: 8,
	},
}
