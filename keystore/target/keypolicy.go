package target

import (
	"errors"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/policy"

	"github.com/google/uuid"
)

// PolicyLimit is the most bytes of a key policy: a quota of KMS, narrower than the shape.
const PolicyLimit = 32768

// Policies holds key policies that are to be saved to KMS's rules.
type Policies struct {
	People  domain.Principals
	Unknown domain.UnknownKeys // what becomes of condition keys that no request has
}

// malformed is AWS's answer to a policy document that can't be a key policy.
func malformed(message string) error {
	return fault.New(fault.Invalid, "MalformedPolicyDocumentException", message)
}

// Check checks the size and the form of a key policy and, unless the caller bypasses it, that
// the caller can still change the policy afterwards: AWS's lockout safety check. The key is named
// by its ARN. It returns the policy as it is stored; without one there is nothing to check, since
// the default policy lets the account change it.
func (p Policies) Check(c *op.Call, text *string, key string, bypass *bool) (string, error) {
	if text == nil {
		return "", nil
	}
	if len(*text) > PolicyLimit {
		return "", fault.Newf(fault.Limit, "LimitExceededException",
			"A key policy has at most %d bytes.", PolicyLimit)
	}
	document, err := policy.ParseOfKey(*text)
	switch {
	case errors.Is(err, policy.ErrPrincipalARN):
		return "", fault.New(fault.Invalid, "InvalidArnException",
			"An ARN in the specified key policy is invalid.")
	case err != nil:
		return "", malformed(err.Error())
	}
	if err := p.Unknown.Check(c, document); err != nil {
		return "", malformed(err.Error())
	}
	if !domain.Or(bypass, false) &&
		!document.Lets(c.Caller, c.Facts(), "kms:PutKeyPolicy", key) {
		return "", malformed("The new key policy will not allow you to update the key policy in the " +
			"future.")
	}
	stored, err := domain.StoredPolicy(c, p.People, *text)
	if errors.Is(err, domain.ErrNobody) {
		err = malformed(policy.ErrPrincipal.Error())
	}
	return stored, err
}

// CheckNew is [Policies.Check] for a key that has no id yet, so that no policy can name it.
func (p Policies) CheckNew(c *op.Call, text *string, bypass *bool) (string, error) {
	account, region := c.Namespace()
	return p.Check(c, text, key.ARN(account, region, uuid.Nil.String()), bypass)
}
