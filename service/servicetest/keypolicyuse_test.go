package servicetest_test

import (
	"fmt"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// statement is one of a key policy: an effect, a principal, and what else it has.
func statement(effect, principal, rest string) string {
	return fmt.Sprintf(`{"Effect":%q,"Principal":{"AWS":%q},"Resource":"*",%s}`, effect, principal,
		rest)
}

const allActions = `"Action":"kms:*"`

// policed makes a key with a policy of statements, whomever it locks out, and returns its ARN.
func policed(t testing.TB, c *kms.Client, statements ...string) *string {
	t.Helper()
	text := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	return must(c.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: &text,
		BypassPolicyLockoutSafetyCheck: true}))(t).KeyMetadata.Arn
}

// notAuthorized is AWS's sentence of a refusal.
func notAuthorized(who, action string, arn *string, why string) string {
	return "User: " + who + " is not authorized to perform: " + action + " on resource: " + *arn +
		" " + why
}

const (
	explicitly = "with an explicit deny in a resource-based policy"
	notTheirs  = "because the resource does not exist in this Region, no resource-based policies " +
		"allow access, or a resource-based policy explicitly denies access"
)

func notInPolicy(action string) string {
	return "because no resource-based policy allows the " + action + " action"
}

// TestKeyPolicy_RootUser_IsShutOutByIt: the account's root user has what the policy gives to it or
// to the account, and no more; the record says why.
func TestKeyPolicy_RootUser_IsShutOutByIt(t *testing.T) {
	s := servicetest.Start(t)
	root, alice := s.KMS(), s.KMS(servicetest.As(s.User(t, "alice")))
	arn := policed(t, root, statement("Allow", servicetest.UserARN("alice"), allActions))
	for action, ask := range map[string]func(*kms.Client) error{
		"kms:DescribeKey": func(c *kms.Client) error {
			return second(c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: arn}))
		},
		"kms:Encrypt": func(c *kms.Client) error {
			return second(c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: arn, Plaintext: []byte("x")}))
		},
		"kms:GetKeyPolicy": func(c *kms.Client) error {
			return second(c.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: arn}))
		},
		"kms:DisableKey": func(c *kms.Client) error {
			return second(c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: arn}))
		},
		"kms:EnableKey": func(c *kms.Client) error {
			return second(c.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: arn}))
		},
	} {
		mark := s.Mark(t)
		want := notAuthorized(servicetest.RootARN, action, arn, notInPolicy(action))
		refused(t, ask(root), "AccessDeniedException", want)
		records := s.Trail(t, mark)
		if len(records) != 1 || records[0].ErrorMessage != want ||
			!strings.HasPrefix(records[0].ErrorCode, "AccessDenied") {
			t.Errorf("%s left %+v", action, records)
		}
	}
	must(alice.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: arn}))(t)
	must(alice.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: arn}))(t)
	must(alice.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: arn, Policy: aws.String(
		`{"Statement":[` + statement("Allow", servicetest.RootARN, allActions) + `]}`),
		BypassPolicyLockoutSafetyCheck: true}))(t)
	must(root.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: arn}))(t)
	refused(t, second(alice.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: arn})),
		"AccessDeniedException", notAuthorized(servicetest.UserARN("alice"), "kms:DescribeKey", arn,
			"because no identity-based policy allows the kms:DescribeKey action"))
}

// TestKeyPolicy_DenyUnderCondition_HoldsUnderIt: each condition once where it holds, and once where
// it doesn't.
func TestKeyPolicy_DenyUnderCondition_HoldsUnderIt(t *testing.T) {
	s := servicetest.Start(t)
	root := s.KMS()
	tls := fmt.Sprint(strings.HasPrefix(s.URL, "https:"))
	notTLS := fmt.Sprint(!strings.HasPrefix(s.URL, "https:"))
	for _, c := range []struct{ name, holds, fails string }{
		{"address", `"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}`,
			`"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`},
		{"context", `"StringEquals":{"kms:EncryptionContext:app":"web"}`,
			`"StringEquals":{"kms:EncryptionContext:app":"mail"}`},
		{"context, its key in another case", `"StringEquals":{"KMS:ENCRYPTIONCONTEXT:APP":"web"}`,
			`"StringEquals":{"KMS:ENCRYPTIONCONTEXT:APP":"Web"}`},
		{"another pair of the context", `"Null":{"kms:EncryptionContext:user":"true"}`,
			`"Null":{"kms:EncryptionContext:user":"false"}`},
		{"keys of the context", `"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"app"}`,
			`"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"user"}`},
		{"transport", `"Bool":{"aws:SecureTransport":"` + tls + `"}`,
			`"Bool":{"aws:SecureTransport":"` + notTLS + `"}`},
		{"service", `"StringNotEquals":{"kms:ViaService":"secretsmanager.us-east-1.amazonaws.com"}`,
			`"StringEquals":{"kms:ViaService":"secretsmanager.us-east-1.amazonaws.com"}`},
		{"algorithm", `"StringEquals":{"kms:EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}`,
			`"StringNotEquals":{"kms:EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}`},
		{"spec", `"StringEquals":{"kms:KeySpec":"SYMMETRIC_DEFAULT"}`,
			`"StringEquals":{"kms:KeySpec":"RSA_2048"}`},
		{"account", `"StringEquals":{"kms:CallerAccount":"` + servicetest.Account + `"}`,
			`"StringEquals":{"kms:CallerAccount":"` + otherAccount + `"}`},
		{"alias", `"Null":{"kms:RequestAlias":"true"}`, `"Null":{"kms:RequestAlias":"false"}`},
		{"time", `"DateGreaterThan":{"aws:CurrentTime":"2001-01-01T00:00:00Z"}`,
			`"DateLessThan":{"aws:CurrentTime":"2001-01-01T00:00:00Z"}`},
	} {
		for condition, denied := range map[string]bool{c.holds: true, c.fails: false} {
			arn := policed(t, root, statement("Allow", servicetest.RootARN, allActions),
				statement("Deny", "*", `"Action":"kms:Enc*","Condition":{`+condition+`}`))
			_, err := root.Encrypt(t.Context(), &kms.EncryptInput{KeyId: arn, Plaintext: []byte("x"),
				EncryptionContext: map[string]string{"app": "web"}})
			switch {
			case denied:
				refused(t, err, "AccessDeniedException",
					notAuthorized(servicetest.RootARN, "kms:Encrypt", arn, explicitly))
			case err != nil:
				t.Errorf("%s, %s: %v", c.name, condition, err)
			}
		}
	}
}

// TestKeyPolicy_ViaService_TellsSecretsFromDirectUse: a key for secrets alone, and one for all but
// secrets.
func TestKeyPolicy_ViaService_TellsSecretsFromDirectUse(t *testing.T) {
	s := servicetest.Start(t)
	root, secrets := s.KMS(), s.SecretsManager()
	condition := func(operator string) string {
		return `"Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey*"],"Condition":{"` +
			operator + `":{"kms:ViaService":"secretsmanager.` + servicetest.Region + `.amazonaws.com"}}`
	}
	everything := statement("Allow", servicetest.RootARN, allActions)
	through := policed(t, root, everything, statement("Deny", "*", condition("StringNotEquals")))
	direct := policed(t, root, everything, statement("Deny", "*", condition("StringEquals")))

	must(secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("a"),
		SecretString: aws.String("x"), KmsKeyId: through}))(t)
	got := must(secrets.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("a")}))(t)
	if aws.ToString(got.SecretString) != "x" {
		t.Errorf("%+v", got)
	}
	_, err := root.Encrypt(t.Context(), &kms.EncryptInput{KeyId: through, Plaintext: []byte("x")})
	refused(t, err, "AccessDeniedException",
		notAuthorized(servicetest.RootARN, "kms:Encrypt", through, explicitly))

	mark := s.Mark(t)
	_, err = secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("b"), SecretString: aws.String("x"), KmsKeyId: direct})
	refused(t, err, "AccessDeniedException", "Access to KMS is not allowed")
	recorded := false
	for _, r := range s.Trail(t, mark) {
		recorded = recorded || r.EventName == "GenerateDataKey" && r.ErrorMessage ==
			notAuthorized(servicetest.RootARN, "kms:GenerateDataKey", direct, explicitly)
	}
	if !recorded {
		t.Error("the trail doesn't say why")
	}
	encrypt(t, root, direct, "x", nil)
}

// TestKeyPolicy_OtherAccount_UsesTheKeyByARN: as far as the policy lets it, by ARN and by the ARN
// of an alias; what has no form across accounts is refused as if nothing were there.
func TestKeyPolicy_OtherAccount_UsesTheKeyByARN(t *testing.T) {
	s := servicetest.Start(t)
	root := s.KMS()
	client := func(as aws.Credentials) *kms.Client { return s.KMS(servicetest.As(as)) }
	theirARN := "arn:aws:iam::" + otherAccount + ":root"
	userARN := "arn:aws:iam::" + otherAccount + ":user/eve"
	theirs, eve := client(s.RootOf(t, otherAccount)), client(s.UserOf(t, otherAccount, "eve"))
	arn := policed(t, root, statement("Allow", servicetest.RootARN, allActions),
		statement("Allow", otherAccount, `"Action":["kms:Encrypt","kms:Decrypt","kms:DescribeKey",`+
			`"kms:GetKeyPolicy","kms:DisableKey","kms:CreateGrant","kms:ListGrants"]`),
		statement("Allow", userARN, `"Action":"kms:Encrypt"`))
	createAlias(t, root, "alias/shared", arn)

	blob := must(theirs.Encrypt(t.Context(), &kms.EncryptInput{
		KeyId: aws.String(aliasARN("alias/shared")), Plaintext: []byte("x")}))(t)
	if *blob.KeyId != *arn {
		t.Errorf("encrypted by %s", *blob.KeyId)
	}
	for name, c := range map[string]*kms.Client{"its owner": root, "another account": theirs} {
		out := must(c.Decrypt(t.Context(), &kms.DecryptInput{KeyId: arn,
			CiphertextBlob: blob.CiphertextBlob}))(t)
		if string(out.Plaintext) != "x" {
			t.Errorf("%s decrypts %q", name, out.Plaintext)
		}
	}
	// A ciphertext names its key and not whose it is.
	_, err := theirs.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob.CiphertextBlob})
	refused(t, err, "AccessDeniedException", "*")
	m := must(theirs.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: arn}))(t).KeyMetadata
	if *m.Arn != *arn || *m.AWSAccountId != servicetest.Account {
		t.Errorf("%+v", m)
	}
	for action, err := range map[string]error{
		"kms:GetKeyPolicy": second(theirs.GetKeyPolicy(t.Context(),
			&kms.GetKeyPolicyInput{KeyId: arn})),
		"kms:DisableKey": second(theirs.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: arn})),
		"kms:GenerateDataKey": second(theirs.GenerateDataKey(t.Context(),
			&kms.GenerateDataKeyInput{KeyId: arn, KeySpec: "AES_256"})),
	} {
		refused(t, err, "AccessDeniedException", notAuthorized(theirARN, action, arn, notTheirs))
	}
	// Their user is named, and its own account has to allow it, too.
	_, err = eve.Encrypt(t.Context(), &kms.EncryptInput{KeyId: arn, Plaintext: []byte("x")})
	refused(t, err, "AccessDeniedException", notAuthorized(userARN, "kms:Encrypt", arn,
		"because no identity-based policy allows the kms:Encrypt action"))

	alice := s.KMS(servicetest.As(s.User(t, "alice")))
	grant := must(theirs.CreateGrant(t.Context(), &kms.CreateGrantInput{KeyId: arn,
		GranteePrincipal: aws.String(servicetest.UserARN("alice")),
		Operations:       []types.GrantOperation{"Decrypt"}}))(t)
	if got := decrypted(t, alice, blob.CiphertextBlob, nil); got != "x" {
		t.Errorf("a grantee decrypts %q", got)
	}
	all := must(root.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: arn}))(t).Grants
	if len(all) != 1 || *all[0].GrantId != *grant.GrantId || *all[0].IssuingAccount != theirARN {
		t.Errorf("%+v", all)
	}
}
