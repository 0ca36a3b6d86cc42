package target

import (
	"slices"
	"strconv"
	"time"

	"claviger/internal/domain"
	"claviger/policy"
)

// Keys of conditions, as far as they have rules of their own.
const (
	requestAlias          = "kms:RequestAlias"
	grantIsForAWSResource = "kms:GrantIsForAWSResource"
	daysWithoutUse        = "kms:TrailingDaysWithoutKeyUsage"
	bypassLockoutCheck    = "kms:BypassPolicyLockoutSafetyCheck"
)

// OfEveryKey are the condition keys of every action on a key, beside those of every request.
var OfEveryKey = []string{"kms:KeyOrigin", "kms:KeySpec", "kms:KeyUsage", "kms:MultiRegion",
	"kms:MultiRegionKeyType", "kms:CustomerMasterKeySpec", "kms:CustomerMasterKeyUsage"}

// encrypting are the condition keys of actions with an encryption context.
var encrypting = []string{"kms:EncryptionAlgorithm", "kms:EncryptionContext:",
	"kms:EncryptionContextKeys", requestAlias}

// creating are those of CreateKey, where they are of the key that is asked for.
var creating = append([]string{domain.RequestTag, domain.TagKeys, bypassLockoutCheck},
	OfEveryKey...)

var reEncrypting = append([]string{"kms:ReEncryptOnSameKey"}, encrypting...)

var encryptingPair = append([]string{"kms:DataKeyPairSpec"}, encrypting...)

// ConditionKeys are the condition keys that an action has beside those of every key and of every
// request ("Actions, resources, and condition keys for AWS Key Management Service" of the Service
// Authorization Reference). One that ends in a colon or a slash has a name behind it. Those of
// attestation documents are left out: there are none here.
var ConditionKeys = map[string][]string{
	"CreateGrant": {"kms:EncryptionContext:", "kms:EncryptionContextKeys",
		"kms:GrantConstraintSourceArn", "kms:GrantConstraintType", "kms:GranteePrincipal",
		"kms:GranteeServicePrincipal", grantIsForAWSResource, "kms:GrantOperations",
		"kms:RetiringPrincipal", "kms:RetiringServicePrincipal"},
	"CreateKey":                           creating,
	"Decapsulate":                         {requestAlias},
	"Decrypt":                             encrypting,
	"DeriveSharedSecret":                  {"kms:KeyAgreementAlgorithm", requestAlias},
	"DescribeKey":                         {requestAlias},
	"DisableKey":                          {daysWithoutUse},
	"EnableKeyRotation":                   {"kms:RotationPeriodInDays"},
	"Encapsulate":                         {requestAlias},
	"Encrypt":                             encrypting,
	"GenerateDataKey":                     encrypting,
	"GenerateDataKeyPair":                 encryptingPair,
	"GenerateDataKeyPairWithoutPlaintext": encryptingPair,
	"GenerateDataKeyWithoutPlaintext":     encrypting,
	"GenerateMac":                         {"kms:MacAlgorithm", requestAlias},
	"GetParametersForImport":              {"kms:WrappingAlgorithm", "kms:WrappingKeySpec"},
	"GetPublicKey":                        {requestAlias},
	"ImportKeyMaterial":                   {"kms:ExpirationModel", "kms:ValidTo"},
	"ListGrants":                          {grantIsForAWSResource},
	"PutKeyPolicy":                        {bypassLockoutCheck},
	"ReEncryptFrom":                       reEncrypting,
	"ReEncryptTo":                         reEncrypting,
	"ReplicateKey":                        {"kms:ReplicaRegion"},
	"RetireGrant": {"kms:EncryptionContext:", "kms:EncryptionContextKeys",
		"kms:GrantConstraintType"},
	"RevokeGrant": {grantIsForAWSResource},
	"ScheduleKeyDeletion": {"kms:ScheduleKeyDeletionPendingWindowInDays",
		daysWithoutUse},
	"Sign":                {"kms:MessageType", requestAlias, "kms:SigningAlgorithm"},
	"TagResource":         {domain.RequestTag, domain.TagKeys},
	"UntagResource":       {domain.TagKeys},
	"UpdatePrimaryRegion": {"kms:PrimaryRegion"},
	"Verify":              {"kms:MessageType", requestAlias, "kms:SigningAlgorithm"},
	"VerifyMac":           {"kms:MacAlgorithm", requestAlias},
}

// algorithms are the condition keys whose value is the algorithm that the key is to serve.
var algorithms = []string{"kms:EncryptionAlgorithm", "kms:SigningAlgorithm", "kms:MacAlgorithm",
	"kms:KeyAgreementAlgorithm"}

// values are what the demand says to condition keys. They are made when the first condition turns
// on one.
func (t *Target) values() policy.Values {
	v := t.said()
	t.Key.Conditions(v)
	if slices.Contains(ConditionKeys[t.Action], daysWithoutUse) {
		v[daysWithoutUse] = []string{strconv.Itoa(t.daysWithoutUse())}
	}
	return v
}

// said are those of them that are known without the key.
func (t *Target) said() policy.Values {
	v := policy.Values{}
	for _, name := range ConditionKeys[t.Action] {
		switch {
		case name == requestAlias && t.Named.Alias != "":
			v[name] = []string{t.Named.Alias}
		case name == grantIsForAWSResource:
			v[name] = []string{strconv.FormatBool(t.call.Via != "")}
		case slices.Contains(algorithms, name) && t.Algorithm != "":
			v[name] = []string{t.Algorithm}
		}
	}
	if t.Says != nil {
		t.Says(v)
	}
	return v
}

// daysWithoutUse is how many days ago the key was last used, or made. If that can't be known it is
// taken for one that was used just now, which policies protect.
func (t *Target) daysWithoutUse() int {
	last, err := t.finder.rows.LastUse(t.Key.Ref())
	if err != nil {
		t.call.Log().Error("the last use of a key can't be read", "key", t.Key.ARN(), "error", err)
		return 0
	}
	from := t.Key.Created
	if last.At.After(from) {
		from = last.At
	}
	return int(t.call.Time.Sub(from) / (24 * time.Hour))
}

// SetBypass says whether the lockout check is to be left out.
func SetBypass(v policy.Values, member *bool) {
	domain.Set(v, bypassLockoutCheck, member, strconv.FormatBool)
}
