package servicetest_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/service/servicetest"
)

// walk has a row for every operation of the registry: a request that is allowed, and the error when
// what it is about is not there. In a request the words in capitals stand for things that are made
// for it; see [stage].
var walk = map[string]struct {
	request string
	missing string // the error's name; empty where there is nothing that could be absent
	why     string // the reason then
}{
	"kms.CreateKey": {`{"Description":"d","Tags":[{"TagKey":"a","TagValue":"b"}]}`,
		"", "it makes its own target"},
	"kms.DescribeKey": {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.ListKeys":    {`{"Limit":5}`, "", "an account is always there"},
	"kms.EnableKey":   {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.DisableKey":  {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.ScheduleKeyDeletion": {`{"KeyId":"KEY","PendingWindowInDays":7}`,
		"NotFoundException", ""},
	"kms.CancelKeyDeletion":    {`{"KeyId":"GOING"}`, "NotFoundException", ""},
	"kms.UpdateKeyDescription": {`{"KeyId":"KEY","Description":"d"}`, "NotFoundException", ""},
	"kms.GetKeyPolicy":         {`{"KeyId":"KEY","PolicyName":"default"}`, "NotFoundException", ""},
	"kms.PutKeyPolicy": {`{"KeyId":"KEY","Policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"}}"}`,
		"NotFoundException", ""},
	"kms.ListKeyPolicies": {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.ReplicateKey": {`{"KeyId":"LONE","ReplicaRegion":"eu-central-1","Tags":[{"TagKey":"a","TagValue":"b"}]}`,
		"NotFoundException", ""},
	"kms.UpdatePrimaryRegion": {`{"KeyId":"COUPLE","PrimaryRegion":"eu-central-1"}`,
		"NotFoundException", ""},
	"kms.CreateGrant": {`{"KeyId":"KEY","GranteePrincipal":"arn:aws:iam::111122223333:user/nobody","Operations":["Decrypt"],"Constraints":{"EncryptionContextSubset":{"a":"b"}}}`,
		"NotFoundException", ""},
	"kms.ListGrants": {`{"KeyId":"KEY","GrantId":"GRANT","Limit":5}`, "NotFoundException", ""},
	"kms.ListRetirableGrants": {`{"RetiringPrincipal":"arn:aws:iam::111122223333:user/a"}`,
		"", "an account is always there"},
	"kms.RetireGrant": {`{"KeyId":"KEY","GrantId":"GRANT"}`, "NotFoundException", ""},
	"kms.RevokeGrant": {`{"KeyId":"KEY","GrantId":"GRANT"}`, "NotFoundException", ""},
	"kms.EnableKeyRotation": {`{"KeyId":"KEY","RotationPeriodInDays":90}`,
		"NotFoundException", ""},
	"kms.DisableKeyRotation":   {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.GetKeyRotationStatus": {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.RotateKeyOnDemand":    {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.ListKeyRotations": {`{"KeyId":"KEY","IncludeKeyMaterial":"ROTATIONS_ONLY"}`,
		"NotFoundException", ""},
	"kms.GetKeyLastUsage": {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.GetParametersForImport": {`{"KeyId":"WAITING","WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}`,
		"NotFoundException", ""},
	"kms.ImportKeyMaterial": {`{"KeyId":"WAITING","ImportToken":"PASS","EncryptedKeyMaterial":"PARCEL","ValidTo":DEADLINE}`,
		"NotFoundException", ""},
	"kms.DeleteImportedKeyMaterial": {`{"KeyId":"WAITING"}`, "NotFoundException", ""},
	"kms.CreateAlias":               {`{"AliasName":"alias/NEW","TargetKeyId":"KEY"}`, "NotFoundException", ""},
	"kms.UpdateAlias":               {`{"AliasName":"ALIAS","TargetKeyId":"OTHER"}`, "NotFoundException", ""},
	"kms.DeleteAlias":               {`{"AliasName":"ALIAS"}`, "NotFoundException", ""},
	"kms.ListAliases":               {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.TagResource": {`{"KeyId":"KEY","Tags":[{"TagKey":"a","TagValue":"b"}]}`,
		"NotFoundException", ""},
	"kms.UntagResource":    {`{"KeyId":"KEY","TagKeys":["a"]}`, "NotFoundException", ""},
	"kms.ListResourceTags": {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.Encrypt": {`{"KeyId":"KEY","Plaintext":"eA==","EncryptionContext":{"a":"b"}}`,
		"NotFoundException", ""},
	"kms.Decrypt": {`{"KeyId":"KEY","CiphertextBlob":"BLOB"}`, "NotFoundException", ""},
	"kms.ReEncrypt": {`{"SourceKeyId":"KEY","DestinationKeyId":"OTHER","CiphertextBlob":"BLOB"}`,
		"NotFoundException", ""},
	"kms.GenerateDataKey": {`{"KeyId":"KEY","KeySpec":"AES_256"}`, "NotFoundException", ""},
	"kms.GenerateDataKeyWithoutPlaintext": {`{"KeyId":"KEY","NumberOfBytes":64}`,
		"NotFoundException", ""},
	"kms.GenerateDataKeyPair": {`{"KeyId":"KEY","KeyPairSpec":"ECC_NIST_P256"}`,
		"NotFoundException", ""},
	"kms.GenerateDataKeyPairWithoutPlaintext": {`{"KeyId":"KEY","KeyPairSpec":"ECC_SECG_P256K1"}`,
		"NotFoundException", ""},
	"kms.GetPublicKey": {`{"KeyId":"SIGNER"}`, "NotFoundException", ""},
	"kms.Sign": {`{"KeyId":"SIGNER","Message":"eA==","SigningAlgorithm":"ECDSA_SHA_256"}`,
		"NotFoundException", ""},
	"kms.Verify": {`{"KeyId":"SIGNER","Message":"eA==","Signature":"SIGNATURE","SigningAlgorithm":"ECDSA_SHA_256"}`,
		"NotFoundException", ""},
	"kms.GenerateMac": {`{"KeyId":"AUTHENTICATOR","Message":"eA==","MacAlgorithm":"HMAC_SHA_256"}`,
		"NotFoundException", ""},
	"kms.VerifyMac": {`{"KeyId":"AUTHENTICATOR","Message":"eA==","Mac":"CODE","MacAlgorithm":"HMAC_SHA_256"}`,
		"NotFoundException", ""},
	"kms.DeriveSharedSecret": {`{"KeyId":"AGREER","PublicKey":"PEER","KeyAgreementAlgorithm":"ECDH"}`,
		"NotFoundException", ""},
	"kms.Encapsulate": {`{"KeyId":"OPENER","EncapsulationAlgorithm":"ML_KEM"}`,
		"NotFoundException", ""},
	"kms.Decapsulate": {`{"KeyId":"OPENER","EncapsulationAlgorithm":"ML_KEM","SharedSecretCiphertextBlob":"CAPSULE"}`,
		"NotFoundException", ""},
	"kms.CreateCustomKeyStore": {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x"}`,
		"", "it makes its own target"},
	"kms.DescribeCustomKeyStores": {`{"CustomKeyStoreId":"STORE"}`,
		"CustomKeyStoreNotFoundException", ""},
	"kms.UpdateCustomKeyStore": {`{"CustomKeyStoreId":"STORE","NewCustomKeyStoreName":"NEW"}`,
		"CustomKeyStoreNotFoundException", ""},
	"kms.DeleteCustomKeyStore": {`{"CustomKeyStoreId":"STORE"}`,
		"CustomKeyStoreNotFoundException", ""},
	"kms.ConnectCustomKeyStore": {`{"CustomKeyStoreId":"STORE"}`,
		"CustomKeyStoreNotFoundException", ""},
	"kms.DisconnectCustomKeyStore": {`{"CustomKeyStoreId":"CONNECTED"}`,
		"CustomKeyStoreNotFoundException", ""},
	"kms.GenerateRandom": {`{"NumberOfBytes":32}`, "", "the token is always there"},

	"secretsmanager.CreateSecret": {`{"Name":"NEW","ClientRequestToken":"TOKEN","SecretString":"x","Tags":[{"Key":"a","Value":"b"}]}`,
		"", "it makes its own target"},
	"secretsmanager.DescribeSecret": {`{"SecretId":"SECRET"}`, "ResourceNotFoundException", ""},
	"secretsmanager.ListSecrets":    {`{"MaxResults":5}`, "", "an account is always there"},
	"secretsmanager.UpdateSecret": {`{"SecretId":"SECRET","ClientRequestToken":"TOKEN","SecretString":"y","Description":"d"}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.DeleteSecret": {`{"SecretId":"SECRET","RecoveryWindowInDays":7}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.RestoreSecret": {`{"SecretId":"MARKED"}`, "ResourceNotFoundException", ""},
	"secretsmanager.GetSecretValue": {`{"SecretId":"SECRET","VersionId":"VERSION"}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.BatchGetSecretValue": {`{"SecretIdList":["SECRET"]}`,
		"", "an absent secret is in the answer's Errors"},
	"secretsmanager.PutSecretValue": {`{"SecretId":"SECRET","ClientRequestToken":"TOKEN","SecretBinary":"eA=="}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.ListSecretVersionIds": {`{"SecretId":"SECRET"}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.UpdateSecretVersionStage": {`{"SecretId":"SECRET","VersionStage":"S","MoveToVersionId":"VERSION"}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.CreateManagedSecret": {`{"Name":"NEW","ClientRequestToken":"TOKEN","RotationLambdaARN":"arn:aws:lambda:us-east-1:111122223333:function:vault","Engine":"memory","Host":"h","Username":"NEW","Password":"p","Tags":[{"Key":"a","Value":"b"}]}`,
		"", "it makes its own target"},
	"secretsmanager.RotateSecret": {`{"SecretId":"CREDENTIALS","ClientRequestToken":"TOKEN","RotationLambdaARN":"arn:aws:lambda:us-east-1:111122223333:function:vault"}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.CancelRotateSecret": {`{"SecretId":"ROTATED"}`, "ResourceNotFoundException", ""},
	"secretsmanager.TagResource": {`{"SecretId":"SECRET","Tags":[{"Key":"a","Value":"b"}]}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.UntagResource": {`{"SecretId":"SECRET","TagKeys":["a"]}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.GetResourcePolicy": {`{"SecretId":"SECRET"}`, "ResourceNotFoundException", ""},
	"secretsmanager.PutResourcePolicy": {`{"SecretId":"SECRET","BlockPublicPolicy":true,"ResourcePolicy":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"secretsmanager:*\",\"Resource\":\"*\"}}"}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.ValidateResourcePolicy": {`{"SecretId":"SECRET","ResourcePolicy":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"secretsmanager:*\",\"Resource\":\"*\"}}"}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.DeleteResourcePolicy": {`{"SecretId":"SECRET"}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.ReplicateSecretToRegions": {`{"SecretId":"SECRET","AddReplicaRegions":[{"Region":"eu-central-1"}],"ForceOverwriteReplicaSecret":true}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.RemoveRegionsFromReplication": {`{"SecretId":"COPIED","RemoveReplicaRegions":["eu-central-1"]}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.StopReplicationToReplica": {`{"SecretId":"REPLICA"}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.GetRandomPassword": {`{"PasswordLength":20}`, "", "the token is always there"},

	"ssm.PutParameter": {`{"Name":"/w/NEW","Value":"x","Type":"SecureString","Tags":[{"Key":"a","Value":"b"}],"Tier":"Standard"}`,
		"", "it makes its own target"},
	"ssm.GetParameter": {`{"Name":"PARAMETER","WithDecryption":true}`, "ParameterNotFound", ""},
	"ssm.GetParameters": {`{"Names":["PARAMETER"],"WithDecryption":true}`,
		"", "an absent parameter is in the answer's InvalidParameters"},
	"ssm.GetParametersByPath": {`{"Path":"/w","Recursive":true,"WithDecryption":true,"MaxResults":5}`,
		"", "there may be nothing below a path"},
	"ssm.GetParameterHistory": {`{"Name":"PARAMETER","WithDecryption":true,"MaxResults":5}`,
		"ParameterNotFound", ""},
	"ssm.DescribeParameters": {`{"MaxResults":5}`, "", "an account is always there"},
	"ssm.DeleteParameter":    {`{"Name":"PARAMETER"}`, "ParameterNotFound", ""},
	"ssm.DeleteParameters": {`{"Names":["PARAMETER"]}`,
		"", "an absent parameter is in the answer's InvalidParameters"},
	"ssm.LabelParameterVersion": {`{"Name":"PARAMETER","ParameterVersion":2,"Labels":["new"]}`,
		"ParameterNotFound", ""},
	"ssm.UnlabelParameterVersion": {`{"Name":"PARAMETER","ParameterVersion":1,"Labels":["staged"]}`,
		"ParameterNotFound", ""},
	"ssm.AddTagsToResource": {`{"ResourceType":"Parameter","ResourceId":"PARAMETER","Tags":[{"Key":"a","Value":"b"}]}`,
		"InvalidResourceId", ""},
	"ssm.RemoveTagsFromResource": {`{"ResourceType":"Parameter","ResourceId":"PARAMETER","TagKeys":["t"]}`,
		"InvalidResourceId", ""},
	"ssm.ListTagsForResource": {`{"ResourceType":"Parameter","ResourceId":"PARAMETER"}`,
		"InvalidResourceId", ""},
	"ssm.PutResourcePolicy": {`{"ResourceArn":"PRIVATE","Policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"ssm:GetParameter\",\"Resource\":\"*\"}}"}`,
		"ResourceNotFoundException", ""},
	"ssm.GetResourcePolicies": {`{"ResourceArn":"SHARED","MaxResults":5}`,
		"ResourceNotFoundException", ""},
	"ssm.DeleteResourcePolicy": {`{"ResourceArn":"SHARED","PolicyId":"POLICYID","PolicyHash":"POLICYHASH"}`,
		"ResourceNotFoundException", ""},
	"ssm.GetServiceSetting": {`{"SettingId":"SETTING"}`, "ServiceSettingNotFound", ""},
	"ssm.UpdateServiceSetting": {`{"SettingId":"SETTING","SettingValue":"false"}`,
		"ServiceSettingNotFound", ""},
	"ssm.ResetServiceSetting": {`{"SettingId":"SETTING"}`, "ServiceSettingNotFound", ""},

	"events.PutRule": {`{"Name":"NEW","EventPattern":"{\"source\":[\"my.app\"]}","Tags":[{"Key":"a","Value":"b"}]}`,
		"", "it makes its own target"},
	"events.DescribeRule": {`{"Name":"RULE"}`, "ResourceNotFoundException", ""},
	"events.ListRules":    {`{"NamePrefix":"r","Limit":5}`, "", "an account is always there"},
	"events.DeleteRule":   {`{"Name":"BARE"}`, "", "a rule that isn't there is deleted already"},
	"events.EnableRule":   {`{"Name":"ASLEEP"}`, "ResourceNotFoundException", ""},
	"events.DisableRule":  {`{"Name":"RULE"}`, "ResourceNotFoundException", ""},
	"events.PutTargets": {`{"Rule":"RULE","Targets":[{"Id":"NEW","Arn":"arn:aws:sns:us-east-1:111122223333:t"}]}`,
		"ResourceNotFoundException", ""},
	"events.RemoveTargets": {`{"Rule":"RULE","Ids":["t"]}`, "ResourceNotFoundException", ""},
	"events.ListTargetsByRule": {`{"Rule":"RULE","Limit":5}`,
		"ResourceNotFoundException", ""},
	"events.ListRuleNamesByTarget": {`{"TargetArn":"arn:aws:sns:us-east-1:111122223333:t","Limit":5}`,
		"", "there may be no rule with a target"},
	"events.TestEventPattern": {`{"EventPattern":"{\"a\":[1]}","Event":"{\"a\":1}"}`,
		"", "what is tried is in the request"},
	"events.PutEvents": {`{"Entries":[{"Source":"my.app","DetailType":"t","Detail":"{}"}]}`,
		"", "the default bus is always there"},
	"events.TagResource": {`{"ResourceARN":"arn:aws:events:us-east-1:111122223333:rule/RULE","Tags":[{"Key":"a","Value":"b"}]}`,
		"ResourceNotFoundException", ""},
	"events.UntagResource": {`{"ResourceARN":"arn:aws:events:us-east-1:111122223333:rule/RULE","TagKeys":["t"]}`,
		"ResourceNotFoundException", ""},
	"events.ListTagsForResource": {`{"ResourceARN":"arn:aws:events:us-east-1:111122223333:rule/RULE"}`,
		"ResourceNotFoundException", ""},
	"events.DescribeEventBus": {`{"Name":"default"}`, "", "the default bus is always there"},
	"events.ListEventBuses":   {`{"NamePrefix":"d","Limit":5}`, "", "an account is always there"},
	"events.CreateConnection": {`{"Name":"NEW","AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":{"Username":"u","Password":"p"}}}`,
		"", "it makes its own target"},
	"events.UpdateConnection": {`{"Name":"LINK","Description":"d","AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":{"Username":"u","Password":"q"}}}`,
		"ResourceNotFoundException", ""},
	"events.DescribeConnection":    {`{"Name":"LINK"}`, "ResourceNotFoundException", ""},
	"events.DeauthorizeConnection": {`{"Name":"LINK"}`, "ResourceNotFoundException", ""},
	"events.DeleteConnection":      {`{"Name":"LINK"}`, "ResourceNotFoundException", ""},
	"events.ListConnections":       {`{"NamePrefix":"c","Limit":5}`, "", "an account is always there"},
	"events.CreateApiDestination": {`{"Name":"NEW","ConnectionArn":"LINKED","InvocationEndpoint":"https://example.com/*","HttpMethod":"POST"}`,
		"ResourceNotFoundException", ""},
	"events.UpdateApiDestination": {`{"Name":"PLACE","HttpMethod":"PUT"}`,
		"ResourceNotFoundException", ""},
	"events.DescribeApiDestination": {`{"Name":"PLACE"}`, "ResourceNotFoundException", ""},
	"events.DeleteApiDestination":   {`{"Name":"PLACE"}`, "ResourceNotFoundException", ""},
	"events.ListApiDestinations":    {`{"NamePrefix":"p","Limit":5}`, "", "an account is always there"},

	"iam.CreateOpenIDConnectProvider": {`{"Url":"https://NEW.example.com:8443/a","ClientIDList":["c"],"ThumbprintList":["0123456789abcdef0123456789abcdef01234567"],"Tags":[{"Key":"a","Value":"b"}]}`,
		"", "it makes its own target"},
	"iam.GetOpenIDConnectProvider":   {`{"OpenIDConnectProviderArn":"ISSUER"}`, "NoSuchEntity", ""},
	"iam.ListOpenIDConnectProviders": {`{}`, "", "an account is always there"},
	"iam.DeleteOpenIDConnectProvider": {`{"OpenIDConnectProviderArn":"ISSUER"}`,
		"NoSuchEntity", ""},
	"iam.AddClientIDToOpenIDConnectProvider": {`{"OpenIDConnectProviderArn":"ISSUER","ClientID":"new"}`,
		"NoSuchEntity", ""},
	"iam.RemoveClientIDFromOpenIDConnectProvider": {`{"OpenIDConnectProviderArn":"ISSUER","ClientID":"client"}`,
		"NoSuchEntity", ""},
	"iam.UpdateOpenIDConnectProviderThumbprint": {`{"OpenIDConnectProviderArn":"ISSUER","ThumbprintList":["0123456789abcdef0123456789abcdef01234567"]}`,
		"NoSuchEntity", ""},
	"iam.TagOpenIDConnectProvider": {`{"OpenIDConnectProviderArn":"ISSUER","Tags":[{"Key":"a","Value":"b"}]}`,
		"NoSuchEntity", ""},
	"iam.UntagOpenIDConnectProvider": {`{"OpenIDConnectProviderArn":"ISSUER","TagKeys":["t"]}`,
		"NoSuchEntity", ""},
	"iam.ListOpenIDConnectProviderTags": {`{"OpenIDConnectProviderArn":"ISSUER","MaxItems":5}`,
		"NoSuchEntity", ""},

	"iam.CreateAccount": {`{"Account":"FRESH","AccountAlias":"NEW","WithAccessKey":true}`,
		"", "it makes its own target"},
	"iam.ListAccounts":       {`{"MaxItems":5}`, "", "an account is always there"},
	"iam.CreateAccountAlias": {`{"AccountAlias":"NEW"}`, "", "an account is always there"},
	"iam.DeleteAccountAlias": {`{"AccountAlias":"OURS"}`, "NoSuchEntity", ""},
	"iam.ListAccountAliases": {`{"MaxItems":5}`, "", "an account is always there"},
	"iam.GetAccountSummary":  {`{}`, "", "an account is always there"},
	"iam.GetAccountAuthorizationDetails": {`{"Filter":["User"],"MaxItems":5}`,
		"", "an account is always there"},
	"iam.GenerateCredentialReport": {`{}`, "", "an account is always there"},
	"iam.GetCredentialReport":      {`{}`, "", "an account is always there"},
	"iam.GetAccessKeyLastUsed": {`{"AccessKeyId":"ACCESS"}`,
		"", "nobody is told whether there is a key that isn't the account's"},
	"iam.GetLoginProfile":          {`{"UserName":"USER"}`, "NoSuchEntity", ""},
	"iam.DeleteLoginProfile":       {`{"UserName":"USER"}`, "NoSuchEntity", ""},
	"iam.GetAccountPasswordPolicy": {`{}`, "NoSuchEntity", ""},
	"iam.ListMFADevices":           {`{"UserName":"USER","MaxItems":5}`, "NoSuchEntity", ""},
	"iam.ListVirtualMFADevices": {`{"AssignmentStatus":"Any"}`,
		"", "an account is always there"},
	"iam.ListSSHPublicKeys":       {`{"UserName":"USER","MaxItems":5}`, "NoSuchEntity", ""},
	"iam.ListSigningCertificates": {`{"UserName":"USER","MaxItems":5}`, "NoSuchEntity", ""},
	"iam.ListServiceSpecificCredentials": {`{"UserName":"USER","ServiceName":"s"}`,
		"NoSuchEntity", ""},
	"iam.ListServerCertificates": {`{"PathPrefix":"/"}`, "", "an account is always there"},
	"iam.ListSAMLProviders":      {`{}`, "", "an account is always there"},

	"iam.CreateUser": {`{"UserName":"NEW","Path":"/a/","Tags":[{"Key":"a","Value":"b"}]}`,
		"", "it makes its own target"},
	"iam.GetUser":         {`{"UserName":"USER"}`, "NoSuchEntity", ""},
	"iam.ListUsers":       {`{"PathPrefix":"/","MaxItems":5}`, "", "an account is always there"},
	"iam.UpdateUser":      {`{"UserName":"USER","NewPath":"/b/"}`, "NoSuchEntity", ""},
	"iam.DeleteUser":      {`{"UserName":"USER"}`, "NoSuchEntity", ""},
	"iam.TagUser":         {`{"UserName":"USER","Tags":[{"Key":"a","Value":"b"}]}`, "NoSuchEntity", ""},
	"iam.UntagUser":       {`{"UserName":"USER","TagKeys":["t"]}`, "NoSuchEntity", ""},
	"iam.ListUserTags":    {`{"UserName":"USER","MaxItems":5}`, "NoSuchEntity", ""},
	"iam.CreateAccessKey": {`{"UserName":"USER"}`, "NoSuchEntity", ""},
	"iam.ListAccessKeys":  {`{"UserName":"KEYED","MaxItems":5}`, "NoSuchEntity", ""},
	"iam.UpdateAccessKey": {`{"UserName":"KEYED","AccessKeyId":"ACCESS","Status":"Inactive"}`,
		"NoSuchEntity", ""},
	"iam.DeleteAccessKey": {`{"UserName":"KEYED","AccessKeyId":"ACCESS"}`, "NoSuchEntity", ""},

	"iam.CreatePolicy": {`{"PolicyName":"NEW","Path":"/a/","PolicyDocument":"ALLOWING","Description":"d","Tags":[{"Key":"a","Value":"b"}]}`,
		"", "it makes its own target"},
	"iam.GetPolicy":    {`{"PolicyArn":"MANAGED"}`, "NoSuchEntity", ""},
	"iam.ListPolicies": {`{"Scope":"All","OnlyAttached":true,"MaxItems":5}`, "", "an account is always there"},
	"iam.DeletePolicy": {`{"PolicyArn":"MANAGED"}`, "NoSuchEntity", ""},
	"iam.CreatePolicyVersion": {`{"PolicyArn":"MANAGED","PolicyDocument":"ALLOWING","SetAsDefault":true}`,
		"NoSuchEntity", ""},
	"iam.GetPolicyVersion":        {`{"PolicyArn":"MANAGED","VersionId":"v1"}`, "NoSuchEntity", ""},
	"iam.ListPolicyVersions":      {`{"PolicyArn":"MANAGED","MaxItems":5}`, "NoSuchEntity", ""},
	"iam.SetDefaultPolicyVersion": {`{"PolicyArn":"RENEWED","VersionId":"v2"}`, "NoSuchEntity", ""},
	"iam.DeletePolicyVersion":     {`{"PolicyArn":"RENEWED","VersionId":"v2"}`, "NoSuchEntity", ""},
	"iam.ListEntitiesForPolicy": {`{"PolicyArn":"MANAGED","EntityFilter":"User","MaxItems":5}`,
		"NoSuchEntity", ""},
	"iam.TagPolicy": {`{"PolicyArn":"MANAGED","Tags":[{"Key":"a","Value":"b"}]}`,
		"NoSuchEntity", ""},
	"iam.UntagPolicy":    {`{"PolicyArn":"MANAGED","TagKeys":["t"]}`, "NoSuchEntity", ""},
	"iam.ListPolicyTags": {`{"PolicyArn":"MANAGED","MaxItems":5}`, "NoSuchEntity", ""},

	"iam.AttachUserPolicy": {`{"UserName":"CLERK","PolicyArn":"MANAGED"}`,
		"NoSuchEntity", ""},
	"iam.DetachUserPolicy": {`{"UserName":"CLERK","PolicyArn":"HELD"}`,
		"NoSuchEntity", ""},
	"iam.ListAttachedUserPolicies": {`{"UserName":"CLERK","PathPrefix":"/","MaxItems":5}`,
		"NoSuchEntity", ""},
	"iam.PutUserPolicy": {`{"UserName":"CLERK","PolicyName":"NEW","PolicyDocument":"ALLOWING"}`,
		"NoSuchEntity", ""},
	"iam.GetUserPolicy": {`{"UserName":"CLERK","PolicyName":"inline"}`,
		"NoSuchEntity", ""},
	"iam.DeleteUserPolicy": {`{"UserName":"CLERK","PolicyName":"inline"}`,
		"NoSuchEntity", ""},
	"iam.ListUserPolicies": {`{"UserName":"CLERK","MaxItems":5}`,
		"NoSuchEntity", ""},
	"iam.PutUserPermissionsBoundary": {`{"UserName":"CLERK","PermissionsBoundary":"MANAGED"}`,
		"NoSuchEntity", ""},
	"iam.DeleteUserPermissionsBoundary": {`{"UserName":"CLERK"}`,
		"NoSuchEntity", ""},

	"iam.AttachGroupPolicy": {`{"GroupName":"TEAM","PolicyArn":"MANAGED"}`,
		"NoSuchEntity", ""},
	"iam.DetachGroupPolicy": {`{"GroupName":"TEAM","PolicyArn":"HELD"}`,
		"NoSuchEntity", ""},
	"iam.ListAttachedGroupPolicies": {`{"GroupName":"TEAM","PathPrefix":"/","MaxItems":5}`,
		"NoSuchEntity", ""},
	"iam.PutGroupPolicy": {`{"GroupName":"TEAM","PolicyName":"NEW","PolicyDocument":"ALLOWING"}`,
		"NoSuchEntity", ""},
	"iam.GetGroupPolicy": {`{"GroupName":"TEAM","PolicyName":"inline"}`,
		"NoSuchEntity", ""},
	"iam.DeleteGroupPolicy": {`{"GroupName":"TEAM","PolicyName":"inline"}`,
		"NoSuchEntity", ""},
	"iam.ListGroupPolicies": {`{"GroupName":"TEAM","MaxItems":5}`,
		"NoSuchEntity", ""},

	"iam.AttachRolePolicy": {`{"RoleName":"OFFICE","PolicyArn":"MANAGED"}`,
		"NoSuchEntity", ""},
	"iam.DetachRolePolicy": {`{"RoleName":"OFFICE","PolicyArn":"HELD"}`,
		"NoSuchEntity", ""},
	"iam.ListAttachedRolePolicies": {`{"RoleName":"OFFICE","PathPrefix":"/","MaxItems":5}`,
		"NoSuchEntity", ""},
	"iam.PutRolePolicy": {`{"RoleName":"OFFICE","PolicyName":"NEW","PolicyDocument":"ALLOWING"}`,
		"NoSuchEntity", ""},
	"iam.GetRolePolicy": {`{"RoleName":"OFFICE","PolicyName":"inline"}`,
		"NoSuchEntity", ""},
	"iam.DeleteRolePolicy": {`{"RoleName":"OFFICE","PolicyName":"inline"}`,
		"NoSuchEntity", ""},
	"iam.ListRolePolicies": {`{"RoleName":"OFFICE","MaxItems":5}`,
		"NoSuchEntity", ""},
	"iam.PutRolePermissionsBoundary": {`{"RoleName":"OFFICE","PermissionsBoundary":"MANAGED"}`,
		"NoSuchEntity", ""},
	"iam.DeleteRolePermissionsBoundary": {`{"RoleName":"OFFICE"}`,
		"NoSuchEntity", ""},

	"iam.CreateGroup":         {`{"GroupName":"NEW","Path":"/a/"}`, "", "it makes its own target"},
	"iam.GetGroup":            {`{"GroupName":"GROUP","MaxItems":5}`, "NoSuchEntity", ""},
	"iam.ListGroups":          {`{"PathPrefix":"/","MaxItems":5}`, "", "an account is always there"},
	"iam.UpdateGroup":         {`{"GroupName":"GROUP","NewPath":"/b/"}`, "NoSuchEntity", ""},
	"iam.DeleteGroup":         {`{"GroupName":"GROUP"}`, "NoSuchEntity", ""},
	"iam.AddUserToGroup":      {`{"GroupName":"GROUP","UserName":"USER"}`, "NoSuchEntity", ""},
	"iam.RemoveUserFromGroup": {`{"GroupName":"GROUP","UserName":"MEMBER"}`, "NoSuchEntity", ""},
	"iam.ListGroupsForUser":   {`{"UserName":"USER","MaxItems":5}`, "NoSuchEntity", ""},

	"iam.CreateRole": {`{"RoleName":"NEW","AssumeRolePolicyDocument":"TRUST","MaxSessionDuration":7200,"Tags":[{"Key":"a","Value":"b"}]}`,
		"", "it makes its own target"},
	"iam.GetRole":                     {`{"RoleName":"ROLE"}`, "NoSuchEntity", ""},
	"iam.ListRoles":                   {`{"PathPrefix":"/","MaxItems":5}`, "", "an account is always there"},
	"iam.UpdateRole":                  {`{"RoleName":"ROLE","MaxSessionDuration":7200}`, "NoSuchEntity", ""},
	"iam.UpdateRoleDescription":       {`{"RoleName":"ROLE","Description":"d"}`, "NoSuchEntity", ""},
	"iam.UpdateAssumeRolePolicy":      {`{"RoleName":"ROLE","PolicyDocument":"TRUST"}`, "NoSuchEntity", ""},
	"iam.DeleteRole":                  {`{"RoleName":"ROLE"}`, "NoSuchEntity", ""},
	"iam.TagRole":                     {`{"RoleName":"ROLE","Tags":[{"Key":"a","Value":"b"}]}`, "NoSuchEntity", ""},
	"iam.UntagRole":                   {`{"RoleName":"ROLE","TagKeys":["t"]}`, "NoSuchEntity", ""},
	"iam.ListRoleTags":                {`{"RoleName":"ROLE","MaxItems":5}`, "NoSuchEntity", ""},
	"iam.ListInstanceProfilesForRole": {`{"RoleName":"ROLE","MaxItems":5}`, "NoSuchEntity", ""},

	"cloudtrail.LookupEvents": {`{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"CreateKey"}],"MaxResults":5}`,
		"", "an account is always there"},
	"cloudtrail.SearchEvents": {`{"EventName":"Encrypt","Resource":"KEY","ReadOnly":true,"MaxResults":5}`,
		"", "an account is always there"},

	"cloudtrail.DescribeTrails": {`{"trailNameList":["DECLARED"],"includeShadowTrails":true}`,
		"", "a trail that isn't there is left out"},
	"cloudtrail.ListTrails":     {`{}`, "", "an account is always there"},
	"cloudtrail.GetTrail":       {`{"Name":"DECLARED"}`, "TrailNotFoundException", ""},
	"cloudtrail.GetTrailStatus": {`{"Name":"DECLARED"}`, "TrailNotFoundException", ""},
	"cloudtrail.GetEventSelectors": {`{"TrailName":"DECLARED"}`,
		"TrailNotFoundException", ""},
	"cloudtrail.ListPublicKeys": {`{}`, "", "keys are the installation's"},

	"sts.GetCallerIdentity": {`{}`, "", "whoever asks is there"},
	"sts.AssumeRole": {`{"RoleArn":"ASSUMED","RoleSessionName":"s1","Tags":[{"Key":"a","Value":"b"}],"TransitiveTagKeys":["a"],"SourceIdentity":"carol"}`,
		"", "a role that isn't there refuses like one that is"},
	"sts.GetSessionToken":    {`{"DurationSeconds":900}`, "", "whoever asks is there"},
	"sts.GetFederationToken": {`{"Name":"fred","DurationSeconds":900}`, "", "it makes its own target"},
	"sts.GetAccessKeyInfo":   {`{"AccessKeyId":"ASIAQNZGKIQY56JQ7WML"}`, "", "the id says it"},
	"sts.DecodeAuthorizationMessage": {`{"EncodedMessage":"m"}`,
		"", "no message is one, whoever asks"},
	"sts.AssumeRoleWithWebIdentity": {`{"RoleArn":"ROLE","RoleSessionName":"s1","WebIdentityToken":"none"}`,
		"", "a role that isn't there refuses like one that is"},

	"sns.CreateTopic": {`{"Name":"NEW","Tags":[{"Key":"a","Value":"b"}]}`,
		"", "it makes its own target"},
	"sns.ListTopics":         {`{}`, "", "an account is always there"},
	"sns.GetTopicAttributes": {`{"TopicArn":"TOPIC"}`, "NotFound", ""},
	"sns.SetTopicAttributes": {`{"TopicArn":"TOPIC","AttributeName":"DisplayName","AttributeValue":"d"}`,
		"NotFound", ""},
	"sns.DeleteTopic": {`{"TopicArn":"TOPIC"}`, "", "what isn't there is deleted already"},
	"sns.AddPermission": {`{"TopicArn":"TOPIC","Label":"l","AWSAccountId":["111122223333"],"ActionName":["Publish"]}`,
		"NotFound", ""},
	"sns.RemovePermission": {`{"TopicArn":"TOPIC","Label":"__default_statement_ID"}`, "NotFound", ""},
	"sns.Subscribe": {`{"TopicArn":"TOPIC","Protocol":"https","Endpoint":"RECEIVER","ReturnSubscriptionArn":true}`,
		"NotFound", ""},
	"sns.ConfirmSubscription": {`{"TopicArn":"TOPIC","Token":"CONFIRMATION"}`,
		"", "a token of a topic that isn't there is none"},
	"sns.Unsubscribe":               {`{"SubscriptionArn":"SUBSCRIPTION"}`, "", "what isn't there is ended already"},
	"sns.ListSubscriptions":         {`{}`, "", "an account is always there"},
	"sns.ListSubscriptionsByTopic":  {`{"TopicArn":"TOPIC"}`, "NotFound", ""},
	"sns.GetSubscriptionAttributes": {`{"SubscriptionArn":"SUBSCRIPTION"}`, "NotFound", ""},
	"sns.SetSubscriptionAttributes": {`{"SubscriptionArn":"SUBSCRIPTION","AttributeName":"RawMessageDelivery","AttributeValue":"true"}`,
		"NotFound", ""},
	"sns.Publish": {`{"TopicArn":"TOPIC","Message":"m","Subject":"s"}`, "NotFound", ""},
	"sns.PublishBatch": {`{"TopicArn":"TOPIC","PublishBatchRequestEntries":[{"Id":"1","Message":"m"}]}`,
		"NotFound", ""},
	"sns.TagResource": {`{"ResourceArn":"TOPIC","Tags":[{"Key":"a","Value":"b"}]}`,
		"ResourceNotFound", ""},
	"sns.UntagResource":       {`{"ResourceArn":"TOPIC","TagKeys":["t"]}`, "ResourceNotFound", ""},
	"sns.ListTagsForResource": {`{"ResourceArn":"TOPIC"}`, "ResourceNotFound", ""},

	"iam.SimulateCustomPolicy": {`{"PolicyInputList":["{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}"],"ActionNames":["kms:Decrypt"],"ResourceArns":["arn:aws:kms:us-east-1:111122223333:key/k"],"ContextEntries":[{"ContextKeyName":"aws:username","ContextKeyType":"string","ContextKeyValues":["a"]}]}`,
		"", "an account is always there"},
	"iam.SimulatePrincipalPolicy": {`{"PolicySourceArn":"arn:aws:iam::111122223333:user/nobody","ActionNames":["kms:Decrypt"]}`,
		"", "the user who may do nothing is always there"},
	"iam.GetContextKeysForPrincipalPolicy": {`{"PolicySourceArn":"arn:aws:iam::111122223333:user/nobody"}`,
		"", "the user who may do nothing is always there"},
	"iam.GetContextKeysForCustomPolicy": {`{"PolicyInputList":["{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}"]}`,
		"", "an account is always there"},
}

// unrestricted are the operations that need no permission, each with the reason.
var unrestricted = map[string]string{
	"sts.GetCallerIdentity": "whoever can sign may know as whom",
	"sts.GetSessionToken":   "the session may do no more than its caller",
}

// notByRoot are the operations that the root user may not do, each with the reason. A user of the
// name of taker does them.
var notByRoot = map[string]string{
	"sts.AssumeRole": "STS lets root assume no role",
}

const taker = "taker"

// neverDone are the operations that always fail, each with the error.
var neverDone = map[string]string{
	"sts.DecodeAuthorizationMessage": "InvalidAuthorizationMessageException",
}

// routed are the operations that a client can name.
func routed(s *servicetest.Server) (all []op.Info) {
	for _, o := range s.Service().Operations {
		if n := o.Info(); n.Method != "" {
			all = append(all, n)
		}
	}
	return all
}

func idOf(n op.Info) string     { return n.Service.Name + "." + n.Name }
func targetOf(n op.Info) string { return n.Service.Target + "." + n.Name }

// TestRegistry_EveryOperation_HasItsRow: no operation can be added without its five cases.
func TestRegistry_EveryOperation_HasItsRow(t *testing.T) {
	s := servicetest.Start(t)
	known := map[string]bool{}
	for _, n := range routed(s) {
		known[idOf(n)] = true
		row, ok := walk[idOf(n)]
		switch {
		case !ok:
			t.Errorf("%s has no row in walk: add a request that is allowed and the error when its target "+
				"is absent", idOf(n))
		case unrestricted[idOf(n)] != "" && row.missing != "":
			t.Errorf("%s needs no permission, so that it shows absence to everybody", idOf(n))
		case (row.missing == "") == (row.why == ""):
			t.Errorf("the row of %s needs the error of an absent target, or the reason why there is none, "+
				"and not both", idOf(n))
		}
	}
	for name := range walk {
		if !known[name] {
			t.Errorf("walk has a row for %s, and there is no such operation", name)
		}
	}
}

// braces are the members in a route's path.
var braces = regexp.MustCompile(`\{(\w+)(\.\.\.)?\}`)

// TestRegistry_MemberInPath_IsRequired: without an optional member nobody could ask for an
// operation that has but one route.
func TestRegistry_MemberInPath_IsRequired(t *testing.T) {
	for _, n := range routed(servicetest.Start(t)) {
		for _, m := range braces.FindAllStringSubmatch(n.Path, -1) {
			member, ok := n.In.FieldByName(m[1])
			if !ok || !strings.HasSuffix(member.Tag.Get("shape"), ",required") {
				t.Errorf("%s has %s in its path, which must be a required member", idOf(n), m[1])
			}
		}
	}
}

// A request may be large where it carries a secret's value, a policy, a message, events or targets
// with their templates, and nowhere else: what is read of a body before its sender is known costs
// everybody.
func TestRegistry_LargeRequests_AreThoseThatCarryMuch(t *testing.T) {
	for _, n := range routed(servicetest.Start(t)) {
		carries := false
		for _, name := range []string{"Policy", "PolicyInputList", "ResourcePolicy", "PolicyDocument",
			"AssumeRolePolicyDocument", "SecretString", "SecretBinary", "Entries", "Targets"} {
			m, ok := n.In.FieldByName(name)
			// A session policy has to fit a token.
			carries = carries || ok && m.Type.Kind() != reflect.Bool && n.Service.Name != "sts"
		}
		for _, name := range []string{"Message", "PublishBatchRequestEntries", "Attributes",
			"AttributeValue"} {
			_, ok := n.In.FieldByName(name)
			carries = carries || ok && n.Service.Name == "sns"
		}
		if carries != n.Large {
			t.Errorf("%s: large is %v, want %v", idOf(n), n.Large, carries)
		}
	}
}
