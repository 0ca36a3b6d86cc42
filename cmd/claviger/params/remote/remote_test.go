package remote_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"claviger/cmd/claviger/params/remote"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// variables are those that are read, and none of which a test has from its surroundings.
var variables = []string{"AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM",
	"AWS_ENDPOINT_URL_STS", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE",
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"}

// surroundings sets the environment to some variables alone, and writes the files of profiles.
func surroundings(t *testing.T, profiles string, set ...string) {
	t.Helper()
	for _, name := range variables {
		t.Setenv(name, "")
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(profiles), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file+".credentials")
	for _, one := range set {
		name, value, _ := strings.Cut(one, "=")
		t.Setenv(name, value)
	}
}

func TestOpen_WhatIsMissing_IsNamed(t *testing.T) {
	key := []string{"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=hunter2-secret"}
	at := func(url string) remote.Options {
		return remote.Options{Region: "us-east-1", Endpoint: url}
	}
	for name, c := range map[string]struct {
		o    remote.Options
		set  []string
		want error
		says string
	}{
		"Region":      {remote.Options{Endpoint: "http://127.0.0.1:1"}, key, remote.ErrRegion, ""},
		"endpoint":    {remote.Options{Region: "us-east-1"}, key, remote.ErrEndpoint, ""},
		"credentials": {at("http://127.0.0.1:1"), nil, nil, "AWS_ACCESS_KEY_ID"},
		"profile": {remote.Options{Region: "us-east-1", Endpoint: "http://127.0.0.1:1", Profile: "nobody"},
			key, nil, "nobody"},
		"plain HTTP": {at("http://keys.example.org:8200"), key, remote.ErrPlain, ""},
		"plain HTTP by a variable": {remote.Options{Region: "us-east-1"},
			append(key, "AWS_ENDPOINT_URL=http://192.0.2.1"), remote.ErrPlain, ""},
		"no URL":      {at("keys.example.org"), key, nil, "keys.example.org"},
		"another URL": {at("ftp://keys.example.org"), key, nil, "ftp:"},
	} {
		t.Run(name, func(t *testing.T) {
			surroundings(t, "", c.set...)
			_, err := remote.Open(t.Context(), c.o)
			if err == nil || c.want != nil && !errors.Is(err, c.want) ||
				!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestOpen_EachSource_IsRead: flags go before variables, and those before profiles.
func TestOpen_EachSource_IsRead(t *testing.T) {
	key := []string{"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=hunter2-secret"}
	profile := "[profile p]\nregion = eu-west-1\nendpoint_url = https://profile.example\n" +
		"aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = hunter2-secret\n"
	for name, c := range map[string]struct {
		o        remote.Options
		set      []string
		endpoint string
		region   string
	}{
		"variables": {remote.Options{}, append(key, "AWS_ENDPOINT_URL=https://a.example",
			"AWS_REGION=us-west-2"), "https://a.example", "us-west-2"},
		"of the service": {remote.Options{}, append(key, "AWS_ENDPOINT_URL=https://a.example",
			"AWS_ENDPOINT_URL_SSM=https://b.example", "AWS_DEFAULT_REGION=us-west-2"), "https://b.example",
			"us-west-2"},
		"flags": {remote.Options{Endpoint: "https://c.example", Region: "us-east-1"}, append(key,
			"AWS_ENDPOINT_URL=https://a.example", "AWS_REGION=us-west-2"), "https://c.example", "us-east-1"},
		"profile":        {remote.Options{Profile: "p"}, nil, "https://profile.example", "eu-west-1"},
		"named profile":  {remote.Options{}, []string{"AWS_PROFILE=p"}, "https://profile.example", "eu-west-1"},
		"AWS":            {remote.Options{Endpoint: "https://ssm.us-east-1.amazonaws.com", Profile: "p"}, nil, "https://ssm.us-east-1.amazonaws.com", "eu-west-1"},
		"IPv6, loopback": {remote.Options{Endpoint: "http://[::1]:8200", Profile: "p"}, nil, "http://[::1]:8200", "eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			surroundings(t, profile, c.set...)
			got, err := remote.Open(t.Context(), c.o)
			if err != nil || got.Endpoint != c.endpoint || got.Region != c.region {
				t.Errorf("%v, %+v", err, got)
			}
		})
	}
}

// TestOpen_ProfileWithRole_AsksTheService: whoever takes a role here doesn't ask AWS for it.
func TestOpen_ProfileWithRole_AsksTheService(t *testing.T) {
	s := servicetest.Start(t)
	_, err := s.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("reader"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Principal":{"AWS":"` + servicetest.Account + `"},"Action":"sts:AssumeRole"}]}`)})
	if err == nil {
		_, err = s.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: aws.String("reader"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` +
					`"ssm:GetParametersByPath","Resource":"*"}]}`)})
	}
	if err != nil {
		t.Fatal(err)
	}
	alice := s.User(t, "alice")
	if _, err := s.IAM().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String("alice"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` +
				`"Resource":"*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	surroundings(t, fmt.Sprintf("[profile alice]\nregion = %s\naws_access_key_id = %s\n"+
		"aws_secret_access_key = %s\n[profile reader]\nregion = %[1]s\nsource_profile = alice\n"+
		"role_arn = arn:aws:iam::%[4]s:role/reader\n", servicetest.Region, alice.AccessKeyID,
		alice.SecretAccessKey, servicetest.Account))
	for profile, refused := range map[string]bool{"alice": true, "reader": false} {
		c, err := remote.Open(t.Context(), remote.Options{Endpoint: s.URL, Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.Below(t.Context(), "/", true); (err != nil) != refused {
			t.Errorf("%s: %v", profile, err)
		}
		t.Setenv("AWS_ENDPOINT_URL_STS", "")
	}
}

// TestOpen_OwnAuthority_IsTrustedByItsBundle: and not without.
func TestOpen_OwnAuthority_IsTrustedByItsBundle(t *testing.T) {
	s := servicetest.Start(t)
	front := httptest.NewTLSServer(s)
	defer front.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE",
		Bytes: front.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, trusted := range map[string]bool{bundle: true, "": false} {
		surroundings(t, "", "AWS_CA_BUNDLE="+file, "AWS_ACCESS_KEY_ID="+s.Root.AccessKeyID,
			"AWS_SECRET_ACCESS_KEY="+s.Root.SecretAccessKey, "AWS_MAX_ATTEMPTS=1")
		c, err := remote.Open(t.Context(), remote.Options{Endpoint: front.URL,
			Region: servicetest.Region})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Below(t.Context(), "/", true)
		if (err == nil) != trusted ||
			err != nil && !strings.Contains(remote.Said(err), "no answer from ") {
			t.Errorf("with %q: %v", file, err)
		}
	}
}

// TestBelow_NameThatNoneHas_IsRefused: it would be written into files and onto the terminal.
func TestBelow_NameThatNoneHas_IsRefused(t *testing.T) {
	var name string
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprintf(w, `{"Parameters":[{"Name":%q,"Type":"String","Value":"v","Version":1}]}`, name)
	}))
	defer front.Close()
	surroundings(t, "", "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=secret")
	c, err := remote.Open(t.Context(), remote.Options{Endpoint: front.URL, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	for text, taken := range map[string]bool{"/app/x": true, "x": true, "/app/x\nPATH=/tmp": false,
		"/app/x/": false, "/app//x": false, "/": false, "": false, "/app/a b": false} {
		name = text
		if _, err := c.Below(t.Context(), "/app", true); (err == nil) != taken {
			t.Errorf("%q: %v", text, err)
		}
	}
}
