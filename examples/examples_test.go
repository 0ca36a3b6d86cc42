// Package examples_test runs everything in this folder, and the session in the
// README, as a person would: with the true binary, `claviger dev` in a directory
// of its own, and the environment that it writes.
package examples_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/store/storetest"
)

// dev is a running `claviger dev` with the environment for its clients.
type dev struct {
	binary, dir string
	env         []string
}

// start builds the binary and starts a service that ends with the test.
func start(t *testing.T) dev {
	t.Helper()
	if _, ok := hsm.FindSoftHSM(); !ok {
		t.Skip("SoftHSM2 is not installed: make softhsm")
	}
	d := dev{binary: filepath.Join(t.TempDir(), "claviger"), dir: storetest.Dir(t)}
	if out, err := exec.Command("go", "build", "-o", d.binary,
		"claviger/cmd/claviger").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	d.serve(t)
	d.env = d.clients(t)
	return d
}

// serve starts the service on a free port, waits until it says that it listens,
// and sees it end well.
func (d dev) serve(t *testing.T) {
	t.Helper()
	cmd := exec.Command(d.binary, "dev", "--dir", d.dir, "--listen", "127.0.0.1:0")
	var said bytes.Buffer
	cmd.Stderr = &said
	greeting, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	up := make(chan bool, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(greeting); lines.Scan(); {
			if strings.Contains(lines.Text(), "listens on") {
				up <- true
			}
		}
		close(up)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("claviger dev: %v\n%s", err, said.String())
		}
	})
	if !<-up {
		t.Fatal("claviger dev did not start")
	}
}

// clients returns the environment after `. DIR/env`. Whatever else a person may have set for
// AWS is left out.
func (d dev) clients(t *testing.T) (env []string) {
	t.Helper()
	c := exec.Command("sh", "-euc", `. "$0" && env -0`, filepath.Join(d.dir, "env"))
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_") {
			c.Env = append(c.Env, v)
		}
	}
	text, err := c.Output()
	if err != nil {
		t.Fatalf("the shell does not take the file env: %v", err)
	}
	env = strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	return append(env, "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_PAGER=")
}

// run runs a program against the service and returns what it wrote to standard output.
func (d dev) run(t *testing.T, dir string, stdin io.Reader, program ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program[0], program[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, d.env, stdin
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(program, " "), err, out.String(), said.String())
	}
	return out.String()
}

// need skips a test whose tool is truly absent.
func need(t *testing.T, tool string, try ...string) {
	t.Helper()
	if out, err := exec.Command(try[0], try[1:]...).CombinedOutput(); err != nil {
		t.Skipf("%s is not here: %s: %v %s", tool, strings.Join(try, " "), err, bytes.TrimSpace(out))
	}
}

func TestExamples_EveryOne_Runs(t *testing.T) {
	d := start(t)
	for _, example := range []struct {
		name, tool string
		try, run   []string
	}{
		{"aws-cli.sh", "the AWS CLI", []string{"aws", "--version"}, []string{"./aws-cli.sh"}},
		{"curl.sh", "curl", []string{"curl", "--version"}, []string{"./curl.sh"}},
		{"python", "boto3", []string{"python3", "-c", "import boto3"},
			[]string{"python3", "python/main.py"}},
		{"go", "Go", []string{"go", "version"}, []string{"go", "run", "claviger/examples/go"}},
	} {
		t.Run(example.name, func(t *testing.T) {
			need(t, example.tool, example.try...)
			if out := d.run(t, ".", nil, example.run...); out == "" {
				t.Error("it said nothing")
			}
		})
	}
}
