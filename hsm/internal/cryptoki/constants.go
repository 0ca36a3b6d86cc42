package cryptoki

import "github.com/miekg/pkcs11"

// Constants of PKCS#11 that miekg lacks, by its names.
const (
	// PKCS#11 v2.40, its list of return values.
	CKR_ACTION_PROHIBITED = 0x1B

	// PKCS#11 v3.0: RFC 5649, a bad tag, section 2.3.5, and its list of return values.
	CKM_AES_KEY_WRAP_KWP        = 0x210B
	CKR_AEAD_DECRYPT_FAILED     = 0x42
	CKR_CURVE_NOT_SUPPORTED     = 0x140
	CKK_EC_EDWARDS              = 0x40
	CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055
	CKM_EDDSA                   = 0x1057

	// PKCS#11 v3.2, pkcs11t.h.
	CKR_PARAMETER_SET_NOT_SUPPORTED = 0x209
	CKK_ML_KEM                      = 0x49
	CKK_ML_DSA                      = 0x4A
	CKM_ML_KEM_KEY_PAIR_GEN         = 0x0F
	CKM_ML_KEM                      = 0x17
	CKM_ML_DSA_KEY_PAIR_GEN         = 0x1C
	CKM_ML_DSA                      = 0x1D
	CKA_PARAMETER_SET               = 0x61D
	CKA_ENCAPSULATE                 = 0x633
	CKA_DECAPSULATE                 = 0x634

	// The mechanism for external representatives came after v3.2: it is of the working draft's
	// header.
	CKM_ML_DSA_EXTERNAL_MU = 0x403C

	// Vendor's own: cloudhsm_pkcs11_vendor_defs.h of AWS CloudHSM.
	CKM_CLOUDHSM_AES_GCM               = pkcs11.CKM_VENDOR_DEFINED | pkcs11.CKM_AES_GCM
	CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD = pkcs11.CKM_VENDOR_DEFINED | 0x216F
)
