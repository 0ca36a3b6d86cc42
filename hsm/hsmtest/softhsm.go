package hsmtest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm"
)

// The PINs of every token that SoftHSM makes.
const (
	PIN   = "4711-user-pin"
	SOPIN = "0815-officer-pin"
)

// installation is the one SoftHSM2 configuration of this process: the module reads SOFTHSM2_CONF at
// each C_Initialize, so its path must not change while any test of the process is running.
var installation struct {
	sync.Mutex
	dir   string
	users int
}

var tokens atomic.Uint64

// SoftHSM makes a fresh SoftHSM2 token with a root and returns the configuration to open it with.
// The token lies in memory where there is /dev/shm, and is gone when the last test that uses one
// has ended. Child processes find it too, by the environment. Without SoftHSM2 the test fails.
func SoftHSM(t testing.TB) hsm.Config {
	t.Helper()
	c := Bare(t)
	_, err := hsm.Initialize(context.Background(), hsm.Ceremony{
		Config: c, SOPIN: secret(SOPIN), Create: true,
	})
	if err != nil {
		t.Fatalf("making a SoftHSM2 token: %v", err)
	}
	return c
}

// Bare returns the configuration of a SoftHSM2 token that doesn't exist yet, for
// tests of the ceremony.
func Bare(t testing.TB) hsm.Config {
	t.Helper()
	module, ok := hsm.FindSoftHSM()
	if !ok {
		t.Fatal("SoftHSM2 is not installed: run `make softhsm`")
	}
	set(t)
	return hsm.Config{
		Module:     module,
		TokenLabel: fmt.Sprintf("test %d", tokens.Add(1)),
		PIN:        secret(PIN),
		Timeout:    time.Minute, // no machine is too busy for it
		Log:        quiet,
	}
}

// quiet is the log of tests that break tokens on purpose.
var quiet = slog.New(slog.DiscardHandler)

func secret(s string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(s), nil }
}

// set makes the token directory and its configuration for as long as t runs.
func set(t testing.TB) {
	t.Helper()
	installation.Lock()
	defer installation.Unlock()
	if installation.dir == "" {
		dir, err := os.MkdirTemp(memory(), "claviger-softhsm-")
		if err != nil {
			t.Fatal(err)
		}
		installation.dir = dir
	}
	if installation.users == 0 { // never while a module may be reading it
		configure(t)
	}
	installation.users++
	t.Cleanup(clearAway)
}

func configure(t testing.TB) {
	t.Helper()
	conf := filepath.Join(installation.dir, "softhsm2.conf")
	text := fmt.Sprintf(
		"directories.tokendir = %s\nobjectstore.backend = file\n"+
			"log.level = ERROR\nslots.removable = false\n", tokenDir())
	if err := os.MkdirAll(tokenDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Setenv("SOFTHSM2_CONF", conf); err != nil {
		t.Fatal(err)
	}
}

func clearAway() {
	installation.Lock()
	defer installation.Unlock()
	if installation.users--; installation.users == 0 {
		os.RemoveAll(installation.dir)
	}
}

func tokenDir() string { return filepath.Join(installation.dir, "tokens") }

// memory is where test tokens belong: on a disk SoftHSM2 takes a hundred times longer to make one.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// Pull takes a SoftHSM2 token away, as if its device were unplugged, and returns what puts it back.
// The token is put back at the end of the test in any case.
func Pull(t testing.TB, serial string) (putBack func()) {
	t.Helper()
	from := Dir(t, serial)
	to := filepath.Join(installation.dir, "pulled-"+serial)
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	putBack = sync.OnceFunc(func() {
		if err := os.Rename(to, from); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(putBack)
	return putBack
}

// Dir finds a token's directory: its name is a UUID whose end is the token's serial number.
func Dir(t testing.TB, serial string) string {
	t.Helper()
	entries, err := os.ReadDir(tokenDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(strings.ReplaceAll(e.Name(), "-", ""), serial) {
			return filepath.Join(tokenDir(), e.Name())
		}
	}
	t.Fatalf("no token directory for serial number %s", serial)
	return ""
}
