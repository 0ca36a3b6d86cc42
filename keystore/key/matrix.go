package key

import (
	"time"

	"claviger/internal/fault"
)

// verdict is what a key in some state answers to an operation; nil is yes.
type verdict func(k *Key) error

func refuseDisabled(k *Key) error {
	return fault.New(fault.State, "DisabledException", k.ARN()+" is disabled.")
}

// refuse makes the verdict that a state is not one for the operation.
func refuse(what string) verdict {
	return func(k *Key) error {
		return fault.New(fault.State, "KMSInvalidStateException", k.ARN()+" is "+what+".")
	}
}

// The verdicts of the matrix.
var (
	refusePendingDeletion    = refuse("pending deletion")
	refuseNotPendingDeletion = refuse("not pending deletion")
	refuseDeleted            = refuse("pending deletion, and its time has come")
	refusePendingImport      = refuse("pending import")
	RefuseUnavailable        = refuse("unavailable")
	refuseCreating           = refuse("creating")
	refuseUpdating           = refuse("updating")
)

// row is one row of the key-state matrix of the KMS developer guide ("Key states of KMS keys"). A
// state that is not in it allows the operation. PendingReplicaDeletion is one with PendingDeletion.
type row map[State]verdict

// The rows of the matrix. Operations that no row names are allowed in every state.
var (
	forUse = row{Disabled: refuseDisabled, PendingDeletion: refusePendingDeletion,
		PendingImport: refusePendingImport,
		Unavailable:   RefuseUnavailable, Creating: refuseCreating}
	forGranting = row{Disabled: refuseDisabled, PendingDeletion: refusePendingDeletion,
		PendingImport: refusePendingImport, Creating: refuseCreating}
	forReplicating = row{Disabled: refuseDisabled, PendingDeletion: refusePendingDeletion,
		PendingImport: refusePendingImport, Creating: refuseCreating, Updating: refuseUpdating}
	forEnabling = row{PendingDeletion: refusePendingDeletion, PendingImport: refusePendingImport,
		Creating: refuseCreating, Updating: refuseUpdating}
	forSchedule = row{Disabled: refuseDisabled, PendingDeletion: refusePendingDeletion,
		Creating: refuseCreating}
	forRotating = row{Disabled: refuseDisabled, PendingDeletion: refusePendingDeletion,
		PendingImport: refusePendingImport, Creating: refuseCreating, Updating: refuseUpdating}
	forImportKey = row{PendingDeletion: refusePendingDeletion, Creating: refuseCreating,
		Updating: refuseUpdating}
	forImporting   = row{PendingDeletion: refusePendingDeletion, Creating: refuseCreating}
	forDeleteBytes = row{Creating: refuseCreating, Updating: refuseUpdating}
	forDeleting    = row{PendingDeletion: refusePendingDeletion, Updating: refuseUpdating}
	forManaging    = row{PendingDeletion: refusePendingDeletion}
	forCancel      = row{Enabled: refuseNotPendingDeletion, Disabled: refuseNotPendingDeletion,
		PendingImport: refuseNotPendingDeletion, Unavailable: refuseNotPendingDeletion,
		Creating: refuseNotPendingDeletion, Updating: refuseNotPendingDeletion}

	Matrix = map[string]row{
		"Encrypt": forUse, "Decrypt": forUse, "ReEncrypt": forUse,
		"GenerateDataKey": forUse, "GenerateDataKeyWithoutPlaintext": forUse,
		"GenerateDataKeyPair": forUse, "GenerateDataKeyPairWithoutPlaintext": forUse,
		"Sign": forUse, "Verify": forUse, "GenerateMac": forUse, "VerifyMac": forUse,
		"GetPublicKey":       forUse,
		"DeriveSharedSecret": forUse, "Encapsulate": forUse, "Decapsulate": forUse,
		"CreateGrant":  forGranting,
		"ReplicateKey": forReplicating, "UpdatePrimaryRegion": forGranting,
		"EnableKey": forEnabling, "DisableKey": forEnabling,
		"EnableKeyRotation": forSchedule, "DisableKeyRotation": forSchedule,
		"RotateKeyOnDemand":      forRotating,
		"GetParametersForImport": forImportKey, "ImportKeyMaterial": forImporting,
		"DeleteImportedKeyMaterial": forDeleteBytes,
		"ScheduleKeyDeletion":       forDeleting, "CancelKeyDeletion": forCancel,
		"CreateAlias": forManaging, "UpdateAlias": forManaging,
		"TagResource": forManaging, "UntagResource": forManaging, "UpdateKeyDescription": forManaging,
	}
)

// AllowsInState returns nil if the key's state at a time lets operation be done. A deletion whose
// time has come isn't cancelled any more.
func (k *Key) AllowsInState(operation string, now time.Time) error {
	k = k.At(now)
	state := k.CurrentState()
	if k.IsPendingDeletion() {
		state = PendingDeletion
	}
	if answer := Matrix[operation][state]; answer != nil {
		return answer(k)
	}
	if operation == "CancelKeyDeletion" && k.State == PendingDeletion &&
		!k.DeletionDate.IsZero() && !k.DeletionDate.After(now) {
		return refuseDeleted(k)
	}
	return nil
}
