package main

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
)

func TestHelp_EveryCommand_IsListed(t *testing.T) {
	s := &site{t: t, dir: scratch}
	for _, args := range [][]string{nil, {"help"}, {"-h"}, {"--help"}, {"help", "help"}} {
		r := s.run(args...)
		if r.code != 0 || r.stderr != "" {
			t.Errorf("%v: %d, %s", args, r.code, r.stderr)
		}
		for _, c := range commands() {
			if !strings.Contains(r.stdout, "\n  "+c.name+" ") {
				t.Errorf("%v does not list %s", args, c.name)
			}
		}
	}
	for _, c := range commands() {
		said := map[string]bool{}
		for _, args := range [][]string{{c.name, "-h"}, {"help", c.name}, {"--help", c.name}} {
			r := s.run(args...)
			if r.code != 0 || r.stderr != "" || !strings.Contains(r.stdout, "claviger "+c.name) {
				t.Errorf("%v: %d\n%s%s", args, r.code, r.stdout, r.stderr)
			}
			said[r.stdout] = true
		}
		if len(said) != 1 {
			t.Errorf("help of %s differs by how it is asked for: %v", c.name, said)
		}
	}
	for _, args := range [][]string{{"help", "audit", "tail"}, {"help", "access-key", "delete"},
		{"help", "account", "list"}, {"help", "policy", "lint"}, {"help", "revoke"}} {
		r := s.run(args...)
		if r.code != 0 || !strings.Contains(r.stdout, "Usage: claviger "+strings.Join(args[1:], " ")) ||
			strings.Count(r.stdout, "Usage: ") != 1 || !strings.Contains(r.stdout, "\n  -") ||
			strings.Contains(strings.Split(r.stdout, "\n")[0], "  ") {
			t.Errorf("%v: %d\n%s%s", args, r.code, r.stdout, r.stderr)
		}
	}
	s.clear(s.run("help", "nothing"), 2, `there is no command "nothing"`)
}

func TestVersion_Build_IsPrinted(t *testing.T) {
	s := &site{t: t, dir: scratch}
	for _, word := range []string{"version", "--version", "-version"} {
		r := s.run(word)
		if r.code != 0 || !strings.HasPrefix(r.stdout, "claviger v1.2.3\ncommit 0123abc\n"+
			runtime.Version()+" ") {
			t.Errorf("%s: %d, %q, %q", word, r.code, r.stdout, r.stderr)
		}
	}
	s.clear(s.run("version", "7"), 2, "unexpected argument")
}

// Where the build says nothing of the commit, Go may have.
func TestVersion_WorkingCopy_IsNoted(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123abc"}
	for want, settings := range map[string][]debug.BuildSetting{
		"unknown":         nil,
		"0123abc":         {revision, {Key: "vcs.modified", Value: "false"}},
		"0123abc+changes": {{Key: "vcs.modified", Value: "true"}, revision},
	} {
		if got := noted(settings); got != want {
			t.Errorf("%v: %s, want %s", settings, got, want)
		}
	}
}

// TestVersion_RunningServer_SaysIt: in its log and in its metrics.
func TestVersion_RunningServer_SaysIt(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	resp, err := http.Get("http://" + p.address() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(metrics), `claviger_build_info{commit="0123abc",`+
		`goversion="`+runtime.Version()+`",version="v1.2.3"} 1`) {
		t.Errorf("%v: the metrics don't say what runs:\n%.500s", err, metrics)
	}
	p.says(&p.stderr, `msg=starting version=v1.2.3 commit=(0123abc) go=`)
}

func TestDocs_EachFormat_IsPrinted(t *testing.T) {
	s := &site{t: t, dir: scratch}
	r := s.run("docs", "api")
	if r.code != 0 || !strings.Contains(r.stdout, "CreateKey") ||
		!strings.Contains(r.stdout, "GetSecretValue") {
		t.Errorf("docs api: %d, %s", r.code, r.stderr)
	}
	r = s.run("docs", "openapi")
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Paths   map[string]any
	}
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil || r.code != 0 ||
		!strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Paths) < 20 || doc.Info.Version != "v1.2.3" {
		t.Errorf("docs openapi: %d, %v, %s %s with %d paths", r.code, err, doc.OpenAPI, doc.Info.Version,
			len(doc.Paths))
	}
}

func TestDoctor_WithAndWithoutConfig_ChangesNothing(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	before := s.contents()
	r := s.run("doctor")
	if r.code != 0 || !strings.Contains(r.stdout, `"`+label+`"`) ||
		!strings.Contains(r.stdout, "token_serial = ") || !strings.Contains(r.stdout, "CKM_AES_GCM") ||
		!strings.Contains(r.stdout, "P256 SIGN_VERIFY") {
		t.Errorf("doctor: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = s.run("doctor", "--config", s.path("claviger.toml"))
	if r.code != 0 || !strings.Contains(r.stdout, "found root") ||
		!strings.Contains(r.stdout, "sealed and opened") {
		t.Errorf("doctor --config: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if strings.Contains(r.stdout+r.stderr, userPIN) {
		t.Error("doctor says the PIN")
	}
	for _, name := range difference(before, s.contents()) {
		if !bookkeeping(name) {
			t.Errorf("doctor changed %s", name)
		}
	}
	s.clear(s.run("doctor", "--module", "/nowhere/module.so"), 10, "/nowhere/module.so")
	s.put("pin", "9999-wrong-pin", 0o600)
	s.clear(s.run("doctor", "--config", s.path("claviger.toml")), 13, "PIN")
}

// A name may stand for any address: what was bound is what counts.
func TestPlainHTTP_BoundOffLoopback_IsRefused(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:0": true, "127.9.9.9:0": true,
		"0.0.0.0:0": false, ":0": false} {
		l, err := listen(address)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if bound(l.Addr()) != want {
			t.Errorf("%s was bound to %s and taken for the other", address, l.Addr())
		}
	}
	log := slog.New(slog.DiscardHandler)
	o := devOptions{dir: filepath.Join(t.TempDir(), "dev"), listen: "0.0.0.0:0"}
	silent := &env{command.Env{Stdout: io.Discard, Stderr: io.Discard}}
	if err := o.start(t.Context(), silent, log); !errors.Is(err, exit.ErrUsage) {
		t.Errorf("dev started on it: %v", err)
	}
	if _, err := os.Stat(o.dir); err == nil {
		t.Error("dev left its directory behind")
	}
	c := &config.Config{Listen: "0.0.0.0:0"}
	if err := start(t.Context(), c, log, new(reload)); !errors.Is(err, exit.ErrConfig) ||
		!strings.Contains(err.Error(), "loopback") {
		t.Errorf("serve started on it: %v", err)
	}
}

func TestLoopback_EachAddress_IsRecognised(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:8200": true, "127.9.9.9:1": true, "[::1]:8200": true, "localhost:8200": true,
		"0.0.0.0:8200": false, "[::]:8200": false, ":8200": false, "192.0.2.1:8200": false,
		"example.org:8200": false, "127.0.0.1": false, "": false,
		"localhost.example.org:80": false, "127.0.0.1.example.org:80": false,
	} {
		if loopback(address) != want {
			t.Errorf("loopback(%q) = %v", address, !want)
		}
	}
}
