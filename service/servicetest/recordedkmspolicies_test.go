package servicetest_test

import "strings"

const (
	someService = `"dynamodb.us-west-1.amazonaws.com"`
	someUser    = `"arn:aws:iam::111122223333:user/alice"`
	noPolicy    = "MalformedPolicyDocumentException"
	subset      = `"EncryptionContextSubset":{"a":"1"}`
	rootAllow   = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},` +
		`"Action":"kms:*","Resource":"*"}`
	noLabels = "These condition keys are not permitted in a key policy: " +
		"aws:ResourceTag, kms:ResourceTag, kms:ResourceAliases"
)

// withPolicy is a request that has a key policy: one statement that lets the account do all, and
// others.
func withPolicy(statements ...string) string {
	all := append([]string{rootAllow}, statements...)
	document := `{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`
	return `{"KeyId":"{sym}","Policy":"` + strings.ReplaceAll(document, `"`, `\"`) + `"}`
}

// allow is a statement that differs in one element.
func allow(element string) string {
	return `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:Get*","Resource":"*",` +
		element + `}`
}

// grant is a request for a grant on the symmetric key.
func grant(operations, more string) string {
	return `{"KeyId":"{sym}","GranteePrincipal":` + someUser + `,"Operations":[` + operations + `]` +
		more + `}`
}

var recordedPolicies = []recorded{
	{reported, "CreateGrant", grant(`"CreateGrant"`, ""), invalid,
		"Grants must not contain only the CreateGrant operation.", ""},
	{terraform, "CreateGrant", grant(`"ReEncryptTo","CreateGrant"`, ""), "", "", "GrantId GrantToken"},
	{terraform, "CreateGrant", grant(`"Decrypt"`, `,"Constraints":{`+subset+
		`,"EncryptionContextEquals":{"a":"1"}}`), invalid, "More than one constraint supplied", ""},
	{terraform, "CreateGrant", grant(`"Decrypt"`, `,"Constraints":{`+subset+
		`,"EncryptionContextEquals":{}}`), "", "", "GrantId GrantToken"},
	{terraform, "CreateGrant", grant(`"RetireGrant","DescribeKey"`, `,"Constraints":{`+subset+`}`),
		"", "", "GrantId GrantToken"},
	{terraform, "CreateGrant", `{"KeyId":"{sign}","GranteePrincipal":` + someUser +
		`,"Operations":["GetPublicKey","Sign","Verify"]}`, "", "", "GrantId GrantToken"},
	{terraform, "CreateGrant", `{"KeyId":"{sym}","GranteePrincipal":` + someService +
		`,"RetiringPrincipal":` + someService + `,"Operations":["Encrypt","Decrypt"]}`, "", "",
		"GrantId GrantToken"},
	{localStack, "CreateGrant", `{"KeyId":"invalid","GranteePrincipal":` + someUser +
		`,"Operations":["Decrypt"]}`, "NotFoundException", "Invalid keyId 'invalid'", ""},
	{localStack, "ListGrants", `{"KeyId":"{sym2}"}`, "", "", "Grants[] Truncated"},

	{reported, "PutKeyPolicy", withPolicy(`{"Effect":"Allow","Action":"kms:Get*","Resource":"*"}`),
		noPolicy, "Policy contains a statement with no principal.", ""},
	{reported, "PutKeyPolicy",
		withPolicy(`{"Effect":"Allow","Principal":{"AWS":[]},"Action":"kms:Get*","Resource":"*"}`),
		noPolicy, "Policy contains a statement with no principal.", ""},
	{reported, "PutKeyPolicy", withPolicy(`{"Effect":"Allow","Principal":` +
		`{"AWS":"AIDACKCEVSQ6C2EXAMPLE"},"Action":"kms:Get*","Resource":"*"}`),
		noPolicy, "Policy contains a statement with one or more invalid principals.", ""},
	{reported, "PutKeyPolicy", withPolicy(`{"Effect":"Allow","Principal":` +
		`{"AWS":"arn:aws:iam::111122223333:group/g"},"Action":"kms:Get*","Resource":"*"}`),
		"InvalidArnException", "An ARN in the specified key policy is invalid.", ""},
	{reported, "PutKeyPolicy", `{"KeyId":"{sym}","Policy":"{\"Statement\":` +
		`{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"444455556666\"},\"Action\":\"kms:*\",` +
		`\"Resource\":\"*\"}}"}`, noPolicy,
		"The new key policy will not allow you to update the key policy in the future.", ""},
	{reported, "PutKeyPolicy",
		withPolicy(allow(`"Condition":{"StringEquals":{"aws:ResourceTag/a":"b"}}`)), noPolicy, noLabels,
		""},
	{reported, "PutKeyPolicy", withPolicy(
		allow(`"Condition":{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/a"}}`)), noPolicy,
		noLabels, ""},
	{terraform, "PutKeyPolicy",
		withPolicy(allow(`"Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}`)), "", "", ""},
	{reference, "PutKeyPolicy", withPolicy(
		`{"Effect":"Allow","Principal":"*","Resource":"*"}`,
		`{"Effect":"Allow","Principal":"*","Action":"kms:Get*"}`), "", "", ""},

	{emulators, "Encrypt", `{"KeyId":"{rsa}","Plaintext":"eA==","EncryptionAlgorithm":` +
		`"RSAES_OAEP_SHA_256","EncryptionContext":{"a":"b"}}`, invalid, "EncryptionContext is not " +
		"supported when encrypting/decrypting with asymmetric CMKs.", ""},
	{siblings, "Encrypt", `{"KeyId":"{sym}","Plaintext":"eA==","EncryptionContext":{"a":null}}`,
		invalid, oneError + "Value at 'encryptionContext' failed to satisfy constraint: " +
			"Map value must satisfy constraint: [Member must not be null]", ""},
	{siblings, "GenerateDataKey", `{"KeyId":"{sym}","KeySpec":"AES_256",` +
		`"EncryptionContext":{"a/~b":null}}`, invalid, "*", ""},
}

// Members that AWS sends, and no others. AWS has added the ids of key materials since the first of
// these answers were recorded.
const (
	metadata = "AWSAccountId Arn CreationDate CurrentKeyMaterialId CustomerMasterKeySpec " +
		"Description Enabled EncryptionAlgorithms KeyId KeyManager KeySpec KeyState KeyUsage " +
		"MultiRegion Origin"
	hmacMetadata = "AWSAccountId Arn CreationDate CustomerMasterKeySpec Description Enabled KeyId " +
		"KeyManager KeySpec KeyState KeyUsage MacAlgorithms MultiRegion Origin"
	externalMetadata = "AWSAccountId Arn CreationDate CustomerMasterKeySpec Description Enabled " +
		"EncryptionAlgorithms KeyId KeyManager KeySpec KeyState KeyUsage MultiRegion Origin"
	mrkMetadata = "AWSAccountId Arn CreationDate CurrentKeyMaterialId CustomerMasterKeySpec " +
		"Description Enabled EncryptionAlgorithms KeyId KeyManager KeySpec KeyState KeyUsage " +
		"MultiRegion MultiRegionConfiguration(MultiRegionKeyType PrimaryKey(Arn Region) " +
		"ReplicaKeys[]) Origin"
	replicaMetadata = "AWSAccountId Arn CreationDate CustomerMasterKeySpec Description Enabled " +
		"EncryptionAlgorithms KeyId KeyManager KeySpec KeyState KeyUsage MultiRegion " +
		"MultiRegionConfiguration(MultiRegionKeyType PrimaryKey(Arn Region) " +
		"ReplicaKeys[Arn Region]) Origin"
)

var recordedSuccesses = []recorded{
	{localStack, "CreateKey", `{"Description":"test key 123"}`, "", "",
		"KeyMetadata(" + metadata + ")"},
	{localStack, "DescribeKey", `{"KeyId":"{sym}"}`, "", "", "KeyMetadata(" + metadata + ")"},
	{localStack, "DescribeKey", `{"KeyId":"{hmac}"}`, "", "", "KeyMetadata(" + hmacMetadata + ")"},
	{localStack, "DescribeKey", `{"KeyId":"{external}"}`, "", "",
		"KeyMetadata(" + externalMetadata + ")"},
	{localStack, "DescribeKey", `{"KeyId":"{mrk}"}`, "", "", "KeyMetadata(" + mrkMetadata + ")"},
	{localStack, "ReplicateKey", `{"KeyId":"{mrk}","ReplicaRegion":"eu-central-1"}`, "", "",
		"ReplicaKeyMetadata(" + replicaMetadata + ") ReplicaPolicy"},

	{localStack, "Encrypt", `{"KeyId":"{sym}","Plaintext":"eA=="}`, "", "",
		"CiphertextBlob EncryptionAlgorithm KeyId"},
	{localStack, "Decrypt", `{"CiphertextBlob":"{sym.blob}","EncryptionContext":` +
		`{"context-key":"value"}}`, "", "", "EncryptionAlgorithm KeyId KeyMaterialId Plaintext"},
	{localStack, "GenerateDataKey", `{"KeyId":"{sym}","KeySpec":"AES_256"}`, "", "",
		"CiphertextBlob KeyId KeyMaterialId Plaintext"},
	{localStack, "GenerateDataKeyWithoutPlaintext", `{"KeyId":"{sym}","KeySpec":"AES_256"}`, "", "",
		"CiphertextBlob KeyId KeyMaterialId"},
	{localStack, "GenerateDataKeyPair", `{"KeyId":"{sym}","KeyPairSpec":"ECC_NIST_P256"}`, "", "",
		"KeyId KeyMaterialId KeyPairSpec PrivateKeyCiphertextBlob PrivateKeyPlaintext PublicKey"},
	{localStack, "GenerateDataKeyPairWithoutPlaintext",
		`{"KeyId":"{sym}","KeyPairSpec":"ECC_NIST_P256"}`, "", "",
		"KeyId KeyMaterialId KeyPairSpec PrivateKeyCiphertextBlob PublicKey"},
	{localStack, "GenerateMac", `{"KeyId":"{hmac}","Message":"eA==","MacAlgorithm":"HMAC_SHA_256"}`,
		"", "", "KeyId Mac MacAlgorithm"},
	{localStack, "Verify", `{"KeyId":"{sign}","Message":"eA==","SigningAlgorithm":"ECDSA_SHA_256",` +
		`"Signature":"{sign.blob}"}`, "", "", "KeyId SignatureValid SigningAlgorithm"},

	{terraform, "GetKeyRotationStatus", `{"KeyId":"{sign}"}`, "", "", "KeyId KeyRotationEnabled"},
	{terraform, "GetKeyRotationStatus", `{"KeyId":"{hmac}"}`, "", "", "KeyId KeyRotationEnabled"},
	{terraform, "GetKeyRotationStatus", `{"KeyId":"{rsa}"}`, "", "", "KeyId KeyRotationEnabled"},
	{localStack, "GetKeyRotationStatus", `{"KeyId":"{sym}"}`, "", "", "KeyId KeyRotationEnabled"},
	{localStack, "RotateKeyOnDemand", `{"KeyId":"{sym}"}`, "", "", "KeyId"},
	{localStack, "ListResourceTags", `{"KeyId":"{sym2}"}`, "", "", "Tags[] Truncated"},
	{localStack, "ListKeyPolicies", `{"KeyId":"{sym}"}`, "", "", "PolicyNames Truncated"},
	{localStack, "ListAliases", `{"KeyId":"{sym2}"}`, "", "", "Aliases[] Truncated"},
	{reference, "ListAliases", `{"KeyId":"{sym}"}`, "", "",
		"Aliases[AliasArn AliasName CreationDate LastUpdatedDate TargetKeyId] Truncated"},
	{reference, "ListKeys", `{"Limit":1}`, "", "", "Keys[KeyArn KeyId] NextMarker Truncated"},
	{reference, "ListGrants", `{"KeyId":"{sign}"}`, "", "", "Grants[CreationDate GrantId " +
		"GranteePrincipal IssuingAccount KeyId Name Operations] Truncated"},
	{localStack, "UpdateKeyDescription", `{"KeyId":"{sym}","Description":""}`, "", "", ""},
	{localStack, "UntagResource", `{"KeyId":"{sym}","TagKeys":["nothing"]}`, "", "", ""},
	{localStack, "ScheduleKeyDeletion", `{"KeyId":"{sym2}"}`, "", "",
		"DeletionDate KeyId KeyState PendingWindowInDays"},
	{localStack, "CancelKeyDeletion", `{"KeyId":"{sym2}"}`, "", "", "KeyId"},
}
