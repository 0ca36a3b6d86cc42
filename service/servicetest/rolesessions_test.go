package servicetest_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claviger/iam/webidentity/issuertest"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const foreignAccount = "444455556666"

// whoIs asks who a client is.
func whoIs(t testing.TB, s *servicetest.Server, who servicetest.ClientOption) (string, error) {
	t.Helper()
	out, err := s.STS(who).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return *out.Arn, nil
}

// assumes is the SDK's own way to a role, as a profile with role_arn has it.
func assumes(s *servicetest.Server, who servicetest.ClientOption, role string,
	options ...func(*stscreds.AssumeRoleOptions)) aws.CredentialsProvider {
	options = append(options, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "day" })
	return stscreds.NewAssumeRoleProvider(s.STS(who), role, options...)
}

// TestAssumeRole_ExternalID_IsAskedOfAnotherAccount: the vendor's user needs the customer's trust
// with its external id, and the permission of its own account.
func TestAssumeRole_ExternalID_IsAskedOfAnotherAccount(t *testing.T) {
	a := newAdministrator(t)
	s := a.s
	vendor := administratorOf(t, s, s.RootOf(t, foreignAccount))
	secret := *createSecret(t, s.SecretsManager(servicetest.As(a.keys)), "shop/db", "1").ARN
	permitted := vendor.user("agent", permit("sts:AssumeRole",
		"arn:aws:iam::"+servicetest.Account+":role/*", ""))
	denied := vendor.user("clerk")
	role := a.role("vendor", trustedBy(foreignAccount,
		`,"Condition":{"StringEquals":{"sts:ExternalId":"ours-1"}}`),
		permit("secretsmanager:GetSecretValue", shopSecrets, ""))
	id := func(value string) func(*stscreds.AssumeRoleOptions) {
		return func(o *stscreds.AssumeRoleOptions) { o.ExternalID = &value }
	}
	agent := servicetest.As(permitted)
	_, err := assumes(s, agent, role).Retrieve(t.Context())
	refused(t, err, "AccessDenied", "User: arn:aws:iam::"+foreignAccount+":user/agent is not "+
		"authorized to perform: sts:AssumeRole on resource: "+role)
	_, err = assumes(s, agent, role, id("ours-2")).Retrieve(t.Context())
	refused(t, err, "AccessDenied", "*")
	_, err = assumes(s, servicetest.As(denied), role, id("ours-1")).Retrieve(t.Context())
	refused(t, err, "AccessDenied", "*")
	got := must(assumes(s, agent, role, id("ours-1")).Retrieve(t.Context()))(t)
	session := servicetest.As(got)
	accepted(t, reads(t, s, session, secret))
	if arn, err := whoIs(t, s, session); arn != "arn:aws:sts::"+servicetest.Account+
		":assumed-role/vendor/day" || got.AccountID != servicetest.Account {
		t.Errorf("the session is %s of %s, %v", arn, got.AccountID, err)
	}
	_, err = s.IAM(session).ListUsers(t.Context(), &iam.ListUsersInput{})
	refused(t, err, "AccessDenied", "*")
}

// TestAssumeRole_Chained_LivesForAnHourAtMost: from a user to a role and from there to another,
// whose role may live for longer when it isn't chained to.
func TestAssumeRole_Chained_LivesForAnHourAtMost(t *testing.T) {
	a := newAdministrator(t)
	s := a.s
	first := a.role("first", trustedBy(servicetest.UserARN("ann"), ""),
		permit("sts:AssumeRole", "*", ""))
	second := a.role("second", trustedBy(first, ""), permit("kms:ListKeys", "*", ""))
	must(a.UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: aws.String("second"),
		MaxSessionDuration: aws.Int32(7200)}))(t)
	lasting := func(d time.Duration) func(*stscreds.AssumeRoleOptions) {
		return func(o *stscreds.AssumeRoleOptions) { o.Duration = d }
	}
	_, err := assumes(s, servicetest.As(a.keys), second).Retrieve(t.Context())
	refused(t, err, "AccessDenied", "*")
	source := servicetest.With(aws.NewCredentialsCache(assumes(s, servicetest.As(a.keys), first)))
	_, err = assumes(s, source, second, lasting(61*time.Minute)).Retrieve(t.Context())
	refused(t, err, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session "+
		"limit for roles assumed by role chaining.")
	got := must(assumes(s, source, second, lasting(time.Hour)).Retrieve(t.Context()))(t)
	if lives := time.Until(got.Expires); lives > time.Hour || lives < 50*time.Minute {
		t.Errorf("the session lives for %v", lives)
	}
	must(s.KMS(servicetest.As(got)).ListKeys(t.Context(), &kms.ListKeysInput{}))(t)
	s.Clock.Advance(time.Hour)
	_, err = s.KMS(servicetest.As(got)).ListKeys(t.Context(), &kms.ListKeysInput{})
	refused(t, err, "ExpiredTokenException", "The security token included in the request is expired")
	_, err = s.IAM(servicetest.As(got)).ListUsers(t.Context(), &iam.ListUsersInput{})
	refused(t, err, "ExpiredToken", "The security token included in the request is expired")
}

// TestAssumeRole_SDKCache_RefreshesWhatExpires: the SDK goes by the Expiration that it was told.
// The service's clock is behind, so that a session is over for the SDK as soon as it has begun, and
// comes right then.
func TestAssumeRole_SDKCache_RefreshesWhatExpires(t *testing.T) {
	a := newAdministrator(t)
	s := a.s
	role := a.role("short", trustedBy(servicetest.UserARN("ann"), ""), permit("kms:ListKeys", "*", ""))
	s.Clock.Advance(-20 * time.Minute)
	began := 0
	provider := assumes(s, servicetest.As(a.keys), role, func(o *stscreds.AssumeRoleOptions) {
		o.Duration = 15 * time.Minute
	})
	var last aws.Credentials
	cache := aws.NewCredentialsCache(aws.CredentialsProviderFunc(
		func(ctx context.Context) (c aws.Credentials, err error) {
			began++
			last, err = provider.Retrieve(ctx)
			return last, err
		}))
	client := s.KMS(servicetest.With(cache))
	for call := 1; call <= 2; call++ {
		must(client.ListKeys(t.Context(), &kms.ListKeysInput{}))(t)
		if began != call {
			t.Errorf("%d sessions were begun for call %d", began, call)
		}
	}
	old := last
	s.Clock.Advance(20 * time.Minute)
	_, err := s.KMS(servicetest.As(old)).ListKeys(t.Context(), &kms.ListKeysInput{})
	refused(t, err, "ExpiredTokenException", "*")
	for range 2 {
		must(client.ListKeys(t.Context(), &kms.ListKeysInput{}))(t)
	}
	if began != 3 || last.AccessKeyID == old.AccessKeyID {
		t.Errorf("%d sessions were begun", began)
	}
}

// podTrust is a statement that lets a service account of a cluster assume a role.
func podTrust(i *issuertest.Issuer, subject string) string {
	return `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + servicetest.Account +
		`:oidc-provider/` + i.Name + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{` +
		`"StringEquals":{"` + i.Name + `:aud":"` + issuertest.Audience + `","` + i.Name + `:sub":"` +
		subject + `"}}}`
}

// TestWebIdentity_TokenOfAPod_GetsItsRoleAndNothingElse: of an issuer by TLS, whose authority the
// site trusts, by the SDK's provider, which reads the file anew for each session.
func TestWebIdentity_TokenOfAPod_GetsItsRoleAndNothingElse(t *testing.T) {
	const till, clerk = "system:serviceaccount:shop:till", "system:serviceaccount:shop:clerk"
	i, stranger := issuertest.StartTLS(t), issuertest.StartTLS(t)
	pool := x509.NewCertPool()
	pool.AddCert(i.Certificate)
	a := newAdministrator(t, func(c *service.Config) {
		c.Issuers = map[string]*x509.CertPool{i.URL: pool}
	})
	s, ctx := a.s, t.Context()
	must(a.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &i.URL,
		ClientIDList: []string{issuertest.Audience}}))(t)
	role := a.role("till", podTrust(i, till),
		permit("secretsmanager:GetSecretValue", shopSecrets, ""))
	other := a.role("clerk", podTrust(i, clerk), permit("*", "*", ""))
	admin := s.SecretsManager(servicetest.As(a.keys))
	db := *createSecret(t, admin, "shop/db", "1").ARN
	foreign := *createSecret(t, admin, "bank/db", "2").ARN

	file := filepath.Join(t.TempDir(), "token")
	assume := func(role, token string) (aws.Credentials, error) {
		t.Helper()
		accepted(t, os.WriteFile(file, []byte(token), 0o600))
		anonymous := s.STS(servicetest.With(aws.AnonymousCredentials{}))
		return stscreds.NewWebIdentityRoleProvider(anonymous, role, stscreds.IdentityTokenFile(file),
			func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = "pod" }).Retrieve(ctx)
	}
	token := func(i *issuertest.Issuer, age time.Duration, subject, audience string) string {
		return i.Token(s.Clock.Now().Add(-age), map[string]any{"sub": subject,
			"aud": []string{audience}})
	}
	good := token(i, 0, till, issuertest.Audience)
	pod := servicetest.As(must(assume(role, good))(t))
	accepted(t, reads(t, s, pod, db))
	refused(t, reads(t, s, pod, foreign), "AccessDeniedException", "*")
	if who, err := whoIs(t, s, pod); who != "arn:aws:sts::"+servicetest.Account+
		":assumed-role/till/pod" {
		t.Errorf("the pod is %s, %v", who, err)
	}
	_, err := s.STS(pod).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &other,
		RoleSessionName: aws.String("up")})
	refused(t, err, "AccessDenied", "*")
	for name, c := range map[string]struct{ role, token, code string }{
		"another role":     {other, good, "AccessDenied"},
		"another subject":  {role, token(i, 0, clerk, issuertest.Audience), "AccessDenied"},
		"another audience": {role, token(i, 0, till, "vault"), "InvalidIdentityToken"},
		"another issuer": {role, token(stranger, 0, till, issuertest.Audience),
			"InvalidIdentityToken"},
		"an old token": {role, token(i, time.Hour, till, issuertest.Audience),
			"ExpiredTokenException"},
		"a cut token": {role, good[:len(good)-8], "InvalidIdentityToken"},
	} {
		if _, err := assume(c.role, c.token); err == nil || !strings.Contains(err.Error(), c.code) {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// TestCredentialProcess_Session_IsTakenAndRefreshed: a program of the site's hands out sessions, as
// `credential_process` of a profile does, and is asked again when one is over.
func TestCredentialProcess_Session_IsTakenAndRefreshed(t *testing.T) {
	a := newAdministrator(t)
	s := a.s
	role := a.role("batch", trustedBy(servicetest.UserARN("ann"), ""), permit("kms:ListKeys", "*", ""))
	file, ran := filepath.Join(t.TempDir(), "session"), 0
	program := func(ctx context.Context) (*exec.Cmd, error) {
		ran++
		got, err := assumes(s, servicetest.As(a.keys), role).Retrieve(ctx)
		if err != nil {
			return nil, err
		}
		printed, err := json.Marshal(map[string]any{"Version": 1, "AccessKeyId": got.AccessKeyID,
			"SecretAccessKey": got.SecretAccessKey, "SessionToken": got.SessionToken,
			"Expiration": got.Expires.Format(time.RFC3339)})
		if err != nil {
			return nil, err
		}
		return exec.CommandContext(ctx, "cat", file), os.WriteFile(file, printed, 0o600)
	}
	client := s.KMS(servicetest.With(aws.NewCredentialsCache(
		processcreds.NewProviderCommand(processcreds.NewCommandBuilderFunc(program)))))
	s.Clock.Advance(-2 * time.Hour) // a session is over for the SDK as soon as it has begun
	must(client.ListKeys(t.Context(), &kms.ListKeysInput{}))(t)
	s.Clock.Advance(2 * time.Hour)
	for range 2 {
		must(client.ListKeys(t.Context(), &kms.ListKeysInput{}))(t)
	}
	if ran != 2 {
		t.Errorf("the program ran %d times", ran)
	}
}
