// Package recipes_test runs what docs/recipes.md describes against a running Claviger: the tools
// themselves where the Go module proxy has them. It is a module of its own, so that what they bring
// with them is no dependency of Claviger's.
package recipes_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// TestMain starts one `claviger dev` for all recipes and puts what clients need into the
// environment, as `. dev-data/env` does.
func TestMain(m *testing.M) { os.Exit(serve(m)) }

func serve(m *testing.M) int {
	dir, err := os.MkdirTemp("", "claviger-recipes-")
	check(err)
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "claviger")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/claviger")
	build.Dir = "../.."
	build.Stderr = os.Stderr
	check(build.Run())

	dev := exec.Command(binary, "dev", "--dir", filepath.Join(dir, "dev"), "--listen", "127.0.0.1:0")
	greeting, err := dev.StdoutPipe()
	check(err)
	var said bytes.Buffer
	dev.Stderr = &said
	check(dev.Start())
	defer func() {
		dev.Process.Signal(os.Interrupt)
		dev.Wait()
	}()
	lines := bufio.NewScanner(greeting)
	for !strings.Contains(lines.Text(), "listens on") {
		if !lines.Scan() {
			dev.Wait()
			panic("claviger dev did not start: " + said.String())
		}
	}
	env, err := os.ReadFile(filepath.Join(dir, "dev", "env"))
	check(err)
	for line := range strings.Lines(string(env)) {
		if set, ok := strings.CutPrefix(strings.TrimSpace(line), "export AWS_"); ok {
			name, value, _ := strings.Cut(set, "=")
			check(os.Setenv("AWS_"+name, value))
		}
	}
	check(os.Setenv("AWS_CONFIG_FILE", "/dev/null"))
	check(os.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"))
	return m.Run()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sdk is the configuration of AWS's SDK, which the environment leads to Claviger.
func sdk(t *testing.T) aws.Config {
	t.Helper()
	c, err := config.LoadDefaultConfig(t.Context())
	must(t, err)
	return c
}

// key makes a key and an alias for it.
func key(t *testing.T, alias string, spec types.KeySpec, usage types.KeyUsageType) (arn string) {
	t.Helper()
	k := kms.NewFromConfig(sdk(t))
	made, err := k.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage})
	must(t, err)
	_, err = k.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/" + alias),
		TargetKeyId: made.KeyMetadata.KeyId})
	must(t, err)
	return *made.KeyMetadata.Arn
}

// run runs a program in a directory and returns what it wrote to standard output.
func run(t *testing.T, dir string, program ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, program[0], program[1:]...)
	c.Dir = dir
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	err := c.Run()
	if err != nil {
		t.Logf("%s: %s", strings.Join(program, " "), said.String())
	}
	return out.String(), err
}
