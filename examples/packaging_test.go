package examples_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Exit codes of cmd/claviger: a mistake in the command line, in the configuration.
const usage, configuration = 2, 3

func TestConfiguration_OfTheExample_IsAccepted(t *testing.T) {
	d := start(t)
	text, err := os.ReadFile("claviger.toml")
	if err != nil {
		t.Fatal(err)
	}
	// This machine may be one with a service: its database is none of a test's business.
	dir := t.TempDir()
	elsewhere := strings.ReplaceAll(string(text), "/var/lib/claviger", dir)
	if elsewhere == string(text) || strings.Contains(elsewhere, "/var/lib") {
		t.Fatalf("the example has its database somewhere else now:\n%s", text)
	}
	path := filepath.Join(dir, "claviger.toml")
	if err := os.WriteFile(path, []byte(elsewhere), 0o600); err != nil {
		t.Fatal(err)
	}
	// There is no database, so the command fails, but not over what it has read.
	err = exec.Command(d.binary, "audit", "tail", "--config", path).Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() == usage || exit.ExitCode() == configuration {
		t.Errorf("claviger audit tail --config claviger.toml: %v", err)
	}
}

// TestUnit_OfSystemd_IsAccepted has systemd read the unit, where there is a
// systemd. What is left to it is whether there are such settings; whether the
// exit codes are right is a test of the documents.
func TestUnit_OfSystemd_IsAccepted(t *testing.T) {
	text, err := os.ReadFile("claviger.service")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log("there is no systemd-analyze here to read it")
		return
	}
	unit := filepath.Join(t.TempDir(), "claviger.service")
	// it has to be there
	here := strings.Replace(string(text), "/usr/local/bin/claviger serve", "/bin/true serve", 1)
	if err := os.WriteFile(unit, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", unit).CombinedOutput(); err != nil ||
		len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
