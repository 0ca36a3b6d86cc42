package cryptoops

import "claviger/keystore/kmsfault"

// RecipientInfo names a Nitro enclave. There are none here.
type RecipientInfo struct {
	KeyEncryptionAlgorithm *string `shape:"KeyEncryptionMechanism"`
	AttestationDocument    []byte  `shape:"AttestationDocumentType"`
}

// checkRecipient refuses a request for an enclave. An answer in clear would be worse than none.
func checkRecipient(r *RecipientInfo) error {
	if r != nil {
		return kmsfault.Unsupported("Recipient is not supported: this service knows no Nitro enclaves.")
	}
	return nil
}
