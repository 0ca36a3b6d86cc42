package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// signing returns a client of STS with an access key.
func (s *site) signing(address, id, secret, token string) *sts.Client {
	return sts.New(sts.Options{BaseEndpoint: &address, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, token),
		Retryer:     aws.NopRetryer{}, HTTPClient: http.DefaultClient})
}

// clientOf is a client with the same access key at another address.
func clientOf(c *sts.Client, address string) *sts.Client {
	o := c.Options()
	o.BaseEndpoint = &address
	return sts.New(o)
}

// TestRevoke_RoleAndSession_AreOverForTheNextRequest: by the running server, and by none.
func TestRevoke_RoleAndSession_AreOverForTheNextRequest(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	address := "http://" + p.address()
	users := iam.New(iam.Options{BaseEndpoint: &address, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(s.id, s.secret, "")})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("alice")})
	must(err)
	key, err := users.CreateAccessKey(t.Context(),
		&iam.CreateAccessKeyInput{UserName: aws.String("alice")})
	must(err)
	role, err := users.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("r"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
			`"Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"sts:AssumeRole"}}`)})
	must(err)
	alice := s.signing(address, *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	begin := func() (*sts.Client, string) {
		t.Helper()
		out, err := alice.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role.Role.Arn,
			RoleSessionName: aws.String("s1")})
		must(err)
		c := out.Credentials
		return s.signing(address, *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken), *c.AccessKeyId
	}
	over := func(c *sts.Client) bool {
		t.Helper()
		_, err := c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil && !strings.Contains(err.Error(), "ExpiredToken: The security token included in "+
			"the request is expired") {
			t.Fatal(err)
		}
		return err != nil
	}
	revoke := func(says string, args ...string) {
		t.Helper()
		r := s.run(append([]string{"revoke", "--config", s.path("claviger.toml")}, args...)...)
		if r.code != 0 || !strings.Contains(r.stdout, says) {
			t.Fatalf("%v: %d\n%s%s", args, r.code, r.stdout, r.stderr)
		}
	}
	first, id := begin()
	second, other := begin()
	revoke("The session "+id+" is over.", "--session", id)
	if !over(first) || over(second) {
		t.Error("one session is revoked, and not the other")
	}
	revoke("began up to 2026-01-01T00:00:00Z", "--role", *role.Role.Arn, "--before",
		"2026-01-01T00:00:00Z")
	if over(second) {
		t.Error("a session that began later is revoked")
	}
	revoke("The sessions of "+*role.Role.Arn+" are over.", "--role", *role.Role.Arn)
	if !over(second) {
		t.Error("a session of the role goes on")
	}
	time.Sleep(2 * time.Millisecond) // a session begins in a later millisecond than the revocation
	third, id := begin()
	if over(third) {
		t.Error("a session that began afterwards is revoked")
	}
	p.stop()
	revoke("is over", "--session", id)
	p = s.start(s.serve()...)
	address = "http://" + p.address()
	if third = clientOf(third, address); !over(third) {
		t.Error("a session goes on that was revoked while nothing ran")
	}
	p.stop()
	trail := s.run("audit", "tail", "--config", s.path("claviger.toml"), "-n", "0").stdout
	for _, want := range []string{`"eventName":"RevokeSession"`, `"eventName":"RevokeRoleSessions"`,
		`"userAgent":"claviger revoke by `, other} {
		if !strings.Contains(trail, want) {
			t.Errorf("%s is not in the trail", want)
		}
	}
}

func TestRevoke_BadUse_IsSaid(t *testing.T) {
	s := &site{t: t, dir: scratch}
	s.clear(s.run("revoke"), 2, "say whose sessions end")
	s.clear(s.run("revoke", "--role", "r", "--session", "s"), 2, "say whose sessions end")
	s.clear(s.run("revoke", "--session", "s", "--before", "2026-01-01T00:00:00Z"), 2,
		"say whose sessions end")
	s.clear(s.run("revoke", "--role", "r", "--before", "yesterday"), 2, "--before must be a time")
	s.clear(s.run("revoke", "--role", "r"), 2, "--config FILE or --database FILE is needed")
}
