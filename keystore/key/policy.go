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
