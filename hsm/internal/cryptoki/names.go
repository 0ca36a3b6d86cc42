package cryptoki

import (
	"fmt"

	"github.com/miekg/pkcs11"
)

// MechanismName gives the names of the mechanisms that the service uses or could; others by number.
func MechanismName(code uint) string {
	if name := mechanismNames[code]; name != "" {
		return name
	}
	return fmt.Sprintf("0x%X", code)
}

var mechanismNames = map[uint]string{
	pkcs11.CKM_AES_KEY_GEN:             "CKM_AES_KEY_GEN",
	pkcs11.CKM_AES_GCM:                 "CKM_AES_GCM",
	pkcs11.CKM_AES_ECB:                 "CKM_AES_ECB",
	pkcs11.CKM_AES_CBC:                 "CKM_AES_CBC",
	pkcs11.CKM_AES_CBC_PAD:             "CKM_AES_CBC_PAD",
	pkcs11.CKM_AES_CTR:                 "CKM_AES_CTR",
	pkcs11.CKM_AES_CMAC:                "CKM_AES_CMAC",
	pkcs11.CKM_AES_KEY_WRAP:            "CKM_AES_KEY_WRAP",
	pkcs11.CKM_AES_KEY_WRAP_PAD:        "CKM_AES_KEY_WRAP_PAD",
	CKM_AES_KEY_WRAP_KWP:               "CKM_AES_KEY_WRAP_KWP",
	CKM_CLOUDHSM_AES_GCM:               "CKM_CLOUDHSM_AES_GCM",
	CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD: "CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD",
	pkcs11.CKM_GENERIC_SECRET_KEY_GEN:  "CKM_GENERIC_SECRET_KEY_GEN",
	pkcs11.CKM_SHA_1_HMAC:              "CKM_SHA_1_HMAC",
	pkcs11.CKM_SHA224_HMAC:             "CKM_SHA224_HMAC",
	pkcs11.CKM_SHA256_HMAC:             "CKM_SHA256_HMAC",
	pkcs11.CKM_SHA384_HMAC:             "CKM_SHA384_HMAC",
	pkcs11.CKM_SHA512_HMAC:             "CKM_SHA512_HMAC",
	pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN:   "CKM_RSA_PKCS_KEY_PAIR_GEN",
	pkcs11.CKM_RSA_PKCS:                "CKM_RSA_PKCS",
	pkcs11.CKM_RSA_X_509:               "CKM_RSA_X_509",
	pkcs11.CKM_RSA_PKCS_OAEP:           "CKM_RSA_PKCS_OAEP",
	pkcs11.CKM_RSA_PKCS_PSS:            "CKM_RSA_PKCS_PSS",
	pkcs11.CKM_EC_KEY_PAIR_GEN:         "CKM_EC_KEY_PAIR_GEN",
	pkcs11.CKM_ECDSA:                   "CKM_ECDSA",
	pkcs11.CKM_ECDH1_DERIVE:            "CKM_ECDH1_DERIVE",
	CKM_EC_EDWARDS_KEY_PAIR_GEN:        "CKM_EC_EDWARDS_KEY_PAIR_GEN",
	CKM_EDDSA:                          "CKM_EDDSA",
	CKM_ML_DSA_KEY_PAIR_GEN:            "CKM_ML_DSA_KEY_PAIR_GEN",
	CKM_ML_DSA:                         "CKM_ML_DSA",
	CKM_ML_DSA_EXTERNAL_MU:             "CKM_ML_DSA_EXTERNAL_MU",
	CKM_ML_KEM_KEY_PAIR_GEN:            "CKM_ML_KEM_KEY_PAIR_GEN",
	CKM_ML_KEM:                         "CKM_ML_KEM",
}
