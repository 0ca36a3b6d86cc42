package key

import (
	"maps"
	"slices"
	"strings"
)

// managedKey is what AWS makes of the key that a service manages.
type managedKey struct{ protects, policy string }

// managed are the services that manage keys: of AWS's, those that we have. The words and policies
// are AWS's own, as DescribeKey and GetKeyPolicy show them.
var managed = map[string]managedKey{
	"secretsmanager": {"Secrets Manager data", secretsManagerPolicy},
	"sns":            {"SNS data", topicsPolicy},
	"ssm":            {"SSM parameters", parameterStorePolicy},
	// AWS seals the secrets of connections by a key of its own, which no account has.
	"events": {"EventBridge connections", eventBridgePolicy},
}

// Managers returns the services that manage keys, in order.
func Managers() []string { return slices.Sorted(maps.Keys(managed)) }

// ManagedDescription returns the description of the key that a service manages.
func ManagedDescription(service string) string {
	return "Default key that protects my " + managed[service].protects +
		" when no other key is defined"
}

// ManagedPolicy returns the policy of the key that a service manages in an account and Region.
func ManagedPolicy(account, region, service string) string {
	return strings.NewReplacer("ACCOUNT", account, "REGION", region).
		Replace(managed[service].policy)
}

// secretsManagerPolicy: who may use the service may use the key through it, from another Region for
// what is replicated there, and the account may look at it.
const secretsManagerPolicy = `{
  "Version" : "2012-10-17",
  "Id" : "auto-secretsmanager-2",
  "Statement" : [ {
    "Sid" : "Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "ACCOUNT",
        "kms:ViaService" : "secretsmanager.REGION.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager",
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
        "kms:ViaService" : "secretsmanager.*.amazonaws.com"
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

// parameterStorePolicy is that of Parameter Store, which makes no grants: there are none to revoke.
const parameterStorePolicy = `{
  "Version" : "2012-10-17",
  "Id" : "auto-ssm-1",
  "Statement" : [ {
    "Sid" : "Allow access through SSM for all principals in the account that are authorized to use SSM",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "ACCOUNT",
        "kms:ViaService" : "ssm.REGION.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::ACCOUNT:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*" ],
    "Resource" : "*"
  } ]
}`

// topicsPolicy is that of SNS: who publishes has messages sealed, and the service opens them.
const topicsPolicy = `{
  "Version" : "2012-10-17",
  "Id" : "auto-sns-1",
  "Statement" : [ {
    "Sid" : "Allow access through SNS for all principals in the account that are authorized to use SNS",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:ListGrants", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "ACCOUNT",
        "kms:ViaService" : "sns.REGION.amazonaws.com"
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

// eventBridgePolicy is in the form of Parameter Store's.
var eventBridgePolicy = strings.NewReplacer("auto-ssm-1", "auto-events-1", "SSM", "EventBridge",
	"ssm.REGION", "events.REGION").Replace(parameterStorePolicy)
