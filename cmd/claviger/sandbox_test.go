package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/program"
)

// anonymous are credentials of nobody.
type anonymous struct{}

func (anonymous) ForRotation(context.Context, rotator.Secret) (program.Session, error) {
	return program.Session{}, nil
}

// TestSandbox_ThisBinary_HasTheStages: a rotator's program is started by the command that serves.
func TestSandbox_ThisBinary_HasTheStages(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("programs are run on Linux alone")
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	rotate := filepath.Join(scratch, "rotate")
	if err := os.WriteFile(rotate, []byte("#!/bin/sh\necho ran; exit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := program.Config{Program: rotate, Endpoint: "https://localhost:8443", Self: path}
	if os.Geteuid() == 0 {
		c.User = "65534:65534"
	}
	f, err := program.New(t.Context(), c, anonymous{})
	if err != nil {
		t.Fatal(err)
	}
	err = f.Invoke(t.Context(), rotator.Event{}, rotator.Secret{})
	var said *rotator.Output
	if !errors.As(err, &said) || said.Text() != "ran" {
		t.Errorf("got %v, %+v", err, said)
	}
}

func TestSandbox_ByHand_SaysWhoseItIs(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "program-sandbox", "outside").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "for the service alone") {
		t.Errorf("got %s, %v", out, err)
	}
}
