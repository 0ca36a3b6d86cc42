// Package functiontest has what tests of a rotation by the site's own functions run: a function in
// Python that rotates a PostgreSQL user in the shape of AWS's, a program by which it runs as a
// rotator of kind exec, and an endpoint like Lambda's Runtime Interface Emulator by which it runs
// as one of kind lambda.
package functiontest

import (
	"bytes"
	"embed"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator/functiontest/authority"
)

//go:embed python
var files embed.FS

// Python returns an interpreter that has boto3 and psycopg2. Without one the test is skipped.
func Python(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import boto3, psycopg2").Run() == nil {
			return name
		}
	}
	t.Skip("no python3 has boto3 and psycopg2: softhsm-setup/install.sh boto3 psycopg2")
	return ""
}

// Program writes the function and the program that runs it into a directory of the test's that
// every user can read, and returns the program's path. What it imports lies beside it, and so its
// directory has to be readable for it. witness.py is there too: it stores its own credentials as
// the pending value, for a test to find out what they open.
func Program(t testing.TB) string {
	t.Helper()
	dir := write(t)
	python := []byte(absolute(t, Python(t)))
	for _, name := range []string{"rotate.py", "witness.py"} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte("/usr/bin/python3"), python, 1)
		if err := os.WriteFile(path, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "rotate.py")
}

func absolute(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} { // both are the test's own
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := files.ReadDir("python")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := files.ReadFile("python/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Emulator is an endpoint that invokes the function as "function", over mutual TLS.
type Emulator struct {
	URL       string
	Authority *authority.Authority // by whose certificates both sides are known
}

// NewEmulator starts an emulator whose function has the environment that is given, and nothing
// else: credentials and the service's endpoint are in it, as a site's emulator would have them. It
// ends with the test.
func NewEmulator(t testing.TB, environment ...string) *Emulator {
	t.Helper()
	python, dir := Python(t), write(t)
	a := authority.New(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/function/invocations",
		func(w http.ResponseWriter, r *http.Request) {
			cmd := exec.CommandContext(r.Context(), python, "-B", filepath.Join(dir, "invoke.py"))
			cmd.Dir, cmd.Env, cmd.Stdin = dir, append([]string{}, environment...), r.Body
			var log strings.Builder
			cmd.Stderr = &log
			answer, err := cmd.Output()
			if err != nil && !json.Valid(answer) {
				answer = nil // as the emulator has it when a function's process ends
			}
			t.Logf("%v: %s%s", err, log.String(), answer)
			_, _ = io.Copy(w, bytes.NewReader(answer))
		})
	server := &http.Server{Handler: mux, TLSConfig: a.Server(true)}
	go func() { _ = server.ServeTLS(l, "", "") }()
	t.Cleanup(func() { server.Close() })
	return &Emulator{URL: "https://" + l.Addr().String(), Authority: a}
}
