package clients

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program puts a program of that name into a directory.
func program(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestWrapper_AnyAWSCLI_IsToldTheEndpoint: what reads no AWS_ENDPOINT_URL would send keys and
// plaintexts to AWS.
func TestWrapper_AnyAWSCLI_IsToldTheEndpoint(t *testing.T) {
	o := Files{Dir: filepath.Join(t.TempDir(), "it's here"), Region: "us-east-1"}
	if err := o.Write("127.0.0.1:1", "AKIA", "secret"); err != nil {
		t.Fatal(err)
	}
	cli := t.TempDir()
	program(t, cli, "aws", `for a in "$@"; do echo "[$a]"; done`)
	shell := func(script, path string) (string, error) {
		c := exec.Command("/bin/sh", "-euc", ". "+Sourced(o.path("env"))+"\n"+script)
		c.Env = []string{"PATH=" + path, "AWS_SESSION_TOKEN=of another account"}
		out, err := c.CombinedOutput()
		return string(out), err
	}
	out, err := shell(`aws kms encrypt --plaintext 'a  b'`, cli+":/usr/bin:/bin")
	want := "[--endpoint-url]\n[http://127.0.0.1:1]\n[kms]\n[encrypt]\n[--plaintext]\n[a  b]\n"
	if out != want || err != nil {
		t.Errorf("aws was called with\n%s(%v), want\n%s", out, err, want)
	}
	again := ". " + Sourced(o.path("env"))
	out, err = shell(again+"\necho \"$PATH\" \"${AWS_SESSION_TOKEN-none}\"", cli)
	if bin, _ := filepath.Abs(o.path("bin")); out != bin+":"+cli+" none\n" || err != nil {
		t.Errorf("read twice, the environment is %q, %v", out, err)
	}
	if out, err = shell("aws kms list-keys", "/nowhere"); err == nil ||
		!strings.Contains(out, "apt-get install awscli") {
		t.Errorf("without a CLI: %q, %v", out, err)
	}
}

func TestDev_WhatIsHere_DecidesWhatToType(t *testing.T) {
	const old, wrapped, curl, install = "ignores AWS_ENDPOINT_URL", "  aws kms create-key",
		"  curl -sS --aws-sigv4", "apt-get install awscli"
	for name, c := range map[string]struct {
		here   Here
		has    []string
		hasNot []string
	}{
		"a new AWS CLI": {Here{"2.15.0", "8.5.0", "1.34.0"}, []string{wrapped},
			[]string{old, install}},
		"Debian 12": {Here{"2.9.19", "7.88.1", ""}, []string{wrapped, old},
			[]string{install}},
		"version 1":       {Here{"1.22.34", "", ""}, []string{wrapped, old}, []string{install}},
		"a new version 1": {Here{"1.45.11", "", ""}, []string{wrapped}, []string{old}},
		"an old boto3":    {Here{"2.15.0", "", "1.26.27"}, []string{"boto3 1.26.27 " + old}, nil},
		"no CLI": {Here{"", "7.88.1", ""}, []string{curl, install},
			[]string{wrapped, "older than"}},
		"nothing at all": {Here{}, []string{curl, install, "curl is not here"},
			[]string{wrapped}},
		"a curl of Debian 10": {Here{"", "7.64.0", ""}, []string{"older than 7.75"},
			[]string{wrapped}},
	} {
		var said strings.Builder
		Files{Dir: "dev-data"}.Greet(&said, "127.0.0.1:8200", c.here)
		for _, text := range append(c.has, "\n  . dev-data/env\n") {
			if !strings.Contains(said.String(), text) {
				t.Errorf("%s: it doesn't say %q:\n%s", name, text, &said)
			}
		}
		for _, text := range c.hasNot {
			if strings.Contains(said.String(), text) {
				t.Errorf("%s: it says %q:\n%s", name, text, &said)
			}
		}
	}
}

func TestDev_Clients_SayTheirVersions(t *testing.T) {
	dir := t.TempDir()
	program(t, dir, "aws", "echo aws-cli/2.9.19 Python/3.11.2 Linux/6.1 source/x86_64.debian.12")
	program(t, dir, "curl", "echo 'curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1'")
	program(t, dir, "python3", "exit 1")
	t.Setenv("PATH", dir)
	if here := <-Look(t.Context()); here != (Here{"2.9.19", "7.88.1", ""}) {
		t.Errorf("found %+v", here)
	}
}

// TestDev_BusyMachine_HasItsClients: what doesn't say its version in time is there all the same.
func TestDev_BusyMachine_HasItsClients(t *testing.T) {
	dir := t.TempDir()
	program(t, dir, "aws", "exec /bin/sleep 60")
	program(t, dir, "curl", "echo 'curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1'")
	t.Setenv("PATH", dir)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if here := <-Look(ctx); here != (Here{busy, busy, ""}) {
		t.Errorf("found %+v", here)
	}
	var said strings.Builder
	Files{Dir: "dev-data"}.Greet(&said, "127.0.0.1:8200", Here{aws: busy, curl: busy})
	if strings.Contains(said.String(), "is not here") || strings.Contains(said.String(), "ignores") {
		t.Error(&said)
	}
}
