package keystore

import "claviger/internal/fault"

// verdict is what a key in some state answers to an operation; nil is yes.
type verdict func(k *Key) error

func disabled(k *Key) error {
	return fault.New(fault.State, "DisabledException", k.ARN()+" is disabled.")
}

// is makes the verdict that a state is not one for the operation.
func is(what string) verdict {
	return func(k *Key) error {
		return fault.New(fault.State, "KMSInvalidStateException", k.ARN()+" is "+what+".")
	}
}

var (
	pendingDeletion    = is("pending deletion")
	notPendingDeletion = is("not pending deletion")
	pendingImport      = is("pending import")
	unavailable        = is("unavailable")
	creating           = is("creating")
	updating           = is("updating")
)

// row is one row of the key-state matrix of the KMS developer guide ("Key states of KMS keys"). A state that
// is not in it allows the operation. PendingReplicaDeletion is one with PendingDeletion.
type row map[State]verdict

// The rows of the matrix. Operations that no row names are allowed in every state.
var (
	forUse = row{Disabled: disabled, PendingDeletion: pendingDeletion, PendingImport: pendingImport,
		Unavailable: unavailable, Creating: creating}
	forGranting    = row{Disabled: disabled, PendingDeletion: pendingDeletion, PendingImport: pendingImport, Creating: creating}
	forReplicating = row{Disabled: disabled, PendingDeletion: pendingDeletion, PendingImport: pendingImport, Creating: creating, Updating: updating}
	forSwitching   = row{PendingDeletion: pendingDeletion, PendingImport: pendingImport, Creating: creating, Updating: updating}
	forSchedule    = row{Disabled: disabled, PendingDeletion: pendingDeletion, Creating: creating}
	forRotating    = row{Disabled: disabled, PendingDeletion: pendingDeletion, PendingImport: pendingImport, Creating: creating, Updating: updating}
	forImportKey   = row{PendingDeletion: pendingDeletion, Creating: creating, Updating: updating}
	forImporting   = row{PendingDeletion: pendingDeletion, Creating: creating}
	forEmptying    = row{Creating: creating, Updating: updating}
	forDeleting    = row{PendingDeletion: pendingDeletion, Updating: updating}
	forManaging    = row{PendingDeletion: pendingDeletion}
	forCancel      = row{Enabled: notPendingDeletion, Disabled: notPendingDeletion, PendingImport: notPendingDeletion,
		Unavailable: notPendingDeletion, Creating: notPendingDeletion, Updating: notPendingDeletion}

	matrix = map[string]row{
		"Encrypt": forUse, "Decrypt": forUse, "ReEncrypt": forUse,
		"GenerateDataKey": forUse, "GenerateDataKeyWithoutPlaintext": forUse,
		"GenerateDataKeyPair": forUse, "GenerateDataKeyPairWithoutPlaintext": forUse,
		"Sign": forUse, "Verify": forUse, "GenerateMac": forUse, "VerifyMac": forUse, "GetPublicKey": forUse,
		"DeriveSharedSecret": forUse, "Encapsulate": forUse, "Decapsulate": forUse,
		"CreateGrant":  forGranting,
		"ReplicateKey": forReplicating, "UpdatePrimaryRegion": forGranting,
		"EnableKey": forSwitching, "DisableKey": forSwitching,
		"EnableKeyRotation": forSchedule, "DisableKeyRotation": forSchedule, "RotateKeyOnDemand": forRotating,
		"GetParametersForImport": forImportKey, "ImportKeyMaterial": forImporting, "DeleteImportedKeyMaterial": forEmptying,
		"ScheduleKeyDeletion": forDeleting, "CancelKeyDeletion": forCancel,
		"CreateAlias": forManaging, "UpdateAlias": forManaging,
		"TagResource": forManaging, "UntagResource": forManaging, "UpdateKeyDescription": forManaging,
	}
)

// allows returns nil if the key's state lets operation be done.
func (k *Key) allows(operation string) error {
	state := k.state()
	if k.parting() {
		state = PendingDeletion
	}
	if answer := matrix[operation][state]; answer != nil {
		return answer(k)
	}
	return nil
}
