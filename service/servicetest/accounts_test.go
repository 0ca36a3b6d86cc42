package servicetest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestIAM_AccountAsAWhole_BySDK: what scanners and Terraform ask of an account, as the SDK reads
// it.
func TestIAM_AccountAsAWhole_BySDK(t *testing.T) {
	s := servicetest.Start(t)
	c := s.IAM()
	must(c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("alice")}))(t)
	must(c.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("alice"),
		PolicyName: aws.String("p"), PolicyDocument: aws.String(allowAll)}))(t)

	must(c.CreateAccountAlias(t.Context(),
		&iam.CreateAccountAliasInput{AccountAlias: aws.String("production")}))(t)
	aliases := must(c.ListAccountAliases(t.Context(), &iam.ListAccountAliasesInput{}))(t)
	if len(aliases.AccountAliases) != 1 || aliases.AccountAliases[0] != "production" {
		t.Errorf("the aliases are %v", aliases.AccountAliases)
	}
	summary := must(c.GetAccountSummary(t.Context(), &iam.GetAccountSummaryInput{}))(t).SummaryMap
	if summary["Users"] != 2 || summary["UsersQuota"] != 5000 { // nobody is one
		t.Errorf("the summary is %v", summary)
	}
	all := must(c.GetAccountAuthorizationDetails(t.Context(),
		&iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{"User"}}))(t)
	if len(all.UserDetailList) != 2 || *all.UserDetailList[0].UserName != "alice" ||
		strings.ContainsAny(*all.UserDetailList[0].UserPolicyList[0].PolicyDocument, `{" `) {
		t.Errorf("the details are %+v", all.UserDetailList)
	}
	state := must(c.GenerateCredentialReport(t.Context(),
		&iam.GenerateCredentialReportInput{}))(t).State
	report := must(c.GetCredentialReport(t.Context(), &iam.GetCredentialReportInput{}))(t)
	if state != "COMPLETE" || report.ReportFormat != "text/csv" ||
		!strings.HasPrefix(string(report.Content), "user,arn,user_creation_time,password_enabled,") ||
		!strings.Contains(string(report.Content), "\nalice,"+servicetest.UserARN("alice")+",") {
		t.Errorf("%s: the report is\n%s", state, report.Content)
	}
	devices := must(c.ListMFADevices(t.Context(),
		&iam.ListMFADevicesInput{UserName: aws.String("alice")}))(t)
	if devices.MFADevices == nil || len(devices.MFADevices) != 0 || devices.IsTruncated {
		t.Errorf("the devices are %+v", devices)
	}
	_, err := c.GetLoginProfile(t.Context(), &iam.GetLoginProfileInput{UserName: aws.String("alice")})
	refused(t, err, "NoSuchEntity", "*")
	_, err = c.GetAccountPasswordPolicy(t.Context(), &iam.GetAccountPasswordPolicyInput{})
	refused(t, err, "NoSuchEntity", "*")
	must(c.DeleteAccountAlias(t.Context(),
		&iam.DeleteAccountAliasInput{AccountAlias: aws.String("production")}))(t)
}

const allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*",` +
	`"Resource":"*"}]}`

// TestIAM_OpenIDConnectProvider_BySDK: an issuer with a port comes and goes.
func TestIAM_OpenIDConnectProvider_BySDK(t *testing.T) {
	s := servicetest.Start(t)
	c := s.IAM()
	arn := must(c.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url:          aws.String("https://k8s.example.com:6443"),
		ClientIDList: []string{"sts.amazonaws.com"}}))(t).OpenIDConnectProviderArn
	got := must(c.GetOpenIDConnectProvider(t.Context(),
		&iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))(t)
	if *got.Url != "k8s.example.com:6443" || len(got.ClientIDList) != 1 || got.CreateDate == nil ||
		got.ThumbprintList == nil || len(got.ThumbprintList) != 0 || len(got.Tags) != 0 {
		t.Errorf("the provider is %+v", got)
	}
	list := must(c.ListOpenIDConnectProviders(t.Context(), &iam.ListOpenIDConnectProvidersInput{}))(t)
	if len(list.OpenIDConnectProviderList) != 1 || *list.OpenIDConnectProviderList[0].Arn != *arn {
		t.Errorf("the providers are %+v", list.OpenIDConnectProviderList)
	}
	must(c.DeleteOpenIDConnectProvider(t.Context(),
		&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))(t)
	_, err := c.DeleteOpenIDConnectProvider(t.Context(),
		&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	refused(t, err, "NoSuchEntity", "*")
}

// TestAccessKeyLastUsed_Requests_AreRemembered: to the moment while the service runs, and over a
// restart to the hour. Keys of other accounts are as keys that there are none of.
func TestAccessKeyLastUsed_Requests_AreRemembered(t *testing.T) {
	s := servicetest.Start(t)
	keys := s.User(t, "alice")
	last := func() types.AccessKeyLastUsed {
		out := must(s.IAM().GetAccessKeyLastUsed(t.Context(),
			&iam.GetAccessKeyLastUsedInput{AccessKeyId: &keys.AccessKeyID}))(t)
		if *out.UserName != "alice" {
			t.Errorf("the key is %s's", *out.UserName)
		}
		return *out.AccessKeyLastUsed
	}
	if l := last(); *l.ServiceName != "N/A" || *l.Region != "N/A" || l.LastUsedDate != nil {
		t.Errorf("before it was used: %+v", l)
	}
	is := func(when string, at time.Time, service, region string) {
		t.Helper()
		l := last()
		if l.LastUsedDate == nil || l.LastUsedDate.Sub(at).Abs() > 20*time.Second ||
			*l.ServiceName != service || *l.Region != region {
			t.Errorf("%s: %v %s %s, want %v %s %s", when, l.LastUsedDate, *l.ServiceName, *l.Region, at,
				service, region)
		}
	}
	began := s.Clock.Now()
	must(s.STS(servicetest.As(keys)).GetCallerIdentity(t.Context(),
		&sts.GetCallerIdentityInput{}))(t)
	is("asked of STS", began, "sts", servicetest.Region)
	s.Clock.Advance(30 * time.Minute)
	_, err := s.KMS(servicetest.As(keys), servicetest.WithRegion(servicetest.Abroad)).ListKeys(
		t.Context(), &kms.ListKeysInput{})
	refused(t, err, "AccessDeniedException", "*") // a request that is denied was signed, too
	is("asked of KMS", began.Add(30*time.Minute), "kms", servicetest.Abroad)
	s.Clock.Advance(time.Minute / 2)
	must(s.STS(servicetest.As(keys)).GetCallerIdentity(t.Context(),
		&sts.GetCallerIdentityInput{}))(t)
	is("asked of STS again", began.Add(30*time.Minute+time.Minute/2), "sts", servicetest.Region)
	s.Restart(t, nil)
	is("after a restart", began.Add(30*time.Minute), "kms", servicetest.Abroad)

	root := s.RootOf(t, "444455556666")
	for _, id := range []string{root.AccessKeyID, "AKIAIOSFODNN7EXAMPLE"} {
		_, err := s.IAM().GetAccessKeyLastUsed(t.Context(),
			&iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
		refused(t, err, "AccessDenied", "*")
	}
}

// TestCreateAccount_ByREST_IsForTheFirstAccount: an account that was made has its root user and the
// default keys on first use, and its own root user makes none.
func TestCreateAccount_ByREST_IsForTheFirstAccount(t *testing.T) {
	s := servicetest.Start(t)
	ask := func(as aws.Credentials, body string) servicetest.Answer {
		return s.Send(t, servicetest.Request{Method: "POST", Path: "/v1/accounts",
			Body: []byte(body), As: as, Service: "iam"})
	}
	a := ask(s.Root, `{"Account":"444455556666","AccountAlias":"staging","WithAccessKey":true}`)
	if a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	var made struct {
		RootAccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	accepted(t, json.Unmarshal(a.Body, &made))
	root := aws.Credentials{AccessKeyID: made.RootAccessKey.AccessKeyId,
		SecretAccessKey: made.RootAccessKey.SecretAccessKey}
	who := must(s.STS(servicetest.As(root)).GetCallerIdentity(t.Context(),
		&sts.GetCallerIdentityInput{}))(t)
	if *who.Arn != "arn:aws:iam::444455556666:root" {
		t.Errorf("the key is %s's", *who.Arn)
	}
	createSecret(t, s.SecretsManager(servicetest.As(root)), "s", "x")
	key := must(s.KMS(servicetest.As(root)).DescribeKey(t.Context(),
		&kms.DescribeKeyInput{KeyId: aws.String("alias/aws/secretsmanager")}))(t).KeyMetadata
	if *key.AWSAccountId != "444455556666" {
		t.Errorf("its default key is of %s", *key.AWSAccountId)
	}
	for _, number := range []string{"444455556666", servicetest.Account, "000000000009"} {
		if a := ask(root, `{"Account":"`+number+`"}`); a.Status != http.StatusForbidden ||
			strings.Contains(string(a.Body), number) && number != "444455556666" {
			t.Errorf("another account's root user is told of %s: %d %s", number, a.Status, a.Body)
		}
	}
}
