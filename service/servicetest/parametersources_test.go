package servicetest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"claviger/parameters/public"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// withPublic declares public parameters below /aws/service/site.
func withPublic(t testing.TB, text string) func(*service.Config) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	trees, err := public.Load(public.Tree{Path: "/aws/service/site", File: file})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *service.Config) { c.PublicParameters = trees }
}

// TestPublicParameters_AnyAccount_ReadsThemByAnARNWithoutOne: a policy in the form that AWS
// documents for public parameters lets a user read them, and nothing else.
func TestPublicParameters_AnyAccount_ReadsThemByAnARNWithoutOne(t *testing.T) {
	s := servicetest.Start(t, withPublic(t, "image: ami-1\ndb: {host: h}\n"))
	const other = "222222222222"
	user := s.UserOf(t, other, "reader")
	reads := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:GetParameter*",` +
		`"Resource":"arn:aws:ssm:*::parameter/aws/service/site*"}]}`
	must(s.IAM(servicetest.As(s.RootOf(t, other))).PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String("reader"), PolicyName: aws.String("reads"), PolicyDocument: &reads}))(t)
	c := s.ParameterStore(servicetest.As(user))
	got := getParameter(t, c, "/aws/service/site/image")
	if *got.Value != "ami-1" ||
		*got.ARN != "arn:aws:ssm:"+servicetest.Region+"::parameter/aws/service/site/image" {
		t.Errorf("%+v", got)
	}
	tree := must(c.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{
		Path: aws.String("/aws/service/site"), Recursive: aws.Bool(true)}))(t).Parameters
	if len(tree) != 2 || *tree[0].Name != "/aws/service/site/db/host" {
		t.Errorf("%+v", tree)
	}
	for _, name := range []string{"/app", "/aws/service/list/site"} {
		_, err := c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name})
		if err == nil || !strings.Contains(err.Error(), "AccessDeniedException") {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := s.REST(t, "GET", "/v1/parameters/aws/service/site/image", nil)
	if a.Status != 200 || a.Header.Get("ETag") == "" || !strings.Contains(string(a.Body), "ami-1") {
		t.Errorf("%+v %s", a, a.Body)
	}
}

// TestSecretReference_NameOfASecret_IsReadByEachProtocol: a name with all characters that secrets
// have and parameters haven't.
func TestSecretReference_NameOfASecret_IsReadByEachProtocol(t *testing.T) {
	s := servicetest.Start(t)
	const name = "shop/db_+=.@!-1"
	must(s.SecretsManager().CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(name), SecretString: aws.String("v")}))(t)
	const reference = "/aws/reference/secretsmanager/" + name
	got := getParameter(t, s.ParameterStore(), reference+":AWSCURRENT")
	if *got.Value != "v" || *got.Name != reference || *got.Selector != ":AWSCURRENT" ||
		got.Version != 0 || got.DataType != nil ||
		!strings.Contains(*got.SourceResult, `"name":"`+name+`"`) {
		t.Errorf("%+v", got)
	}
	for _, path := range []string{reference, strings.NewReplacer("+", "%2B", "=", "%3D", "@", "%40",
		"!", "%21").Replace(reference), reference + ":AWSCURRENT"} {
		a := s.REST(t, "GET", "/v1/parameters"+path+"?WithDecryption=true", nil)
		if a.Status != 200 || a.Header.Get("ETag") != "" || !strings.Contains(string(a.Body), `"v"`) {
			t.Errorf("%s: %d %q %s", path, a.Status, a.Header.Get("ETag"), a.Body)
		}
	}
	if a := s.REST(t, "GET", "/v1/parameters"+reference, nil); a.Status != 400 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	a := s.REST(t, "GET", "/v1/parameters"+reference+"2?WithDecryption=true", nil)
	if a.Status != 404 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}
