package servicetest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claviger/iam/webidentity/issuertest"
	"claviger/service/servicetest"
)

// TestSessions_AWSCLI_ByProfiles: keys come from a process, roles from profiles that build on one
// another, and from a token in a file.
func TestSessions_AWSCLI_ByProfiles(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	if !readsEndpoints(t) {
		t.Log("this AWS CLI would ask AWS for the roles of profiles")
		return
	}
	s := servicetest.Start(t)
	alice := s.User(t, "alice")
	i := issuertest.Start(t)
	first := sessionRole(t, s, "first", `{"Effect":"Allow","Principal":{"AWS":"`+
		servicetest.UserARN("alice")+`"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{`+
		`"sts:ExternalId":"ours"}}}`)
	second := sessionRole(t, s, "second", trusting(first), "kms:GenerateRandom")
	pods := webRole(t, s, i, "pods")
	dir := t.TempDir()
	put := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		accepted(t, os.WriteFile(path, []byte(text), mode))
		return path
	}
	process := put("process", fmt.Sprintf("#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":%q,"+
		"\"SecretAccessKey\":%q}'\n", alice.AccessKeyID, alice.SecretAccessKey), 0o700)
	config := put("config", `[profile alice]
credential_process = `+process+`
[profile first]
role_arn = `+first+`
source_profile = alice
external_id = ours
role_session_name = one
[profile stranger]
role_arn = `+first+`
source_profile = alice
external_id = theirs
[profile second]
role_arn = `+second+`
source_profile = first
role_session_name = two
duration_seconds = 3600
[profile pods]
role_arn = `+pods+`
web_identity_token_file = `+put("token", i.Token(time.Now(), nil), 0o600)+`
role_session_name = pod
`, 0o600)
	cli := func(args ...string) (string, error) {
		cmd := exec.Command("aws", args...)
		cmd.Env = append(os.Environ(), "AWS_CONFIG_FILE="+config, "HOME="+dir, "AWS_PAGER=",
			"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_MAX_ATTEMPTS=1",
			"AWS_EC2_METADATA_DISABLED=true", "AWS_DEFAULT_REGION="+servicetest.Region,
			"AWS_ENDPOINT_URL="+s.URL)
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	const sessions = "arn:aws:sts::" + servicetest.Account + ":assumed-role/"
	for profile, want := range map[string]string{"alice": servicetest.UserARN("alice"),
		"first": sessions + "first/one", "second": sessions + "second/two",
		"pods": sessions + "pods/pod"} {
		got, err := cli("--profile", profile, "sts", "get-caller-identity", "--query", "Arn",
			"--output", "text")
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", profile, got, err, want)
		}
	}
	for profile, allowed := range map[string]bool{"second": true, "pods": true, "first": false} {
		got, err := cli("--profile", profile, "kms", "generate-random", "--number-of-bytes", "8")
		if (err == nil) != allowed || !allowed && !strings.Contains(got, "AccessDeniedException") {
			t.Errorf("%s: %s, %v", profile, got, err)
		}
	}
	if got, err := cli("--profile", "stranger", "sts", "get-caller-identity"); err == nil ||
		!strings.Contains(got, "is not authorized to perform: sts:AssumeRole on resource: "+first) {
		t.Errorf("without the external id: %s, %v", got, err)
	}
}
