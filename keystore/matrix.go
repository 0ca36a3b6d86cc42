package keystore

import "claviger/internal/fault"

// verdict is what a key in some state answers to an operation; nil is yes.
type verdict func(k *Key) error

func disabled(k *Key) error {
	return fault.New(fault.State, "DisabledException", k.ARN()+" is disabled.")
}

func pendingDeletion(k *Key) error {
	return fault.New(fault.State, "KMSInvalidStateException", k.ARN()+" is pending deletion.")
}

func notPendingDeletion(k *Key) error {
	return fault.New(fault.State, "KMSInvalidStateException", k.ARN()+" is not pending deletion.")
}

// row is one row of the key-state matrix of the KMS developer guide ("Key states of KMS keys"). A state that
// is not in it allows the operation.
type row map[State]verdict

// The rows of the matrix. Operations that no row names are allowed in every state.
var (
	forUse      = row{Disabled: disabled, PendingDeletion: pendingDeletion}
	forManaging = row{PendingDeletion: pendingDeletion}
	forCancel   = row{Enabled: notPendingDeletion, Disabled: notPendingDeletion}

	matrix = map[string]row{
		"Encrypt": forUse, "Decrypt": forUse, "ReEncrypt": forUse,
		"GenerateDataKey": forUse, "GenerateDataKeyWithoutPlaintext": forUse,
		"GenerateDataKeyPair": forUse, "GenerateDataKeyPairWithoutPlaintext": forUse,
		"Sign": forUse, "Verify": forUse, "GenerateMac": forUse, "VerifyMac": forUse,
		"GetPublicKey": forUse, "DeriveSharedSecret": forUse,
		"EnableKey": forManaging, "DisableKey": forManaging, "ScheduleKeyDeletion": forManaging,
		"CreateAlias": forManaging, "UpdateAlias": forManaging,
		"TagResource": forManaging, "UntagResource": forManaging, "UpdateKeyDescription": forManaging,
		"CancelKeyDeletion": forCancel,
	}
)

// allows returns nil if the key's state lets operation be done.
func (k *Key) allows(operation string) error {
	if answer := matrix[operation][k.State]; answer != nil {
		return answer(k)
	}
	return nil
}
