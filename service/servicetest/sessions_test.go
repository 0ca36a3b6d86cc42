package servicetest_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claviger/iam/webidentity/issuertest"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// sessionRole makes a role that these statements trust and that may do these actions.
func sessionRole(t testing.TB, s *servicetest.Server, name, trust string,
	actions ...string) string {
	t.Helper()
	role := must(s.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name,
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + trust + `]}`),
	}))(t).Role
	if len(actions) > 0 {
		must(s.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name,
			PolicyName: aws.String("own"), PolicyDocument: aws.String(may(actions...))}))(t)
	}
	return *role.Arn
}

// may is an identity policy that allows actions on everything.
func may(actions ...string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*","Action":["` +
		strings.Join(actions, `","`) + `"]}}`
}

func trusting(arn string) string {
	return `{"Effect":"Allow","Principal":{"AWS":"` + arn + `"},"Action":"sts:AssumeRole"}`
}

// sessionOf asks for credentials as a provider of the SDK does.
func sessionOf(t testing.TB, p aws.CredentialsProvider) servicetest.ClientOption {
	t.Helper()
	return servicetest.As(must(p.Retrieve(t.Context()))(t))
}

func random(t testing.TB, k *kms.Client) error {
	t.Helper()
	_, err := k.GenerateRandom(t.Context(), &kms.GenerateRandomInput{NumberOfBytes: aws.Int32(8)})
	return err
}

func identityOf(t testing.TB, c *sts.Client) string {
	t.Helper()
	return *must(c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t).Arn
}

// TestSessions_GoSDK_ChainExpireAndComeAgain: from a user to a role, from that to another; when a
// session is over the SDK gets another.
func TestSessions_GoSDK_ChainExpireAndComeAgain(t *testing.T) {
	s := servicetest.Start(t)
	alice := s.User(t, "alice")
	first := sessionRole(t, s, "first", trusting(servicetest.UserARN("alice")))
	second := sessionRole(t, s, "second", trusting(first), "kms:GenerateRandom")
	one := stscreds.NewAssumeRoleProvider(s.STS(servicetest.As(alice)), first,
		func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "one" })
	hop := sessionOf(t, one)
	two := stscreds.NewAssumeRoleProvider(s.STS(hop), second,
		func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "two" })
	session := sessionOf(t, two)
	if got := identityOf(t, s.STS(session)); got !=
		"arn:aws:sts::"+servicetest.Account+":assumed-role/second/two" {
		t.Errorf("it is %s", got)
	}
	accepted(t, random(t, s.KMS(session)))
	refused(t, random(t, s.KMS(hop)), "AccessDeniedException", "*")
	s.Clock.Advance(time.Hour + time.Minute)
	refused(t, random(t, s.KMS(session)), "ExpiredTokenException",
		"The security token included in the request is expired")
	_, err := s.STS(session).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	refused(t, err, "ExpiredToken", "The security token included in the request is expired")
	_, err = two.Retrieve(t.Context()) // by the session of before
	refused(t, err, "ExpiredToken", "*")
	two = stscreds.NewAssumeRoleProvider(s.STS(sessionOf(t, one)), second)
	accepted(t, random(t, s.KMS(sessionOf(t, two))))
}

// TestSessions_PresignedIdentity_ProvesASession: as Vault and Kubernetes' authenticators have it.
func TestSessions_PresignedIdentity_ProvesASession(t *testing.T) {
	s := servicetest.Start(t)
	alice := s.STS(servicetest.As(s.User(t, "alice")))
	role := sessionRole(t, s, "r", trusting(servicetest.UserARN("alice")))
	session := sessionOf(t, stscreds.NewAssumeRoleProvider(alice, role,
		func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "vault" }))
	url := must(sts.NewPresignClient(s.STS(session)).PresignGetCallerIdentity(t.Context(),
		&sts.GetCallerIdentityInput{}))(t).URL
	resp := must(http.Get(url))(t)
	defer resp.Body.Close()
	body := must(io.ReadAll(resp.Body))(t)
	if want := "<Arn>arn:aws:sts::" + servicetest.Account + ":assumed-role/r/vault</Arn>"; !strings.
		Contains(string(body), want) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

// TestSessions_UserAndFederated_ByTheSDK: what each of them may do.
func TestSessions_UserAndFederated_ByTheSDK(t *testing.T) {
	s := servicetest.Start(t)
	keys := s.User(t, "alice")
	must(s.IAM().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("alice"),
		PolicyName: aws.String("own"), PolicyDocument: aws.String(may("kms:*", "iam:*",
			"sts:GetFederationToken"))}))(t)
	alice := s.STS(servicetest.As(keys))
	as := func(c *string, secret *string, token *string) servicetest.ClientOption {
		return servicetest.As(aws.Credentials{AccessKeyID: *c, SecretAccessKey: *secret,
			SessionToken: *token})
	}
	own := must(alice.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{}))(t).Credentials
	session := as(own.AccessKeyId, own.SecretAccessKey, own.SessionToken)
	accepted(t, random(t, s.KMS(session)))
	if got := identityOf(t, s.STS(session)); got != servicetest.UserARN("alice") {
		t.Errorf("it is %s", got)
	}
	_, err := s.IAM(session).ListUsers(t.Context(), &iam.ListUsersInput{})
	refused(t, err, "InvalidClientTokenId", "*")
	out := must(alice.GetFederationToken(t.Context(), &sts.GetFederationTokenInput{
		Name: aws.String("fred"), Policy: aws.String(may("kms:GenerateRandom"))}))(t)
	fred := as(out.Credentials.AccessKeyId, out.Credentials.SecretAccessKey,
		out.Credentials.SessionToken)
	accepted(t, random(t, s.KMS(fred)))
	_, err = s.KMS(fred).ListKeys(t.Context(), &kms.ListKeysInput{})
	refused(t, err, "AccessDeniedException", "*")
	info := must(s.STS().GetAccessKeyInfo(t.Context(),
		&sts.GetAccessKeyInfoInput{AccessKeyId: out.Credentials.AccessKeyId}))(t)
	if *info.Account != servicetest.Account {
		t.Errorf("%s is of %s", *out.Credentials.AccessKeyId, *info.Account)
	}
	must(s.IAM().DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{
		UserName: aws.String("alice"), PolicyName: aws.String("own")}))(t)
	refused(t, random(t, s.KMS(session)), "AccessDeniedException", "*")
	refused(t, random(t, s.KMS(fred)), "AccessDeniedException", "*")
}

// webRole makes a role for the tokens of an issuer.
func webRole(t testing.TB, s *servicetest.Server, i *issuertest.Issuer, name string) string {
	t.Helper()
	p := must(s.IAM().CreateOpenIDConnectProvider(t.Context(),
		&iam.CreateOpenIDConnectProviderInput{Url: &i.URL,
			ClientIDList: []string{issuertest.Audience}}))(t).OpenIDConnectProviderArn
	return sessionRole(t, s, name, `{"Effect":"Allow","Principal":{"Federated":"`+*p+
		`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"`+i.Name+
		`:sub":"`+issuertest.Subject+`","`+i.Name+`:aud":"`+issuertest.Audience+`"}}}`,
		"kms:GenerateRandom")
}

func tokenFile(t testing.TB, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	accepted(t, os.WriteFile(path, []byte(token), 0o600))
	return path
}

// TestWebIdentity_GoSDK_GetsItsRoleByATokenFile: as in a pod, where nothing is signed until there
// are credentials; and a token that isn't good gets nothing.
func TestWebIdentity_GoSDK_GetsItsRoleByATokenFile(t *testing.T) {
	s := servicetest.Start(t)
	i := issuertest.Start(t)
	role := webRole(t, s, i, "pods")
	anonymous := sts.New(sts.Options{BaseEndpoint: &s.URL, Region: servicetest.Region,
		Credentials: aws.AnonymousCredentials{}, Retryer: aws.NopRetryer{}})
	by := func(token string) *stscreds.WebIdentityRoleProvider {
		return stscreds.NewWebIdentityRoleProvider(anonymous, role,
			stscreds.IdentityTokenFile(tokenFile(t, token)),
			func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = "pod" })
	}
	session := sessionOf(t, by(i.Token(time.Now(), nil)))
	accepted(t, random(t, s.KMS(session)))
	if got := identityOf(t, s.STS(session)); got !=
		"arn:aws:sts::"+servicetest.Account+":assumed-role/pods/pod" {
		t.Errorf("it is %s", got)
	}
	_, err := s.KMS(session).ListKeys(t.Context(), &kms.ListKeysInput{})
	refused(t, err, "AccessDeniedException", "*")
	for name, c := range map[string]struct{ token, code string }{
		"another subject": {i.Token(time.Now(), map[string]any{"sub": "system:serviceaccount:x:y"}),
			"AccessDenied"},
		"another audience": {i.Token(time.Now(), map[string]any{"aud": "x"}), "InvalidIdentityToken"},
		"expired":          {i.Token(time.Now().Add(-time.Hour), nil), "ExpiredTokenException"},
		"no token":         {"none", "InvalidIdentityToken"},
	} {
		_, err := by(c.token).Retrieve(t.Context())
		var failure smithy.APIError
		if !errors.As(err, &failure) || failure.ErrorCode() != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	must(s.IAM().DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{
		RoleName: aws.String("pods"), PolicyName: aws.String("own")}))(t)
	must(s.IAM().DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("pods")}))(t)
	refused(t, random(t, s.KMS(session)), "UnrecognizedClientException", "*")
}

// TestUnsigned_AnyOther_IsMissingItsSignature: one operation of STS needs none, and no other does.
func TestUnsigned_AnyOther_IsMissingItsSignature(t *testing.T) {
	s := servicetest.Start(t)
	for _, form := range []string{"Action=AssumeRole&Version=2011-06-15", "Action=x&Version=y", "",
		"Action=GetCallerIdentity&Version=2011-06-15"} {
		a := s.Send(t, servicetest.Request{Unsigned: true, Service: "sts", Type: stsType,
			Body: []byte(form)})
		if a.Status != 403 || a.Code() != "MissingAuthenticationToken" {
			t.Errorf("%s: %d %s", form, a.Status, a.Body)
		}
	}
	rest := s.Send(t, servicetest.Request{Unsigned: true, Path: "/v1/sts/web-identities",
		Service: "sts", Body: []byte(`{"RoleArn":"arn:aws:iam::111122223333:role/r",` +
			`"RoleSessionName":"pod","WebIdentityToken":"none"}`)})
	if rest.Status != 400 || rest.Code() != "InvalidIdentityToken" {
		t.Errorf("by REST: %d %s", rest.Status, rest.Body)
	}
}
