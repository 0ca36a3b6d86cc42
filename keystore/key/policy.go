package key

import (
	"strconv"
	"strings"

	"claviger/policy"
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

// ManagedPolicy returns the policy of the key that a service manages in an account and Region.
func ManagedPolicy(account, region, service string) string {
	return strings.NewReplacer("ACCOUNT", account, "REGION", region, "SERVICE",
		service).Replace(managedPolicy)
}

// PolicyText returns the key's policy document: its own, byte for byte as it was given, or the
// default one.
func (k *Key) PolicyText() string {
	if k.Policy != "" {
		return k.Policy
	}
	return strings.Replace(defaultPolicy, "ACCOUNT", k.Account, 1)
}

// Conditions puts what a key is into the values of condition keys.
func (k *Key) Conditions(v policy.Values) {
	Conditions(v, k.Spec, k.Usage, k.Origin, k.PrimaryRegion != "")
	switch {
	case k.IsPrimary():
		v["kms:MultiRegionKeyType"] = []string{"PRIMARY"}
	case k.PrimaryRegion != "":
		v["kms:MultiRegionKeyType"] = []string{"REPLICA"}
	}
}

// Conditions is [Key.Conditions] for a key that is yet to be made.
func Conditions(v policy.Values, spec, usage, origin string, multiRegion bool) {
	v["kms:KeySpec"], v["kms:CustomerMasterKeySpec"] = []string{spec}, []string{spec}
	v["kms:KeyUsage"], v["kms:CustomerMasterKeyUsage"] = []string{usage}, []string{usage}
	v["kms:KeyOrigin"] = []string{origin}
	v["kms:MultiRegion"] = []string{strconv.FormatBool(multiRegion)}
}
