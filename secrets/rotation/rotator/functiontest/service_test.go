package functiontest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"claviger/secrets/rotation"
	"claviger/secrets/rotation/diagnosis"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/functiontest"
	"claviger/secrets/rotation/rotator/functiontest/authority"
	"claviger/secrets/rotation/rotator/lambda"
	"claviger/secrets/rotation/rotator/program"
	"claviger/secrets/rotation/rotator/servertest"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

// The roles that programs act as. Both may do everything; only the first trusts the service.
const (
	trusting  = "arn:aws:iam::" + servicetest.Account + ":role/rotates"
	untrusted = "arn:aws:iam::" + servicetest.Account + ":role/trusts-nobody"
)

// site is the true service with a database beside it, and rotators that a configuration would have:
// exec, witness and untrusted are programs, missing is one that isn't there, lambda an endpoint.
type site struct {
	*servicetest.Server
	database *servertest.PostgresServer
	url, ca  string
	lambda   *later
}

// later is a function that is made when there is an access key for it.
type later struct{ rotator.Function }

func newSite(t *testing.T) *site {
	t.Helper()
	functiontest.Python(t)
	s := &site{database: servertest.Postgres(t), lambda: &later{}}
	var server atomic.Pointer[servicetest.Server]
	front := httptest.NewUnstartedServer(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { server.Load().ServeHTTP(w, r) }))
	a := authority.New(t)
	front.TLS = a.Server(false)
	front.StartTLS()
	t.Cleanup(front.Close)
	s.url, s.ca = strings.Replace(front.URL, "127.0.0.1", "localhost", 1), a.CAFile
	rotate := functiontest.Program(t)
	beside := func(name string) string { return filepath.Join(filepath.Dir(rotate), name) }
	s.Server = servicetest.Start(t, func(c *service.Config) {
		c.Rotators = []service.Rotator{s.program("exec", rotate, trusting),
			s.program("witness", beside("witness.py"), trusting),
			s.program("untrusted", rotate, untrusted),
			s.program("missing", beside("missing.py"), trusting),
			{Rotator: rotation.Rotator{Name: "lambda", Accounts: []string{servicetest.Account},
				Function: s.lambda}}}
	})
	server.Store(s.Server)
	s.role(t, "rotates", `"Principal":{"Service":"secretsmanager.amazonaws.com"}`)
	s.role(t, "trusts-nobody", `"Principal":{"AWS":"`+servicetest.NobodyARN+`"}`)
	return s
}

// program is a rotator of kind exec.
func (s *site) program(name, path, role string) service.Rotator {
	c := &program.Config{Program: path, Read: []string{filepath.Dir(path)}, Endpoint: s.url,
		CAFile: s.ca, Network: []string{s.host()}}
	if os.Geteuid() == 0 {
		c.User = "65534:65534"
	}
	return service.Rotator{Rotator: rotation.Rotator{Name: name,
		Accounts: []string{servicetest.Account}}, Program: c, Role: role}
}

func (s *site) host() string { return fmt.Sprintf("localhost:%d", s.database.Port) }

// role makes a role that may do everything: what a session of it may not, the service has kept from
// it.
func (s *site) role(t *testing.T, name, trusts string) {
	t.Helper()
	_, err := s.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name,
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			trusts + `,"Action":"sts:AssumeRole"}]}`)})
	accepted(t, err)
	_, err = s.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name,
		PolicyName: aws.String("all"), PolicyDocument: aws.String(`{"Version":"2012-10-17",` +
			`"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)})
	accepted(t, err)
}

// function starts an emulator whose function signs as a user who may do what it takes for one
// secret, and has the service invoke it.
func (s *site) function(t *testing.T, secret string) {
	t.Helper()
	keys := s.User(t, "function")
	_, err := s.IAM().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String("function"), PolicyName: aws.String("rotates"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Action":["secretsmanager:DescribeSecret","secretsmanager:GetSecretValue",
			"secretsmanager:PutSecretValue","secretsmanager:UpdateSecretVersionStage"],
			"Resource":"` + secret + `"},{"Effect":"Allow",
			"Action":"secretsmanager:GetRandomPassword","Resource":"*"}]}`)})
	accepted(t, err)
	e := functiontest.NewEmulator(t, "SECRETS_MANAGER_ENDPOINT="+s.url, "AWS_CA_BUNDLE="+s.ca,
		"AWS_REGION="+servicetest.Region, "AWS_DEFAULT_REGION="+servicetest.Region,
		"AWS_ACCESS_KEY_ID="+keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+keys.SecretAccessKey)
	s.lambda.Function, err = lambda.New(lambda.Config{Endpoint: e.URL, Function: "function",
		CAFile: e.Authority.CAFile, Certificate: e.Authority.Certificate, Key: e.Authority.Key})
	accepted(t, err)
}

// user makes a database user and the secret that has its password, under a key or the managed one.
func (s *site) user(t *testing.T, name, key string) (arn string) {
	t.Helper()
	s.database.Exec(t, fmt.Sprintf(`CREATE USER "%s" WITH PASSWORD 'first'`, name))
	in := &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String(fmt.Sprintf(
		`{"engine":"postgres","host":"localhost","port":%d,"username":"%s","password":"first"}`,
		s.database.Port, name))}
	if key != "" {
		in.KmsKeyId = &key
	}
	out, err := s.SecretsManager().CreateSecret(t.Context(), in)
	accepted(t, err)
	return *out.ARN
}

// rotate asks for a rotation, has it done, and returns how it stands then.
func (s *site) rotate(t *testing.T, arn, by string) diagnosis.Diagnosis {
	t.Helper()
	_, err := s.SecretsManager().RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &arn, RotationLambdaARN: aws.String("arn:aws:lambda:" + servicetest.Region + ":" +
			servicetest.Account + ":function:" + by)})
	accepted(t, err)
	s.RunDueJobs(t)
	d, err := s.Service().DiagnoseRotation(t.Context(), servicetest.Account, servicetest.Region, arn,
		"claviger test")
	accepted(t, err)
	return d
}

// value returns the members of a version's value, with a true login by them.
func (s *site) value(t *testing.T, arn, stage string) map[string]any {
	t.Helper()
	out, err := s.SecretsManager().GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: &arn, VersionStage: &stage})
	accepted(t, err)
	var members map[string]any
	accepted(t, json.Unmarshal([]byte(*out.SecretString), &members))
	return members
}

func accepted(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, what string, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func TestService_FunctionOfTheSitesOwn_RotatesAUser(t *testing.T) {
	s := newSite(t)
	key, err := s.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` +
			servicetest.RootARN + `"},"Action":"kms:*","Resource":"*"},{"Effect":"Allow",` +
			`"Principal":{"AWS":"` + trusting + `"},"Action":["kms:Decrypt","kms:GenerateDataKey"],` +
			`"Resource":"*"}]}`)})
	accepted(t, err)
	for _, c := range []struct{ name, by, key string }{
		{"exec", "exec", ""}, {"exec, key of the site's", "exec", *key.KeyMetadata.Arn},
		{"lambda", "lambda", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			arn := s.user(t, "app-"+c.by+fmt.Sprint(len(c.key)), c.key)
			if c.by == "lambda" {
				s.function(t, arn)
			}
			before := "first"
			for range 2 {
				d := s.rotate(t, arn, c.by)
				if d.Failure != nil {
					t.Fatalf("%+v\n%s", d.Failure, s.Log)
				}
				now := s.value(t, arn, "AWSCURRENT")
				old := s.value(t, arn, "AWSPREVIOUS")
				if now["password"] == before || old["password"] != before {
					t.Errorf("%v came after %v", now, old)
				}
				before = now["password"].(string)
			}
		})
	}
}

func TestService_SessionOfAProgram_IsForOneSecretAndItsTime(t *testing.T) {
	s := newSite(t)
	key, err := s.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{})
	accepted(t, err)
	arn, other := s.user(t, "witness", *key.KeyMetadata.Arn), s.user(t, "other", "")
	d := s.rotate(t, arn, "witness")
	if d.Failure == nil || d.Failure.Step != rotator.SetSecret || d.Failure.Reason != rotator.Failed {
		t.Fatalf("%+v\n%s", d.Failure, s.Log)
	}
	if said := d.Failure.Said; !strings.Contains(said, "the witness has seen\n") ||
		!strings.Contains(said, `"password":"*****"`) || strings.Contains(said, "first") {
		t.Errorf("of what the program said %q is kept", said)
	}
	kept := s.value(t, arn, "AWSPENDING")
	session := servicetest.As(aws.Credentials{AccessKeyID: kept["AWS_ACCESS_KEY_ID"].(string),
		SecretAccessKey: kept["AWS_SECRET_ACCESS_KEY"].(string),
		SessionToken:    kept["AWS_SESSION_TOKEN"].(string)})
	read := func(id string) error {
		_, err := s.SecretsManager(session).GetSecretValue(t.Context(),
			&secretsmanager.GetSecretValueInput{SecretId: &id})
		return err
	}
	dataKey := func(of map[string]string) error {
		_, err := s.KMS(session).GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
			KeyId: key.KeyMetadata.Arn, KeySpec: kmstypes.DataKeySpecAes256, EncryptionContext: of})
		return err
	}
	const denied = "AccessDeniedException"
	accepted(t, read(arn))
	accepted(t, dataKey(map[string]string{"SecretARN": arn}))
	refused(t, "another secret", read(other), denied)
	refused(t, "another context", dataKey(map[string]string{"SecretARN": other}), denied)
	refused(t, "no context", dataKey(nil), denied)
	_, err = s.SecretsManager(session).DeleteSecret(t.Context(),
		&secretsmanager.DeleteSecretInput{SecretId: &arn})
	refused(t, "deletion", err, denied)
	_, err = s.KMS(session).DescribeKey(t.Context(),
		&kms.DescribeKeyInput{KeyId: key.KeyMetadata.Arn})
	refused(t, "the key's description", err, denied)
	s.Clock.Advance(16 * time.Minute)
	refused(t, "a session that is over", read(arn), "ExpiredTokenException")
}

func TestService_ProgramThatCannotBeUsed_FailsItsRotationsAlone(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		by     string
		reason rotator.Reason
		text   string
		advice string
	}{
		{"untrusted", rotator.Forbidden, "doesn't let secretsmanager.amazonaws.com act as it", "trust"},
		{"missing", rotator.NotAllowed, "can't be run on the service's machine", "claviger doctor"},
	} {
		arn := s.user(t, c.by, "")
		d := s.rotate(t, arn, c.by)
		if d.Failure == nil || d.Failure.Reason != c.reason ||
			!strings.Contains(d.Failure.Text, c.text) ||
			!strings.Contains(strings.Join(d.Advice, "\n"), c.advice) {
			t.Errorf("%s: %+v, %q", c.by, d.Failure, d.Advice)
		}
		if got := s.value(t, arn, "AWSCURRENT"); got["password"] != "first" {
			t.Errorf("%s: the current value is %v", c.by, got)
		}
	}
	if !strings.Contains(s.Log.String(), `msg="a rotator can't be used" rotator=missing`) {
		t.Error("the log says nothing of a program that isn't there")
	}
}
