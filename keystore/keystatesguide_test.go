package keystore

import (
	"strings"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/keystore/key"
)

// guide is the table "Key states of KMS keys" of the KMS developer guide for all of its states, a
// row for each operation that has cells other than yes. The words are what the answers end with.
var guide = []struct {
	operations string
	// Enabled, Disabled, PendingDeletion, PendingReplicaDeletion, PendingImport, Unavailable,
	// Creating, Updating
	answers [8]string
}{
	{"Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair " +
		"GenerateDataKeyPairWithoutPlaintext " +
		"GenerateMac VerifyMac Sign Verify GetPublicKey DeriveSharedSecret Encapsulate Decapsulate",
		[8]string{"", "disabled", "pending deletion", "pending deletion", "pending import", "unavailable",
			"creating", ""}},
	{"CreateGrant UpdatePrimaryRegion",
		[8]string{"", "disabled", "pending deletion", "pending deletion", "pending import", "",
			"creating", ""}},
	{"ReplicateKey", [8]string{"", "disabled", "pending deletion", "pending deletion",
		"pending import", "", "creating", "updating"}},
	{"EnableKey DisableKey",
		[8]string{"", "", "pending deletion", "pending deletion", "pending import", "", "creating",
			"updating"}},
	{"EnableKeyRotation DisableKeyRotation",
		[8]string{"", "disabled", "pending deletion", "pending deletion", "", "", "creating", ""}},
	{"RotateKeyOnDemand", [8]string{"", "disabled", "pending deletion", "pending deletion",
		"pending import", "", "creating", "updating"}},
	{"GetParametersForImport",
		[8]string{"", "", "pending deletion", "pending deletion", "", "", "creating", "updating"}},
	{"ImportKeyMaterial", [8]string{"", "", "pending deletion", "pending deletion", "", "", "creating",
		""}},
	{"DeleteImportedKeyMaterial", [8]string{"", "", "", "", "", "", "creating", "updating"}},
	{"CancelKeyDeletion", [8]string{"not pending deletion", "not pending deletion", "", "",
		"not pending deletion", "not pending deletion",
		"not pending deletion", "not pending deletion"}},
	{"ScheduleKeyDeletion", [8]string{"", "", "pending deletion", "pending deletion", "", "", "",
		"updating"}},
	{"CreateAlias UpdateAlias TagResource UntagResource UpdateKeyDescription",
		[8]string{"", "", "pending deletion", "pending deletion", "", "", "", ""}},
}

// ofColumn are the states of the guide's columns.
var ofColumn = []key.State{key.Enabled, key.Disabled, key.PendingDeletion,
	key.PendingReplicaDeletion, key.PendingImport, key.Unavailable, key.Creating, key.Updating}

func TestKeyStates_EveryCell_IsTheGuides(t *testing.T) {
	if len(ofColumn) != len(key.States) {
		t.Fatalf("there are %d states, and the table has %d", len(key.States), len(ofColumn))
	}
	told := map[string]bool{}
	for _, row := range guide {
		for _, operation := range strings.Fields(row.operations) {
			told[operation] = true
			for i, what := range row.answers {
				k := &key.Key{Account: ourAccount, Region: ourRegion, ID: anID, State: ofColumn[i]}
				f := fault.Of(k.AllowsInState(operation, time.Time{}))
				code := "KMSInvalidStateException"
				if what == "disabled" {
					code = "DisabledException"
				}
				switch {
				case what == "" && f != nil:
					t.Errorf("%s in state %s: %v", operation, k.State, f)
				case what != "" && (f == nil || f.Code != code || f.Message != k.ARN()+" is "+what+"."):
					t.Errorf("%s in state %s: %v, want %s ... is %s.", operation, k.State, f, code, what)
				}
			}
		}
	}
	for operation := range key.Matrix {
		if !told[operation] {
			t.Errorf("the matrix has a row for %s, and the guide has none", operation)
		}
	}
}
