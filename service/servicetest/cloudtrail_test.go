package servicetest_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// oneKey is CloudTrail's resources of what was done to KEY.
const oneKey = `"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"KEY"}]`

// newKey is the keyMetadata of the answer that CloudTrail shows of a key.
const newKey = `{"aWSAccountId":"111122223333","keyId":"*","arn":"*","creationDate":"DATE",` +
	`"enabled":ENABLED,"description":"a key","keyUsage":"ENCRYPT_DECRYPT","keyState":"*",` +
	`"origin":"AWS_KMS","keyManager":"CUSTOMER","customerMasterKeySpec":"SYMMETRIC_DEFAULT",` +
	`"keySpec":"SYMMETRIC_DEFAULT","encryptionAlgorithms":["SYMMETRIC_DEFAULT"],` +
	`"multiRegion":MULTI,"currentKeyMaterialId":"HEX"}`

// ofKMS are what the developer guide of KMS shows of its operations ("AWS KMS examples in
// CloudTrail log entries").
var ofKMS = []documented{
	{"CreateKey", `{"Description":"a key","Tags":[{"TagKey":"Dept","TagValue":"x"}]}`,
		`{"requestParameters":{"description":"a key","keyUsage":"ENCRYPT_DECRYPT",
		"customerMasterKeySpec":"SYMMETRIC_DEFAULT","keySpec":"SYMMETRIC_DEFAULT",
		"bypassPolicyLockoutSafetyCheck":false,"tags":[{"tagKey":"Dept","tagValue":"x"}]},
		"responseElements":{"keyMetadata":` + strings.NewReplacer("ENABLED", "true", "MULTI", "false").
			Replace(newKey) + `},"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key",
		"ARN":"~arn:aws:kms:us-east-1:111122223333:key/.*"}],"readOnly":false,
		"additionalEventData":"absent"}`},
	{"CreateKey", `{"CustomerMasterKeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY"}`,
		`{"requestParameters":{"description":"","keyUsage":"SIGN_VERIFY","keySpec":"RSA_2048",
		"customerMasterKeySpec":"RSA_2048","bypassPolicyLockoutSafetyCheck":false}}`},
	{"Encrypt", `{"KeyId":"ID","Plaintext":"eA==","EncryptionContext":{"Department":"Engineering"}}`,
		`{"requestParameters":{"keyId":"ID","encryptionAlgorithm":"SYMMETRIC_DEFAULT",
		"encryptionContext":{"Department":"Engineering"}},"responseElements":null,"readOnly":true,
		"additionalEventData":{"keyMaterialId":"HEX"},ONEKEY,"eventType":"AwsApiCall",
		"managementEvent":true,"eventCategory":"Management","sharedEventID":"absent",
		"tlsDetails":"absent","userIdentity":{"type":"Root","principalId":"111122223333",
		"arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"*"}}`},
	{"Decrypt", `{"KeyId":"KEY","CiphertextBlob":"BLOB"}`,
		`{"requestParameters":{"keyId":"KEY","encryptionAlgorithm":"SYMMETRIC_DEFAULT"},
		"responseElements":null,"readOnly":true,ONEKEY,"additionalEventData":{"keyMaterialId":"HEX"}}`},
	{"ReEncrypt", `{"CiphertextBlob":"BLOB","DestinationKeyId":"ID"}`,
		`{"requestParameters":{"destinationKeyId":"ID","sourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT",
		"destinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT"},"responseElements":null,"readOnly":true,
		"additionalEventData":{"sourceKeyMaterialId":"HEX","destinationKeyMaterialId":"HEX"},ONEKEY}`},
	{"GenerateDataKey", `{"KeyId":"alias/shown","KeySpec":"AES_256","EncryptionContext":{"P":"A"}}`,
		`{"requestParameters":{"keyId":"alias/shown","keySpec":"AES_256","encryptionContext":{"P":"A"}},
		"responseElements":null,"readOnly":true,ONEKEY,"additionalEventData":{"keyMaterialId":"HEX"}}`},
	{"GenerateDataKeyWithoutPlaintext", `{"KeyId":"ID","NumberOfBytes":64}`,
		`{"requestParameters":{"keyId":"ID","numberOfBytes":64},"responseElements":null,
		"additionalEventData":{"keyMaterialId":"HEX"}}`},
	{"GenerateDataKeyPair", `{"KeyId":"ID","KeyPairSpec":"ECC_NIST_P256"}`,
		`{"requestParameters":{"keyId":"ID","keyPairSpec":"ECC_NIST_P256"},"responseElements":null,
		"additionalEventData":{"keyMaterialId":"HEX"},ONEKEY}`},
	{"GenerateRandom", `{"NumberOfBytes":32}`,
		`{"requestParameters":null,"responseElements":null,"readOnly":true,"resources":[]}`},
	{"ListKeys", `{"Limit":5}`,
		`{"requestParameters":{"limit":5},"responseElements":null,"readOnly":true,"resources":[]}`},
	{"ListAliases", `{}`, `{"requestParameters":null,"readOnly":true,"resources":[]}`},
	{"DescribeKey", `{"KeyId":"alias/shown"}`,
		`{"requestParameters":{"keyId":"alias/shown"},"responseElements":null,"readOnly":true,ONEKEY}`},
	{"DisableKey", `{"KeyId":"ID"}`, `{"requestParameters":{"keyId":"ID"},
		"responseElements":{"keyId":"KEY"},"readOnly":false,ONEKEY}`},
	{"EnableKey", `{"KeyId":"ID"}`, `{"requestParameters":{"keyId":"ID"},
		"responseElements":{"keyId":"KEY"},"readOnly":false,ONEKEY}`},
	{"EnableKeyRotation", `{"KeyId":"ID","RotationPeriodInDays":180}`,
		`{"requestParameters":{"keyId":"ID","rotationPeriodInDays":180},
		"responseElements":{"keyId":"KEY"},ONEKEY}`},
	{"RotateKeyOnDemand", `{"KeyId":"ID"}`,
		`{"requestParameters":{"keyId":"ID"},"responseElements":{"keyId":"KEY"},ONEKEY}`},
	{"CreateAlias", `{"AliasName":"alias/new","TargetKeyId":"ID"}`,
		`{"requestParameters":{"aliasName":"alias/new","targetKeyId":"ID"},
		"responseElements":{"keyId":"KEY"},"resources":[{"accountId":"111122223333",
		"type":"AWS::KMS::Key","ARN":"arn:aws:kms:us-east-1:111122223333:alias/new"},
		{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"KEY"}]}`},
	{"CreateGrant", `{"KeyId":"ID","GranteePrincipal":"arn:aws:iam::111122223333:root",
		"Operations":["Encrypt"],"Name":"n","Constraints":{"EncryptionContextSubset":{"Dept":"IT"}}}`,
		`{"requestParameters":{"keyId":"ID","granteePrincipal":"arn:aws:iam::111122223333:root",
		"operations":["Encrypt"],"name":"n","constraints":{"encryptionContextSubset":{"Dept":"IT"}}},
		"responseElements":{"grantId":"~[0-9a-f]{64}","keyId":"KEY"},ONEKEY}`},
	{"TagResource", `{"KeyId":"ID","Tags":[{"TagKey":"a","TagValue":"b"}]}`,
		`{"requestParameters":{"keyId":"ID","tags":[{"tagKey":"a","tagValue":"b"}]},
		"responseElements":{"keyId":"KEY"}}`},
	{"GetKeyPolicy", `{"KeyId":"ID","PolicyName":"default"}`,
		`{"requestParameters":{"keyId":"ID","policyName":"default"},"responseElements":null,ONEKEY}`},
	{"ReplicateKey", `{"KeyId":"MRK","ReplicaRegion":"eu-central-1","Description":"a key"}`,
		`{"requestParameters":{"keyId":"MRK","replicaRegion":"eu-central-1","description":"a key"},
		"responseElements":{"replicaKeyMetadata":"**","replicaPolicy":"*"}}`},
	{"ScheduleKeyDeletion", `{"KeyId":"ID","PendingWindowInDays":20}`,
		`{"requestParameters":{"keyId":"ID","pendingWindowInDays":20},"responseElements":{"keyId":"KEY",
		"keyState":"PendingDeletion","deletionDate":"DATE","pendingWindowInDays":20},ONEKEY}`},
	{"Encrypt", `{"KeyId":"ID","Plaintext":"eA=="}`,
		`{"errorCode":"KMSInvalidStateException","errorMessage":"~.* is pending deletion.*",
		"requestParameters":{"keyId":"ID","encryptionAlgorithm":"SYMMETRIC_DEFAULT"},
		"responseElements":null,"additionalEventData":{"pendingDeletionKeyUsed":true},ONEKEY}`},
	{"CancelKeyDeletion", `{"KeyId":"ID"}`, `{"requestParameters":{"keyId":"ID"},
		"responseElements":{"keyId":"KEY"},ONEKEY}`},
	{"Decrypt", `{"CiphertextBlob":"eA=="}`, `{"errorCode":"~.+Exception","responseElements":null}`},
}

// TestCloudTrail_KMS_RecordsAreAsDocumented, field by field.
func TestCloudTrail_KMS_RecordsAreAsDocumented(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	createAlias(t, c, "alias/shown", key.KeyId)
	blob := s.Do(t, "TrentService.Encrypt",
		`{"KeyId":"`+*key.KeyId+`","Plaintext":"eA=="}`).Text("CiphertextBlob")
	related := must(c.CreateKey(t.Context(), &kms.CreateKeyInput{MultiRegion: aws.Bool(true)}))(t)
	fill := strings.NewReplacer("KEY", *key.Arn, "MRK", *related.KeyMetadata.KeyId,
		"ID", *key.KeyId, "BLOB", blob, "HEX", "~[0-9a-f]{64}", "DATE", anyDate)
	filled := func(text string) string {
		return fill.Replace(strings.ReplaceAll(text, "ONEKEY", oneKey))
	}
	for _, d := range ofKMS {
		recordedAs(t, s, servicetest.Request{Target: "TrentService." + d.operation,
			Body: []byte(filled(d.body))}, d.operation, filled(d.record))
	}
}

// anyDate is a date as CloudTrail writes those within parameters and answers.
const anyDate = `~[A-Z][a-z][a-z] [0-9]{1,2}, 20[0-9]{2}, [0-9]{1,2}:[0-9]{2}:[0-9]{2} [AP]M`

// TestCloudTrail_OthersKey_IsInBothTrails: of an action on another account's key each has a record,
// and they share an id. The owner learns whose the user is and not its name.
func TestCloudTrail_OthersKey_IsInBothTrails(t *testing.T) {
	s := servicetest.Start(t)
	theirs := s.KMS(servicetest.As(s.RootOf(t, otherAccount)))
	arn := policed(t, s.KMS(), statement("Allow", servicetest.RootARN, allActions),
		statement("Allow", otherAccount, `"Action":"kms:Encrypt"`))
	mark := s.Mark(t)
	must(theirs.Encrypt(t.Context(), &kms.EncryptInput{KeyId: arn, Plaintext: []byte("x")}))(t)
	_, err := theirs.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: arn})
	refused(t, err, "AccessDeniedException", "*")
	all := s.Trail(t, mark)
	if len(all) != 3 {
		t.Fatalf("%d records", len(all))
	}
	owners, callers, refusal := all[0], all[1], all[2]
	if owners.SharedEventID == "" || owners.SharedEventID != callers.SharedEventID ||
		owners.EventID == callers.EventID || owners.RequestID != callers.RequestID {
		t.Errorf("%s\n%s", owners.Line, callers.Line)
	}
	by := owners.UserIdentity
	if owners.RecipientAccountID != servicetest.Account || by.Type != "AWSAccount" ||
		by.AccountID != otherAccount || by.PrincipalID != otherAccount ||
		by.ARN+by.AccessKeyID+by.UserName != "" {
		t.Errorf("%s", owners.Line)
	}
	if callers.RecipientAccountID != otherAccount || callers.UserIdentity.Type != "Root" ||
		callers.Resources[0].AccountID != servicetest.Account {
		t.Errorf("%s", callers.Line)
	}
	if refusal.RecipientAccountID != otherAccount || refusal.SharedEventID != "" ||
		refusal.ErrorCode != "AccessDenied" {
		t.Errorf("%s", refusal.Line)
	}
}

// TestCloudTrail_OverTLS_SaysHow the request was protected.
func TestCloudTrail_OverTLS_SaysHow(t *testing.T) {
	s := servicetest.Start(t)
	front := httptest.NewTLSServer(s)
	defer front.Close()
	mark := s.Mark(t)
	c := s.STS()
	must(c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}, func(o *sts.Options) {
		o.BaseEndpoint, o.HTTPClient = &front.URL, front.Client()
	}))(t)
	want := `{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",` +
		`"clientProvidedHostHeader":"` + strings.TrimPrefix(front.URL, "https://") +
		`","keyExchange":"X25519MLKEM768"}`
	if r := s.Trail(t, mark)[0]; string(r.TLSDetails) != want {
		t.Errorf("%s\nwant %s", r.Line, want)
	}
}
