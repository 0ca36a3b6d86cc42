package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"claviger/cmd/claviger/exit"
)

// Whoever moves the database away, to keep it, must find the token that opens it
// when they bring it back.
func TestDev_DatabaseMovedAway_KeepsItsToken(t *testing.T) {
	t.Setenv("SOFTHSM2_CONF", "") // dev sets it; the test puts it back
	o := devOptions{dir: t.TempDir(), module: "/nowhere/module.so"}
	root := filepath.Join(o.dir, "tokens", "root")
	if err := errors.Join(os.Mkdir(o.path("tokens"), 0o700), os.WriteFile(root, []byte("x"), 0o600),
		os.WriteFile(o.path("env"), []byte("export AWS_ACCESS_KEY_ID=AKIA\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := o.token(t.Context(), slog.New(slog.DiscardHandler)); !errors.Is(err, exit.ErrConfig) {
		t.Errorf("started without the database: %v", err)
	}
	if _, err := os.Stat(root); err != nil {
		t.Errorf("the token is gone: %v", err)
	}
}

// Before there is a database, whoever comes second would take away the token that
// the first is making.
func TestDev_AnotherStarting_TouchesNothing(t *testing.T) {
	s := bare(t)
	first := devOptions{dir: s.path("dev")}
	if err := os.MkdirAll(first.path("tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	only, err := first.lock()
	if err != nil {
		t.Fatal(err)
	}
	defer only.Close()
	s.put("dev/tokens/root", "x", 0o600)
	before := s.contents()
	s.clear(s.run("dev", "--dir", first.dir, "--listen", "127.0.0.1:0"), 20, "another server")
	if changed := difference(before, s.contents()); changed != nil {
		t.Errorf("%v changed", changed)
	}
	if err := only.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := first.lock()
	if err != nil {
		t.Fatalf("the lock outlives its process: %v", err)
	}
	again.Close()
}

// A file that somebody left where the next version is written lends it neither
// its mode nor its place.
func TestPrivateFile_FileInTheWay_LendsNothing(t *testing.T) {
	dir := t.TempDir()
	path, elsewhere := filepath.Join(dir, "pin"), filepath.Join(dir, "elsewhere")
	if err := os.WriteFile(elsewhere, []byte("theirs"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, plant := range []func() error{
		func() error { return os.WriteFile(path+".new", nil, 0o666) },
		func() error { return os.Symlink(elsewhere, path+".new") },
	} {
		if err := errors.Join(plant(), writePrivate(path, "secret\n")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	if b, err := os.ReadFile(elsewhere); err != nil || string(b) != "theirs" {
		t.Errorf("wrote into another file: %q, %v", b, err)
	}
}

// A directory has the account of its access key. Another one asked for by --account would be served
// with keys that nobody has.
func TestDev_AccountOfAnotherDirectory_IsRefused(t *testing.T) {
	t.Parallel()
	s := bare(t)
	start := func(account ...string) []string {
		return append([]string{"dev", "--dir", s.path("dev"), "--listen", "127.0.0.1:0"}, account...)
	}
	const first, other = "222222222222", "333333333333"
	for _, args := range [][]string{start("--account", first), start(), start("--account", first)} {
		p := s.start(args...)
		p.says(&p.stdout, `listens on (\S+)`)
		if code := p.stop(); code != 0 {
			t.Fatalf("%v ended with %d:\n%s", args, code, &p.stderr)
		}
	}
	s.clear(s.run(start("--account", other)...), 2, first)
}
