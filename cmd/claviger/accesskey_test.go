package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"claviger/cmd/claviger/control"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// keys runs a command about access keys and returns what it prints.
func (s *site) keys(args ...string) string {
	s.t.Helper()
	args = append([]string{"access-key", args[0], "--config", s.path("claviger.toml")}, args[1:]...)
	r := s.run(args...)
	if r.code != 0 {
		s.t.Fatalf("%v: %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// another makes a second access key and returns a site that signs with it.
func (s *site) another() *site {
	s.t.Helper()
	found := keyPair.FindStringSubmatch(s.keys("create"))
	if found == nil {
		s.t.Fatal("create printed no access key")
	}
	second := *s
	second.id, second.secret = found[1], found[2]
	return &second
}

// sql changes the database behind the server's back.
func (s *site) sql(statement string) {
	s.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+s.path("claviger.db")+"?_busy_timeout=5000")
	if err == nil {
		defer db.Close()
		_, err = db.Exec(statement)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// calls are one request by each path that a signature takes, and what each calls an unknown key.
func (s *site) calls(address string) map[string]func(context.Context) error {
	k := s.kms(address, http.DefaultClient)
	as := credentials.NewStaticCredentialsProvider(s.id, s.secret, "")
	m := secretsmanager.New(secretsmanager.Options{BaseEndpoint: &address, Region: "us-west-2",
		Credentials: as, Retryer: aws.NopRetryer{}})
	st := sts.New(sts.Options{BaseEndpoint: &address, Region: "us-east-1", Credentials: as,
		Retryer: aws.NopRetryer{}})
	presigned := sts.NewPresignClient(st)
	return map[string]func(context.Context) error{
		"kms": func(ctx context.Context) error {
			_, err := k.ListKeys(ctx, &kms.ListKeysInput{})
			return err
		},
		"secretsmanager": func(ctx context.Context) error {
			_, err := m.ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
			return err
		},
		"sts": func(ctx context.Context) error {
			_, err := st.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		},
		"presigned": func(ctx context.Context) error {
			r, err := presigned.PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			if err != nil {
				return err
			}
			resp, err := http.Get(r.URL)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return &smithy.GenericAPIError{Code: fmt.Sprint(resp.StatusCode)}
			}
			return nil
		},
	}
}

// unknownKey is what each path calls an access key that opens nothing.
var unknownKey = map[string]string{"kms": "UnrecognizedClientException",
	"secretsmanager": "UnrecognizedClientException", "sts": "InvalidClientTokenId",
	"presigned": "403"}

func (s *site) opens(when, address string) {
	s.t.Helper()
	for path, call := range s.calls(address) {
		if err := call(s.t.Context()); err != nil {
			s.t.Errorf("%s, by %s: %v", when, path, err)
		}
	}
}

func (s *site) opensNothing(when, address string) {
	s.t.Helper()
	for path, call := range s.calls(address) {
		var failure smithy.APIError
		err := call(s.t.Context())
		if !errors.As(err, &failure) || failure.ErrorCode() != unknownKey[path] {
			s.t.Errorf("%s, by %s: %v, want %s", when, path, err, unknownKey[path])
		}
	}
}

// TestAccessKeys_ChangedOnline_HoldForTheNextRequest: a command changes an access key while the
// server runs, which has used it before on every path, and the next request knows.
func TestAccessKeys_ChangedOnline_HoldForTheNextRequest(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	address := "http://" + p.address()
	second := s.another()
	s.opens("made", address)
	second.opens("made", address)

	list := s.keys("list")
	for _, id := range []string{s.id, second.id} {
		if !strings.Contains(list, id+"  Active") {
			t.Errorf("the list lacks %s:\n%s", id, list)
		}
	}
	s.keys("disable", s.id)
	s.opensNothing("disabled", address)
	second.opens("the other is disabled", address)
	list = s.keys("list", "--account", "111122223333")
	if !strings.Contains(list, s.id+"  Inactive") {
		t.Errorf("the list of a disabled key:\n%s", list)
	}
	s.keys("disable", s.id) // is so already
	s.keys("enable", s.id)
	s.opens("enabled", address)
	s.keys("delete", s.id)
	s.opensNothing("deleted", address)
	second.opens("the other is deleted", address)
	if list := s.keys("list"); strings.Contains(list, s.id) {
		t.Errorf("the list has a deleted key:\n%s", list)
	}
	for _, do := range []string{"disable", "enable", "delete"} {
		s.clear(s.run("access-key", do, "--database", s.path("claviger.db"), s.id), 1,
			"The Access Key with id "+s.id+" cannot be found")
	}
	p.stop()
	s.start(s.serve()...)
}

// TestAccessKeys_EachCommand_IsInTheTrail: by whom, and of which access key.
func TestAccessKeys_EachCommand_IsInTheTrail(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	p.address() // or the first command may have the database before it
	second := s.another()
	s.keys("list")
	s.keys("disable", second.id)
	s.keys("enable", second.id)
	s.keys("delete", second.id)
	p.stop()
	trail := s.run("audit", "tail", "--config", s.path("claviger.toml"), "-n", "0").stdout
	if strings.Contains(trail, second.secret) {
		t.Error("the secret is in the trail")
	}
	for do, want := range map[string][]string{
		"create":  {`"eventName":"CreateAccessKey"`, `"readOnly":false`, second.id},
		"list":    {`"eventName":"ListAccountAccessKeys"`, `"readOnly":true`},
		"disable": {`"eventName":"UpdateAccessKey"`, second.id, `"status":"Inactive"`},
		"enable":  {`"eventName":"UpdateAccessKey"`, second.id, `"status":"Active"`},
		"delete":  {`"eventName":"DeleteAccessKey"`, second.id, "arn:aws:iam::111122223333:root"},
	} {
		found := false
		by := `"userAgent":"claviger access-key ` + do + ` by ` + control.UserName(os.Geteuid()) + `"`
		for line := range strings.Lines(trail) {
			hit := strings.Contains(line, by) && strings.Contains(line, `"type":"AWSService"`)
			for _, part := range want {
				hit = hit && strings.Contains(line, part)
			}
			found = found || hit
		}
		if !found {
			t.Errorf("no record of %s has all of %v and %s:\n%s", do, want, by, trail)
		}
	}
}

// TestAccessKeys_NoServer_AreChangedHere: the same commands work while nothing runs.
func TestAccessKeys_NoServer_AreChangedHere(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	second := s.another()
	s.keys("delete", s.id)
	r := s.run("access-key", "list", "--database", s.path("claviger.db"))
	s.clear(r, 1, "no server is running")
	p := s.start(s.serve()...)
	s.opensNothing("deleted", "http://"+p.address())
	second.opens("made", "http://"+p.address())
}

// TestAccessKeys_RowChangedByAnother_OpensNothing: whoever writes to the database, requests see it
// a second later. A row that was edited without its signature is no key either.
func TestAccessKeys_RowChangedByAnother_OpensNothing(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	address := "http://" + p.address()
	second := s.another()
	s.opens("made", address)
	second.opens("made", address)
	const noticed = 1100 * time.Millisecond
	s.sql(`DELETE FROM access_keys WHERE id = '` + s.id + `'`)
	time.Sleep(noticed)
	s.opensNothing("deleted", address)
	second.opens("the other is deleted", address)
	s.sql(`UPDATE access_keys SET account = '444455556666' WHERE id = '` + second.id + `'`)
	time.Sleep(noticed)
	for path, call := range second.calls(address) {
		if call(t.Context()) == nil {
			t.Errorf("by %s an edited row was believed", path)
		}
	}
}

// TestControl_LongPathAndLeftOverSocket_IsTaken: what a killed server left is replaced, and the
// path of the database may be longer than the address of a socket.
func TestControl_LongPathAndLeftOverSocket_IsTaken(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	deep := s.path(strings.Repeat("d", 120))
	if err := os.Mkdir(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(s.path("claviger.db"), deep+"/claviger.db"); err != nil {
		t.Fatal(err)
	}
	s.set("database", fmt.Sprintf("%q", deep+"/claviger.db"))
	s.put(strings.Repeat("d", 120)+"/claviger.db.control", "left", 0o600)
	p := s.start(s.serve()...)
	p.address()
	if list := s.keys("list"); !strings.Contains(list, s.id) {
		t.Errorf("the list:\n%s", list)
	}
	info, err := os.Stat(deep + "/claviger.db.control")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	p.stop()
	if _, err := os.Stat(deep + "/claviger.db.control"); err == nil {
		t.Error("the socket is there after the end")
	}
}

// TestAccessKeys_BadCommand_SaysWhatThereIs.
func TestAccessKeys_BadCommand_SaysWhatThereIs(t *testing.T) {
	s := &site{t: t, dir: scratch}
	s.clear(s.run("access-key"), 2,
		"claviger access-key create|list|disable|enable|delete|rotate")
	s.clear(s.run("access-key", "turn"), 2, `there is no "turn"`)
	s.clear(s.run("access-key", "rotate", "AKIA"), 2, `unexpected argument "AKIA"`)
	s.clear(s.run("access-key", "delete", "--config", "x"), 2, "name one access key by its id")
	s.clear(s.run("access-key", "list"), 2, "--config FILE or --database FILE is needed")
	s.clear(s.run("access-key", "list", "--database", "x", "--account", "5"), 2, "12 digits")
	s.clear(s.run("access-key", "create", "--database", "x"), 2, "--account is needed")
}

// TestInit_DatabaseIsThere_AddsAnAccessKey: and says that it made nothing else.
func TestInit_DatabaseIsThere_AddsAnAccessKey(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	r := s.run("init", "--config", s.path("claviger.toml"))
	found := keyPair.FindStringSubmatch(r.stdout)
	if r.code != 0 || found == nil || found[1] == s.id ||
		!strings.Contains(r.stdout, "An access key was added to the database") ||
		strings.Contains(r.stdout, "Made the database") {
		t.Fatalf("%d\n%s%s", r.code, r.stdout, r.stderr)
	}
	list := s.keys("list")
	for _, id := range []string{s.id, found[1]} {
		if !strings.Contains(list, id+"  Active") {
			t.Errorf("the list lacks %s:\n%s", id, list)
		}
	}
}
