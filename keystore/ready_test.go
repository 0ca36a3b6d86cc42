package keystore

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/model"
	"claviger/keystore/target"
)

// guideAnswer is what the guide has an operation answer in the state of a column; nothing is yes.
func guideAnswer(operation string, column int) string {
	for _, row := range guide {
		if slices.Contains(strings.Fields(row.operations), operation) {
			return row.answers[column]
		}
	}
	return ""
}

// wantedAnswer is what an operation has to answer about a key, as its code and text; nothing is
// yes. Usage goes before state and state before algorithm: whoever waits for a key to be enabled
// must not wait for one that will never do.
func wantedAnswer(k *key.Key, operation, algorithm string, column int) (code, text string) {
	what := guideAnswer(operation, column)
	switch want := key.Usages[operation]; {
	case want != "" && want != k.Usage:
		return "InvalidKeyUsageException",
			fmt.Sprintf("%s key usage is %s which is not valid for %s.", k.ARN(), k.Usage, operation)
	case operation == "GetPublicKey" &&
		(k.Usage == key.GenerateVerifyMac || k.Spec == key.SymmetricDefault):
		return "UnsupportedOperationException",
			fmt.Sprintf("%s key spec is %s which is not valid for GetPublicKey.", k.ARN(), k.Spec)
	case what == "disabled":
		return "DisabledException", k.ARN() + " is disabled."
	case what != "":
		return "KMSInvalidStateException", k.ARN() + " is " + what + "."
	case algorithm != "" && !slices.Contains(key.Specs[k.Spec][k.Usage].Algorithms, algorithm):
		return "InvalidKeyUsageException",
			fmt.Sprintf("Algorithm %s is incompatible with key spec %s.", algorithm, k.Spec)
	}
	return "", ""
}

// TestReady_EverySpecUsageAlgorithmAndState_AnswersAsTheGuide crosses what uses keys with all
// specs, usages, algorithms and states, on this side of the token: that what is let through then
// works, or that a key of the kind can't be made, is shown where there is one.
func TestReady_EverySpecUsageAlgorithmAndState_AnswersAsTheGuide(t *testing.T) {
	algorithms := []string{""}
	for _, shape := range []string{"EncryptionAlgorithmSpec", "SigningAlgorithmSpec",
		"MacAlgorithmSpec", "KeyAgreementAlgorithmSpec"} {
		algorithms = append(algorithms, model.Shapes[shape].Enum...)
	}
	n := 0
	for spec, uses := range key.Specs {
		for usage := range uses {
			for column, state := range ofColumn {
				k := &key.Key{Account: ourAccount, Region: ourRegion, ID: anID, Spec: spec, Usage: usage,
					Origin: key.OriginKMS, Manager: key.ManagerCustomer, State: state}
				for _, operation := range append(keysOf(key.Usages), "GetPublicKey") {
					for _, algorithm := range algorithms {
						n++
						checkReady(t, k, operation, algorithm, column)
					}
				}
			}
		}
	}
	if n < 50_000 {
		t.Errorf("only %d crossings were looked at", n)
	}
}

func checkReady(t *testing.T, k *key.Key, operation, algorithm string, column int) {
	t.Helper()
	late := false
	x := target.Target{Key: k, Action: operation, Operation: operation, Algorithm: algorithm,
		OnPendingDeletion: func() { late = true }}
	code, text := wantedAnswer(k, operation, algorithm, column)
	f := fault.Of(x.Ready())
	if f == nil != (code == "") || f != nil && (model.KMS.Code(f) != code || f.Message != text) {
		t.Errorf("%s by %q with a key of %s for %s that is %s: %v, want %s: %q", operation, algorithm,
			k.Spec, k.Usage, k.State, f, code, text)
	}
	if late != strings.HasSuffix(text, "is pending deletion.") {
		t.Errorf("%s with a key that is %s: noticed as too late: %v", operation, k.State, late)
	}
	if operation != "Decrypt" {
		return
	}
	// Decrypt speaks of the key, and not of its usage
	f = fault.Of((&cryptoops.Source{Target: x}).Ready())
	if code == "InvalidKeyUsageException" && k.Usage != key.EncryptDecrypt {
		code, text = "IncorrectKeyException", "The key ID in the request does not identify a CMK that "+
			"can perform this operation."
	}
	if f == nil != (code == "") || f != nil && (model.KMS.Code(f) != code || f.Message != text) {
		t.Errorf("Decrypt by %q of what names a key of %s for %s that is %s: %v, want %s: %q", algorithm,
			k.Spec, k.Usage, k.State, f, code, text)
	}
}

func keysOf[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}
