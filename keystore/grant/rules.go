package grant

import (
	"strings"
	"unicode/utf8"

	"claviger/internal/fault"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/policy"
)

// Constraints say under what circumstances a grant holds: all of them that are there. The JSON of
// them is what the row of a grant keeps.
type Constraints struct {
	EncryptionContextSubset map[string]string `json:",omitzero"`
	EncryptionContextEquals map[string]string `json:",omitzero"`
	SourceArn               *string           `json:",omitzero"`
}

// IsEmpty reports whether nothing is constrained. An empty EncryptionContextEquals is a constraint:
// to no context at all.
func (c Constraints) IsEmpty() bool {
	return !c.ofContext() && c.SourceArn == nil
}

// ofContext reports whether an encryption context is constrained.
func (c Constraints) ofContext() bool {
	return c.EncryptionContextEquals != nil || c.EncryptionContextSubset != nil
}

// Bounds of one encryption context constraint: those of the API reference (GrantConstraints).
const (
	maxPairs = 8
	maxValue = 384 // characters of each value
)

// CheckPairs refuses the pairs of an encryption context constraint that are too many or too long.
func CheckPairs(pairs map[string]string) error {
	if len(pairs) > maxPairs {
		return fault.Newf(fault.Invalid, "ValidationException",
			"A grant constraint has at most %d encryption context pairs.", maxPairs)
	}
	for _, value := range pairs {
		if utf8.RuneCountInString(value) > maxValue {
			return fault.Newf(fault.Invalid, "ValidationException",
				"A value in a grant constraint has at most %d characters.", maxValue)
		}
	}
	return nil
}

// CheckPrincipal refuses what is neither the ARN of a principal nor the name of a service: AWS lets
// a service be named in the members for principals, too, and Terraform names it there.
func CheckPrincipal(name string) error {
	if !policy.IsPrincipal(name) && !policy.IsService(name) {
		return noPrincipal(name)
	}
	return nil
}

// noPrincipal says that a name isn't one of a principal, or that nobody has it.
func noPrincipal(name string) error {
	return fault.New(fault.Invalid, "InvalidArnException",
		"ARN does not refer to a valid principal: "+name)
}

// Fits refuses a grant that can't be one of k: for an operation that k doesn't serve, or under an
// encryption context that no use of k has.
func (g *Grant) Fits(k *key.Key) error {
	for _, operation := range g.Operations {
		if !serves(k, operation) {
			// The API reference has this code for it, without the word Exception.
			return fault.Newf(fault.Invalid, "ValidationError",
				"The operation %s can't be granted on the key %s of spec %s for %s.",
				operation, k.ARN(), k.Spec, k.Usage)
		}
	}
	if g.Constraints.ofContext() && !k.IsSymmetric() {
		return kmsfault.Invalid("Encryption context constraints can be used only in grants of " +
			"symmetric encryption keys.")
	}
	return nil
}

// serves reports whether an operation of a grant is one of the key. Those that make data keys want
// more than the usage: only a symmetric key encrypts them.
func serves(k *key.Key, operation string) bool {
	switch operation {
	case "CreateGrant", "RetireGrant", "DescribeKey":
		return true
	case "GetPublicKey":
		return k.IsAsymmetric()
	case "ReEncryptFrom", "ReEncryptTo":
		return k.Usage == key.EncryptDecrypt
	}
	makesDataKey := strings.HasPrefix(operation, "GenerateDataKey")
	return key.Usages[operation] == k.Usage && (k.IsSymmetric() || !makesDataKey)
}
