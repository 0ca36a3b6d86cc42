package keystore

import (
	"errors"
	"strings"

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

// defaultPolicy is the policy of a key that was given none, as AWS writes it: the account decides
// by its own means.
const defaultPolicy = `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::ACCOUNT:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`

// managedPolicy is the policy of a key that a service manages, as AWS writes that of Secrets
// Manager: who may use the service may use the key through it, and the account may look at it.
const managedPolicy = `{
  "Version" : "2012-10-17",
  "Id" : "auto-SERVICE-2",
  "Statement" : [ {
    "Sid" : "Allow access through SERVICE for all principals in the account that are authorized to use SERVICE",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "ACCOUNT",
        "kms:ViaService" : "SERVICE.REGION.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow access through SERVICE for all principals in the account that are authorized to use SERVICE",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : "kms:GenerateDataKey*",
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "ACCOUNT"
      },
      "StringLike" : {
        "kms:ViaService" : "SERVICE.*.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::ACCOUNT:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  } ]
}`

func managedPolicyOf(c *op.Call, service string) string {
	account, region := c.Namespace()
	return strings.NewReplacer("ACCOUNT", account, "REGION", region, "SERVICE",
		service).Replace(managedPolicy)
}

// policyOf returns the key's policy document: its own, byte for byte as it was given, or the
// default one.
func policyOf(k *key.Key) string {
	if k.Policy != "" {
		return k.Policy
	}
	return strings.Replace(defaultPolicy, "ACCOUNT", k.Account, 1)
}

// malformed is AWS's answer to a policy document that can't be a key policy.
func malformed(message string) error {
	return fault.New(fault.Invalid, "MalformedPolicyDocumentException", message)
}

// checkPolicy checks the size and the form of a key policy and, unless the caller bypasses it, that
// the caller can still change the policy afterwards: AWS's lockout safety check. The key is named
// by its ARN.
func checkPolicy(c *op.Call, text, key string, bypass bool) error {
	if len(text) > policyLimit {
		return fault.Newf(fault.Limit, "LimitExceededException", "A key policy has at most %d bytes.",
			policyLimit)
	}
	document, err := policy.ParseOfKey(text)
	switch {
	case errors.Is(err, policy.ErrPrincipalARN):
		return fault.New(fault.Invalid, "InvalidArnException",
			"An ARN in the specified key policy is invalid.")
	case err != nil:
		return malformed(err.Error())
	case !bypass && !document.Lets(c.Caller, c.Facts(), "kms:PutKeyPolicy", key):
		return malformed("The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

// checkNewPolicy is [checkPolicy] for a key that has no id yet, so that no policy can name it. The
// default policy needs no check: it lets the account change it.
func checkNewPolicy(c *op.Call, text *string, bypass *bool) error {
	if text == nil {
		return nil
	}
	account, region := c.Namespace()
	return checkPolicy(c, *text, key.ARN(account, region, uuid.Nil.String()), domain.Or(bypass, false))
}
