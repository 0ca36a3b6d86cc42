package keystore

import (
	"errors"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/policy"

	"github.com/google/uuid"
)

const (
	policyName  = "default" // the one name that a key policy has
	policyLimit = 32768     // bytes of a key policy: a quota of KMS, narrower than the shape
)

// malformed is AWS's answer to a policy document that can't be a key policy.
func malformed(message string) error {
	return fault.New(fault.Invalid, "MalformedPolicyDocumentException", message)
}

// checkPolicy checks the size and the form of a key policy and, unless the caller bypasses it, that
// the caller can still change the policy afterwards: AWS's lockout safety check. The key is named
// by its ARN. It returns the policy as it is stored; without one there is nothing to check, since
// the default policy lets the account change it.
func (s *Keys) checkPolicy(c *op.Call, text *string, key string, bypass *bool) (string, error) {
	if text == nil {
		return "", nil
	}
	if len(*text) > policyLimit {
		return "", fault.Newf(fault.Limit, "LimitExceededException",
			"A key policy has at most %d bytes.", policyLimit)
	}
	document, err := policy.ParseOfKey(*text)
	switch {
	case errors.Is(err, policy.ErrPrincipalARN):
		return "", fault.New(fault.Invalid, "InvalidArnException",
			"An ARN in the specified key policy is invalid.")
	case err != nil:
		return "", malformed(err.Error())
	}
	if err := s.unknown.Check(c, document); err != nil {
		return "", malformed(err.Error())
	}
	if !domain.Or(bypass, false) &&
		!document.Lets(c.Caller, c.Facts(), "kms:PutKeyPolicy", key) {
		return "", malformed("The new key policy will not allow you to update the key policy in the " +
			"future.")
	}
	stored, err := domain.StoredPolicy(c, s.people, *text)
	if errors.Is(err, domain.ErrNobody) {
		err = malformed(policy.ErrPrincipal.Error())
	}
	return stored, err
}

// checkNewPolicy is [Keys.checkPolicy] for a key that has no id yet, so that no policy can name it.
func (s *Keys) checkNewPolicy(c *op.Call, text *string, bypass *bool) (string, error) {
	account, region := c.Namespace()
	return s.checkPolicy(c, text, key.ARN(account, region, uuid.Nil.String()), bypass)
}
