package main

import (
	"regexp"
	"strings"
	"testing"

	"claviger/identity/accesskey"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// administer runs a command of two words on the site and returns what it prints.
func (s *site) administer(args ...string) string {
	s.t.Helper()
	r := s.run(append(args, "--config", s.path("claviger.toml"))...)
	if r.code != 0 {
		s.t.Fatalf("%v: %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// signedBy returns a site that signs with the access key that a command printed.
func (s *site) signedBy(printed string) *site {
	s.t.Helper()
	found := keyPair.FindStringSubmatch(printed)
	if found == nil {
		s.t.Fatalf("no access key in %s", printed)
	}
	other := *s
	other.id, other.secret = found[1], found[2]
	return &other
}

// who asks a server whom the site's access key speaks for.
func (s *site) who(address string) (string, error) {
	out, err := sts.New(sts.Options{BaseEndpoint: &address, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(s.id, s.secret, ""),
		Retryer:     aws.NopRetryer{}}).GetCallerIdentity(s.t.Context(),
		&sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return *out.Arn, nil
}

// TestUser_MadeOnlineAndOffline_SignsAndIsListed: with and without a server, in the account of the
// configuration or another.
func TestUser_MadeOnlineAndOffline_SignsAndIsListed(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	offline := s.signedBy(s.administer("user", "create", "alice", "--access-key"))
	s.administer("account", "create", "444455556666", "--alias", "staging")
	p := s.start(s.serve()...)
	address := "http://" + p.address()
	online := s.signedBy(s.administer("user", "create", "--access-key", "--account", "444455556666",
		"bob"))
	for who, want := range map[*site]string{offline: "arn:aws:iam::111122223333:user/alice",
		online: "arn:aws:iam::444455556666:user/bob"} {
		if got, err := who.who(address); err != nil || got != want {
			t.Errorf("the key of %s is %s's, %v", want, got, err)
		}
	}
	if list := s.administer("user", "list"); !strings.Contains(list, "user/alice ") ||
		strings.Contains(list, "bob") {
		t.Errorf("the users:\n%s", list)
	}
	keys := s.administer("access-key", "list", "--user", "alice")
	if !strings.Contains(keys, offline.id) || strings.Contains(keys, s.id) {
		t.Errorf("alice's keys:\n%s", keys)
	}
	s.clear(s.run("user", "create", "alice", "--config", s.path("claviger.toml")), 1,
		"User with name alice already exists.")
	s.clear(s.run("user", "delete", "alice", "--config", s.path("claviger.toml")), 1,
		"Cannot delete entity, must delete access keys first.")
	s.administer("access-key", "delete", offline.id)
	s.administer("user", "delete", "alice")
	if list := s.administer("user", "list"); strings.Contains(list, "alice") {
		t.Errorf("the users:\n%s", list)
	}
}

// TestUser_MadeWithAPolicy_IsTheFirstAdministrator: so that root's key can be put away. What is
// attached and detached counts from the next request on.
func TestUser_MadeWithAPolicy_IsTheFirstAdministrator(t *testing.T) {
	t.Parallel()
	const administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
	s := initialised(t)
	admin := s.signedBy(s.administer("user", "create", "admin", "--policy", administrator,
		"--access-key"))
	p := s.start(s.serve()...)
	address := "http://" + p.address()
	s.administer("access-key", "disable", s.id)
	s.opensNothing("disabled", address)
	admin.opens("made", address)
	s.administer("user", "detach", "admin", "--policy", administrator)
	if err := admin.calls(address)["kms"](t.Context()); err == nil {
		t.Error("who has no policy any more may still list keys")
	}
	s.administer("user", "attach", "admin", "--policy", administrator)
	admin.opens("attached again", address)
	s.clear(s.run("user", "create", "bob", "--policy", "arn:aws:iam::aws:policy/None",
		"--access-key", "--config", s.path("claviger.toml")), 1,
		"the user was made, but not all policies are attached")
}

// TestAccount_Made_HasItsRootUser: and is in the list, by its alias too.
func TestAccount_Made_HasItsRootUser(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	address := "http://" + p.address()
	root := s.signedBy(s.administer("account", "create", "444455556666", "--alias", "staging",
		"--access-key"))
	if got, err := root.who(address); err != nil || got != "arn:aws:iam::444455556666:root" {
		t.Errorf("the root key is %s's, %v", got, err)
	}
	list := s.administer("account", "list")
	for _, line := range []string{`(?m)^111122223333 +20`, `(?m)^444455556666  staging  20`} {
		if !regexp.MustCompile(line).MatchString(list) {
			t.Errorf("the accounts lack %s:\n%s", line, list)
		}
	}
	s.clear(s.run("account", "create", "444455556666", "--config", s.path("claviger.toml")), 1,
		"Account 444455556666 already exists.")
	s.clear(s.run("account", "create", "4444", "--config", s.path("claviger.toml")), 2, "12 digits")
}

// TestAdminister_AbsentAccount_IsRefused: what is made in the number of no account nobody finds.
func TestAdminister_AbsentAccount_IsRefused(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	s.start(s.serve()...)
	for _, args := range [][]string{{"user", "create", "bob"}, {"user", "list"},
		{"user", "delete", "bob"},
		{"user", "attach", "bob", "--policy", "arn:aws:iam::aws:policy/AdministratorAccess"},
		{"user", "detach", "bob", "--policy", "arn:aws:iam::aws:policy/AdministratorAccess"},
		{"access-key", "create"}, {"access-key", "list"}, {"access-key", "rotate"},
		{"access-key", "rotate", "--finish"}} {
		args = append(args, "--account", "444455556666", "--config", s.path("claviger.toml"))
		s.clear(s.run(args...), 1, "The account 444455556666 cannot be found.")
	}
	s.clear(s.run("revoke", "--config", s.path("claviger.toml"), "--session",
		accesskey.NewID(accesskey.Temporary, "444455556666")), 1, "cannot be found")
}

// TestAccessKey_Rotated_EndsWithTheNewOne: the old one goes in two steps, and not before the new
// one has signed.
func TestAccessKey_Rotated_EndsWithTheNewOne(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	address := "http://" + p.address()
	finish := []string{"access-key", "rotate", "--finish", "--config", s.path("claviger.toml")}
	s.clear(s.run(finish...), 1, "claviger: a rotation ends with two access keys, and there are "+
		"not two")
	rotated := s.administer("access-key", "rotate")
	if !strings.Contains(rotated, "rotate --finish --account 111122223333\n") {
		t.Errorf("what is next isn't in\n%s", rotated)
	}
	second := s.signedBy(rotated)
	s.clear(s.run(finish...), 1, "has not signed yet")
	second.opens("made", address)
	s.opens("the old one still serves", address)
	if out := s.administer("access-key", "rotate", "--finish"); !strings.Contains(out,
		s.id+" is disabled.") {
		t.Errorf("it said %s", out)
	}
	s.opensNothing("disabled", address)
	if out := s.administer("access-key", "rotate", "--finish"); !strings.Contains(out,
		s.id+" is deleted.") {
		t.Errorf("it said %s", out)
	}
	second.opens("the old one is deleted", address)
	list := s.administer("access-key", "list")
	if strings.Contains(list, s.id) || !regexp.MustCompile(second.id+`  Active  \S+Z  \S+Z  `).
		MatchString(list) {
		t.Errorf("the keys:\n%s", list)
	}
}

// TestAdminister_BadCommand_SaysWhatThereIs.
func TestAdminister_BadCommand_SaysWhatThereIs(t *testing.T) {
	s := &site{t: t, dir: scratch}
	s.clear(s.run("user"), 2, "claviger user create|list|delete|attach|detach")
	s.clear(s.run("user", "create", "--config", "x"), 2, "name one user")
	s.clear(s.run("user", "create", "a", "b", "--config", "x"), 2, `unexpected argument "b"`)
	s.clear(s.run("user", "attach", "a", "--config", "x"), 2, "--policy ARN is needed")
	s.clear(s.run("user", "list", "--database", "x"), 2, "--account is needed")
	s.clear(s.run("account", "make"), 2, `there is no "make"`)
	s.clear(s.run("account", "list"), 2, "--config FILE or --database FILE is needed")
}
