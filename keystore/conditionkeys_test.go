package keystore

import (
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/keystore/key"
	"claviger/keystore/target"
	"claviger/policy"
)

// conditionRequest is a request that has all there is to say to condition keys, and what it says in
// all that it demands. A key that stands in no row of its operation's is never looked for.
type conditionRequest struct {
	operation string
	in        M
	says      map[string]string // values joined by a blank
}

// said returns the rows: each operation of the registry that demands something of a key has one.
func said(id, ref, grantID string) []conditionRequest {
	context := M{"b": "2", "a": "1"}
	encrypts := func(more ...string) map[string]string {
		out := map[string]string{"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
			"kms:EncryptionContext:a": "1", "kms:EncryptionContextKeys": "a b",
			"kms:RequestAlias": "alias/app"}
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	aliased := func(more ...string) map[string]string {
		out := map[string]string{"kms:RequestAlias": "alias/app"}
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	says := func(more ...string) map[string]string {
		out := aliased(more...)
		delete(out, "kms:RequestAlias")
		return out
	}
	tags := []M{{"TagKey": "team", "TagValue": "x"}, {"TagKey": "app", "TagValue": "y"}}
	tagged := []string{"aws:RequestTag/team", "x", "aws:TagKeys", "app team"}
	bypass := []string{"kms:BypassPolicyLockoutSafetyCheck", "true"}
	use := func(more M) M {
		out := M{"KeyId": ref}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	ofKey := func(more M) M {
		out := use(more)
		out["KeyId"] = id
		return out
	}
	alias, source := M{"AliasName": "alias/new", "TargetKeyId": id}, "arn:aws:s3:us-east-1:111122223333:b"
	service := "backup.amazonaws.com"
	return []conditionRequest{
		{"Encrypt", use(M{"Plaintext": "eA==", "EncryptionContext": context}), encrypts()},
		{"Decrypt", use(M{"CiphertextBlob": "eA==", "EncryptionContext": context}), encrypts()},
		{"ReEncrypt", M{"CiphertextBlob": "eA==", "SourceKeyId": ref, "DestinationKeyId": ref,
			"SourceEncryptionContext": context, "DestinationEncryptionContext": context},
			encrypts("kms:ReEncryptOnSameKey", "true")},
		{"GenerateDataKey", use(M{"NumberOfBytes": 16, "EncryptionContext": context}), encrypts()},
		{"GenerateDataKeyWithoutPlaintext", use(M{"NumberOfBytes": 16, "EncryptionContext": context}),
			encrypts()},
		{"GenerateDataKeyPair", use(M{"KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": context}),
			encrypts("kms:DataKeyPairSpec", "ECC_NIST_P256")},
		{"GenerateDataKeyPairWithoutPlaintext",
			use(M{"KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": context}),
			encrypts("kms:DataKeyPairSpec", "ECC_NIST_P256")},
		{"Sign", use(M{"Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"}),
			aliased("kms:SigningAlgorithm", "ECDSA_SHA_256", "kms:MessageType", "RAW")},
		{"Verify", use(M{"Message": "eA==", "Signature": "eA==", "MessageType": "DIGEST",
			"SigningAlgorithm": "ECDSA_SHA_256"}),
			aliased("kms:SigningAlgorithm", "ECDSA_SHA_256", "kms:MessageType", "DIGEST")},
		{"GenerateMac", use(M{"Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"}),
			aliased("kms:MacAlgorithm", "HMAC_SHA_256")},
		{"VerifyMac", use(M{"Message": "eA==", "Mac": "eA==", "MacAlgorithm": "HMAC_SHA_256"}),
			aliased("kms:MacAlgorithm", "HMAC_SHA_256")},
		{"DeriveSharedSecret", use(M{"KeyAgreementAlgorithm": "ECDH", "PublicKey": "eA=="}),
			aliased("kms:KeyAgreementAlgorithm", "ECDH")},
		{"Encapsulate", use(M{"EncapsulationAlgorithm": "ML_KEM"}), aliased()},
		{"Decapsulate", use(M{"EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": "eA=="}),
			aliased()},
		{"DescribeKey", use(nil), aliased()},
		{"GetPublicKey", use(nil), aliased()},

		{"CreateKey", M{"Policy": aPolicy, "BypassPolicyLockoutSafetyCheck": true, "Tags": tags,
			"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY", "MultiRegion": true},
			says(slices.Concat(tagged, bypass, []string{"kms:KeySpec", "RSA_2048", "kms:KeyUsage",
				"SIGN_VERIFY", "kms:KeyOrigin", "AWS_KMS", "kms:MultiRegionKeyType", "PRIMARY"})...)},
		{"ReplicateKey", ofKey(M{"ReplicaRegion": farAway}), nil},
		{"UpdatePrimaryRegion", ofKey(M{"PrimaryRegion": abroad}), says("kms:PrimaryRegion", abroad)},
		{"PutKeyPolicy", ofKey(M{"Policy": aPolicy, "BypassPolicyLockoutSafetyCheck": true}),
			says(bypass...)},
		{"DisableKey", ofKey(nil), says("kms:TrailingDaysWithoutKeyUsage", "2")},
		{"ScheduleKeyDeletion", ofKey(nil), says("kms:TrailingDaysWithoutKeyUsage", "2",
			"kms:ScheduleKeyDeletionPendingWindowInDays", "30")},
		{"EnableKeyRotation", ofKey(M{"RotationPeriodInDays": 90}),
			says("kms:RotationPeriodInDays", "90")},
		{"EnableKeyRotation", ofKey(nil), says("kms:RotationPeriodInDays", "365")},
		{"GetParametersForImport", ofKey(M{"WrappingAlgorithm": "RSAES_OAEP_SHA_256",
			"WrappingKeySpec": "RSA_2048"}),
			says("kms:WrappingAlgorithm", "RSAES_OAEP_SHA_256", "kms:WrappingKeySpec", "RSA_2048")},
		{"ImportKeyMaterial", ofKey(M{"ImportToken": "eA==", "EncryptedKeyMaterial": "eA==",
			"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": 4102444800}),
			says("kms:ExpirationModel", "KEY_MATERIAL_EXPIRES", "kms:ValidTo", "2100-01-01T00:00:00Z")},
		{"TagResource", ofKey(M{"Tags": tags}), says(tagged...)},
		{"UntagResource", ofKey(M{"TagKeys": []string{"team"}}), says("aws:TagKeys", "team")},
		{"CreateGrant", ofKey(M{"GranteePrincipal": arnOf("bob"), "RetiringPrincipal": arnOf("al"),
			"Operations": []string{"Encrypt", "Decrypt"}, "Constraints": M{
				"EncryptionContextSubset": context}}),
			says("kms:GranteePrincipal", arnOf("bob"), "kms:RetiringPrincipal", arnOf("al"),
				"kms:GrantOperations", "Decrypt Encrypt", "kms:GrantIsForAWSResource", "false",
				"kms:GrantConstraintType", "EncryptionContextSubset", "kms:EncryptionContext:a", "1",
				"kms:EncryptionContextKeys", "a b")},
		{"CreateGrant", ofKey(M{"GranteeServicePrincipal": service,
			"RetiringServicePrincipal": service, "Operations": []string{"Decrypt"},
			"Constraints": M{"SourceArn": source}}),
			says("kms:GranteeServicePrincipal", service, "kms:RetiringServicePrincipal", service,
				"kms:GrantConstraintSourceArn", source)},
		{"ListGrants", ofKey(nil), says("kms:GrantIsForAWSResource", "false")},
		{"RevokeGrant", ofKey(M{"GrantId": grantID}), says("kms:GrantIsForAWSResource", "false")},
		{"RetireGrant", ofKey(M{"GrantId": grantID}), says("kms:GrantConstraintType",
			"EncryptionContextSubset", "kms:EncryptionContext:a", "1", "kms:EncryptionContextKeys", "a")},

		{"CreateAlias", alias, nil}, {"UpdateAlias", alias, nil},
		{"DeleteAlias", M{"AliasName": "alias/app"}, nil},
		{"CancelKeyDeletion", ofKey(nil), nil}, {"EnableKey", ofKey(nil), nil},
		{"DisableKeyRotation", ofKey(nil), nil}, {"DeleteImportedKeyMaterial", ofKey(nil), nil},
		{"GetKeyLastUsage", ofKey(nil), nil}, {"GetKeyPolicy", ofKey(nil), nil},
		{"GetKeyRotationStatus", ofKey(nil), nil}, {"ListKeyPolicies", ofKey(nil), nil},
		{"ListKeyRotations", ofKey(nil), nil}, {"ListResourceTags", ofKey(nil), nil},
		{"RotateKeyOnDemand", ofKey(nil), nil},
		{"UpdateKeyDescription", ofKey(M{"Description": "x"}), nil},
	}
}

// withoutKey are the operations that demand nothing of a key.
var withoutKey = []string{"ListKeys", "ListAliases", "ListRetirableGrants", "GenerateRandom",
	"CreateCustomKeyStore", "UpdateCustomKeyStore", "DeleteCustomKeyStore", "ConnectCustomKeyStore",
	"DisconnectCustomKeyStore", "DescribeCustomKeyStores"}

// TestConditionKeys_EachDocumented_IsSetByItsOperation walks the registry: a demand has a value for
// each condition key that AWS documents for its action, and those of the key.
func TestConditionKeys_EachDocumented_IsSetByItsOperation(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{"Tags": []M{{"TagKey": "team", "TagValue": "x"}}}, abroad)
	must[any](s, "CreateAlias", M{"AliasName": "alias/app", "TargetKeyId": id})
	grantID := must[CreateGrantOutput](s, "CreateGrant", M{"KeyId": id,
		"GranteePrincipal": arnOf("bob"), "Operations": []string{"Decrypt"},
		"Constraints": M{"EncryptionContextSubset": M{"a": "1"}}}).GrantId
	s.pass(50 * time.Hour)

	var demands []policy.Demand
	s.Decide(func(q policy.Request) policy.Decision {
		demands = q.Demands
		return policy.Decision{Effect: policy.Deny,
			Err: fault.New(fault.Denied, "AccessDeniedException", "seen")}
	})
	set := map[string]map[string]bool{} // by action, the keys that had a value
	asked := map[string]bool{}
	for _, r := range said(id, "alias/app", grantID) {
		demands, asked[r.operation] = nil, true
		if f := fail(s, r.operation, r.in); f == nil || f.Message != "seen" {
			t.Fatalf("%s %v: %v", r.operation, r.in, f)
		}
		for _, d := range demands {
			if strings.Contains(d.Resource.ARN, ":alias/") {
				continue // an alias has none but those of every request
			}
			v := d.Values()
			for name, want := range r.says {
				if got := strings.Join(v[name], " "); got != want {
					t.Errorf("%s: %s is %q, want %q", d.Action, name, got, want)
				}
			}
			for name := range v {
				if set[d.Action] == nil {
					set[d.Action] = map[string]bool{}
				}
				set[d.Action][name] = true
			}
			checkResource(t, d, key.ARN(ourAccount, ourRegion, id))
		}
	}
	for action, names := range target.ConditionKeys {
		for _, name := range slices.Concat(names, target.OfEveryKey) {
			if !isSet(set["kms:"+action], name) {
				t.Errorf("%s never has %s", action, name)
			}
		}
	}
	for _, o := range s.keys.Operations() {
		if n := o.Info().Name; o.Info().Method != "" && asked[n] == slices.Contains(withoutKey, n) {
			t.Errorf("%s: it has to have a row here, or to demand nothing of a key", n)
		}
	}
}

// isSet reports whether a key had a value, or with a colon or a slash at its end one behind it.
func isSet(set map[string]bool, name string) bool {
	if !strings.HasSuffix(name, ":") && !strings.HasSuffix(name, "/") {
		return set[name]
	}
	for k := range set {
		if strings.HasPrefix(k, name) && len(k) > len(name) {
			return true
		}
	}
	return false
}

// checkResource looks at what the demand on the key itself brings beside its values.
func checkResource(t *testing.T, d policy.Demand, arn string) {
	t.Helper()
	if d.Resource.ARN != arn {
		return // a key that is yet to be made
	}
	if !d.Resource.PolicyDecides || d.Resource.Policy == nil {
		t.Fatalf("%s: the key's policy doesn't decide", d.Action)
	}
	rules, err := d.Resource.Policy()
	tags, tagsErr := d.Resource.Tags()
	aliases, aliasesErr := d.Resource.Aliases()
	if err != nil || tagsErr != nil || aliasesErr != nil || rules == nil || tags["team"] != "x" ||
		!slices.Equal(aliases, []string{"alias/app"}) {
		t.Errorf("%s: policy %v, tags %v, aliases %v", d.Action, rules, tags, aliases)
	}
}
