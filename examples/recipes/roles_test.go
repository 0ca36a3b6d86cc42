package recipes_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// documented returns the blocks of a language of a recipe as they stand in docs/recipes.md, with words
// exchanged for what they are here.
func documented(t *testing.T, heading, language string, words ...string) (all []*string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/recipes.md")
	must(t, err)
	_, recipe, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/recipes.md has no recipe %q", heading)
	}
	recipe, _, _ = strings.Cut(recipe, "\n## ")
	here := strings.NewReplacer(append(words, "eu-central-1", "us-east-1")...)
	block := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	for _, m := range block.FindAllStringSubmatch(recipe, -1) {
		all = append(all, aws.String(here.Replace(m[1])))
	}
	return all
}

// denied fails unless a call was refused for want of a permission.
func denied(t *testing.T, what string, err error) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || !strings.HasPrefix(e.ErrorCode(), "AccessDenied") {
		t.Errorf("%s: %v", what, err)
	}
}

// cluster is the issuer of a cluster's tokens.
type cluster struct {
	t      *testing.T
	server *httptest.Server
	key    *ecdsa.PrivateKey
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	point, err := key.PublicKey.Bytes()
	must(t, err)
	mux := http.NewServeMux()
	c := &cluster{t, httptest.NewTLSServer(mux), key}
	t.Cleanup(c.server.Close)
	for path, document := range map[string]map[string]any{
		"/.well-known/openid-configuration": {"issuer": c.server.URL,
			"jwks_uri": c.server.URL + "/openid/v1/jwks"},
		"/openid/v1/jwks": {"keys": []any{map[string]string{"kty": "EC", "crv": "P-256", "kid": "1",
			"use": "sig", "alg": "ES256", "x": encoded(point[1:33]), "y": encoded(point[33:])}}},
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(document)
		})
	}
	return c
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (c *cluster) name() string { return strings.TrimPrefix(c.server.URL, "https://") }

// thumbprint names the certificate, in place of the authority that a configuration names.
func (c *cluster) thumbprint() string {
	digest := sha1.Sum(c.server.Certificate().Raw)
	return hex.EncodeToString(digest[:])
}

// token is what a pod of a service account has in its file.
func (c *cluster) token(account string) string {
	c.t.Helper()
	now := time.Now()
	claims, err := json.Marshal(map[string]any{"iss": c.server.URL, "aud": []string{"sts.amazonaws.com"},
		"sub": "system:serviceaccount:" + account, "iat": now.Unix(), "nbf": now.Unix(),
		"exp": now.Add(time.Hour).Unix()})
	must(c.t, err)
	text := encoded([]byte(`{"alg":"ES256","kid":"1"}`)) + "." + encoded(claims)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, c.key, digest[:])
	must(c.t, err)
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + encoded(signature[:])
}

// TestPod_ByItsToken_HasItsRole is the recipe for a role for a pod: the SDK finds file and role by
// the variables that the pod's manifest has.
func TestPod_ByItsToken_HasItsRole(t *testing.T) {
	ctx, c := t.Context(), newCluster(t)
	root := sdk(t)
	texts := documented(t, "A role for a pod", "json", "cluster.example.org:6443", c.name())
	i := iam.NewFromConfig(root)
	_, err := i.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
		Url: &c.server.URL, ClientIDList: []string{"sts.amazonaws.com"},
		ThumbprintList: []string{c.thumbprint()}})
	must(t, err)
	role, err := i.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("shop-till"),
		AssumeRolePolicyDocument: texts[0]})
	must(t, err)
	_, err = i.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("shop-till"),
		PolicyName: aws.String("own"), PolicyDocument: texts[1]})
	must(t, err)
	for _, name := range []string{"shop/db", "bank/db"} {
		_, err = secretsmanager.NewFromConfig(root).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
			Name: &name, SecretString: aws.String("correct horse")})
		must(t, err)
	}

	file := filepath.Join(t.TempDir(), "token")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_ROLE_ARN", *role.Role.Arn)
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file)
	pod := func(account string) aws.Config {
		must(t, os.WriteFile(file, []byte(c.token(account)), 0o600))
		found, err := config.LoadDefaultConfig(ctx)
		must(t, err)
		return found
	}
	s := secretsmanager.NewFromConfig(pod("shop:till"))
	got, err := s.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: aws.String("shop/db")})
	if err != nil || *got.SecretString != "correct horse" {
		t.Fatalf("the pod's secret: %v, %v", got, err)
	}
	_, err = s.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("bank/db")})
	denied(t, "another's secret", err)
	_, err = sts.NewFromConfig(pod("shop:clerk")).GetCallerIdentity(ctx, nil)
	denied(t, "another service account", err)
}

// TestProfiles_RoleByRole_IsTaken is the recipe for roles by profiles.
func TestProfiles_RoleByRole_IsTaken(t *testing.T) {
	ctx, root := t.Context(), sdk(t)
	i := iam.NewFromConfig(root)
	_, err := i.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ina")})
	must(t, err)
	made, err := i.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("ina")})
	must(t, err)
	const account = "arn:aws:iam::111122223333:"
	for _, r := range [][3]string{{"shop", account + "user/ina", ""},
		{"vendor", account + "role/shop", `,"Condition":{"StringEquals":{"sts:ExternalId":"ours-1"}}`}} {
		_, err := i.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &r[0],
			AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
				`"Principal":{"AWS":"` + r[1] + `"},"Action":"sts:AssumeRole"` + r[2] + `}]}`)})
		must(t, err)
	}
	dir, endpoint := t.TempDir(), os.Getenv("AWS_ENDPOINT_URL")
	file, key := filepath.Join(dir, "config"), filepath.Join(dir, "key.json")
	text := documented(t, "Roles by profiles", "ini", "https://keys.example.org:8443", endpoint,
		"/run/user/1000/ann.json", key)[0]
	must(t, os.WriteFile(file, []byte(*text), 0o600))
	must(t, os.WriteFile(key, []byte(`{"Version": 1, "AccessKeyId": "`+*made.AccessKey.AccessKeyId+
		`", "SecretAccessKey": "`+*made.AccessKey.SecretAccessKey+`"}`), 0o600))
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL",
		"AWS_ENDPOINT_URL_STS", "AWS_REGION", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "") // so that it comes back
		must(t, os.Unsetenv(name))
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	for profile, want := range map[string]string{"ann": account + "user/ina",
		"shop":   "arn:aws:sts::111122223333:assumed-role/shop/ann",
		"vendor": "arn:aws:sts::111122223333:assumed-role/vendor/ann"} {
		c, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(profile))
		must(t, err)
		who, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, nil)
		if err != nil || *who.Arn != want {
			t.Errorf("%s is %v, %v", profile, who, err)
		}
	}
}

// TestLeastPrivilege_OneService_MayDoWhatItNeeds is the recipe for one service and no more than it
// needs, of three policies.
func TestLeastPrivilege_OneService_MayDoWhatItNeeds(t *testing.T) {
	ctx, root := t.Context(), sdk(t)
	texts := documented(t, "One service, and no more than it needs", "json")
	i := iam.NewFromConfig(root)
	user := func(name string) aws.Config {
		_, err := i.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
		must(t, err)
		made, err := i.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
		must(t, err)
		own := root.Copy()
		own.Credentials = credentials.NewStaticCredentialsProvider(*made.AccessKey.AccessKeyId,
			*made.AccessKey.SecretAccessKey, "")
		return own
	}
	ann, billing := user("ann"), user("billing")
	_, err := i.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ann"),
		PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	must(t, err)
	_, err = i.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("billing"),
		PolicyName: aws.String("own"), PolicyDocument: texts[0]})
	must(t, err)
	key, err := kms.NewFromConfig(ann).CreateKey(ctx, &kms.CreateKeyInput{Policy: texts[1]})
	must(t, err)
	admin, service := secretsmanager.NewFromConfig(ann), secretsmanager.NewFromConfig(billing)
	for _, name := range []string{"billing/db", "shipping/db"} {
		_, err := admin.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name,
			KmsKeyId: key.KeyMetadata.KeyId, SecretString: aws.String("correct horse")})
		must(t, err)
	}
	own := aws.String("billing/db")
	_, err = admin.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{SecretId: own,
		ResourcePolicy: texts[2], BlockPublicPolicy: aws.Bool(true)})
	must(t, err)

	got, err := service.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: own})
	if err != nil || *got.SecretString != "correct horse" {
		t.Errorf("its own secret: %v, %v", got, err)
	}
	_, err = service.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: aws.String("shipping/db")})
	denied(t, "another's secret under the same key", err)
	_, err = service.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: own,
		SecretString: aws.String("x")})
	denied(t, "a write", err)
	_, err = kms.NewFromConfig(root).Encrypt(ctx, &kms.EncryptInput{
		KeyId: key.KeyMetadata.KeyId, Plaintext: []byte("x")})
	denied(t, "root, whom the key's policy doesn't name", err)
	_, err = kms.NewFromConfig(billing).GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: key.KeyMetadata.KeyId, NumberOfBytes: aws.Int32(32)})
	denied(t, "the key itself", err)
	_, err = admin.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: own,
		SecretString: aws.String("battery staple")})
	must(t, err)
	_, err = admin.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: own})
	denied(t, "the administrator", err)
}
