// Package resourcepolicy is what Secrets Manager asks of a secret's resource policy before it is
// attached: its form, whom it names, and whether everybody could use the secret by it. It is about
// the text alone and knows no secret.
package resourcepolicy

import (
	"context"
	"errors"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/policy"
	"claviger/policy/inspect"
)

// What is wrong with a policy, in AWS's words.
var (
	// ErrPublic: BlockPublicPolicy was asked for.
	ErrPublic = fault.New(fault.Invalid, "PublicPolicyException", "You can't attach a "+
		"resource-based policy that allows broad access to the secret.")
	// ErrLockout: the caller could not take the policy back.
	ErrLockout = Malformed("This resource policy will not allow you to manage this secret in the " +
		"future.")
)

// Malformed is AWS's answer to a policy that can't be a secret's.
func Malformed(message string) *fault.Error {
	return fault.New(fault.Invalid, "MalformedPolicyDocumentException", message)
}

// Policy is a policy that was read.
type Policy struct {
	Document *policy.Document
	Stored   string // its text as it is stored: principals by their unique ids
}

// Read reads the policy of a request. Whoever is named in it has to be there.
func Read(ctx context.Context, of domain.Principals, text string) (p Policy, err error) {
	if p.Document, err = policy.ParseSecret(text); err != nil {
		return p, Malformed(err.Error())
	}
	p.Stored, err = domain.StoredPolicy(ctx, of, text)
	if errors.Is(err, domain.ErrNobody) {
		err = Malformed(policy.ErrSecretPrincipal.Error()).Because(err)
	}
	return p, err
}

// IsPublic reports whether the policy lets everybody use the secret.
func (p Policy) IsPublic() bool { return inspect.IsPublic(p.Document, "secretsmanager") }

// Failure is a check that a policy didn't pass.
type Failure struct {
	CheckName    string `json:",omitzero"`
	ErrorMessage string `json:",omitzero"`
}

// Failures are the checks that a policy doesn't pass, in the words of ValidateResourcePolicy. locks
// says whether the caller could not take the policy back.
func (p Policy) Failures(locks bool) []Failure {
	failed := []Failure{}
	if p.IsPublic() {
		failed = append(failed, Failure{"BlockPublicPolicyCheck", ErrPublic.Message})
	}
	if locks {
		failed = append(failed, Failure{"LockOutCheck", ErrLockout.Message})
	}
	return failed
}
