package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"claviger/bench/flooder"
	"claviger/hsm"
	"claviger/secrets/rotation/rotator/servertest"
)

// binary builds the command once for all tests; TestMain takes it away.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "claviger")
	out, err := exec.Command("go", "build", "-ldflags", "-X main.version=v1.2.3 -X main.commit=0123abc", "-o", path,
		".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, err
})

var scratch string

func TestMain(m *testing.M) {
	flooder.Main()
	root := "/dev/shm"
	if _, err := os.Stat(root); err != nil {
		root = ""
	}
	var err error
	if scratch, err = os.MkdirTemp(root, "claviger-cmd-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// For processes of other users, to whom a site is given.
	if err := os.Chmod(scratch, 0o711); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := servertest.Main(m)
	os.RemoveAll(scratch)
	os.Exit(code)
}

const (
	label      = "site"
	userPIN    = "4711-user-pin"
	officerPIN = "0815-officer-pin"
)

// site is a directory with a SoftHSM2 token, a configuration and a database: what an operator has.
type site struct {
	t      testing.TB
	dir    string
	config string // the configuration's text; write puts it on the disk
	id     string // of the first access key
	secret string
}

// bare makes a site without a token.
func bare(t testing.TB) *site {
	t.Helper()
	dir, err := os.MkdirTemp(scratch, "site-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &site{t: t, dir: dir}
	if err := os.MkdirAll(s.path("tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.configure()
	s.put("pin", userPIN+"\n", 0o600)
	s.put("so-pin", officerPIN+"\n", 0o600)
	return s
}

// configure writes the configuration, which says where the site lies.
func (s *site) configure() {
	s.t.Helper()
	module, ok := hsm.FindSoftHSM()
	if !ok {
		s.t.Fatal("SoftHSM2 is not installed: run `make softhsm`")
	}
	s.put("softhsm2.conf", fmt.Sprintf(
		"directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", s.path("tokens")),
		0o600)
	s.config = fmt.Sprintf("listen = \"127.0.0.1:0\"\naccount = \"111122223333\"\nregions = "+
		"[\"us-east-1\", \"us-west-2\"]\ndatabase = %q\n"+
		"[hsm]\nmodule = %q\ntoken_label = %q\npin_file = %q\n", s.path("claviger.db"), module, label,
		s.path("pin"))
	s.put("claviger.toml", s.config, 0o600)
}

var keyPair = regexp.MustCompile(`AWS_ACCESS_KEY_ID=(\S+)\nAWS_SECRET_ACCESS_KEY=(\S+)`)

// ceremony does what an operator does once.
func (s *site) ceremony() string {
	s.t.Helper()
	r := s.run("init", "--config", s.path("claviger.toml"), "--so-pin-file", s.path("so-pin"),
		"--create-token")
	found := keyPair.FindStringSubmatch(r.stdout)
	if r.code != 0 || found == nil {
		s.t.Fatalf("init: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	s.id, s.secret = found[1], found[2]
	return r.stdout
}

// model is a site that was initialised once, for the tests to copy.
var model struct {
	sync.Once
	*site
}

// initialised returns a site after the ceremony.
func initialised(t testing.TB) *site {
	t.Helper()
	model.Do(func() {
		m := bare(t)
		kept := filepath.Join(scratch, "model")
		m.ceremony()
		if err := os.CopyFS(kept, os.DirFS(m.dir)); err != nil {
			t.Fatal(err)
		}
		model.site = &site{dir: kept, id: m.id, secret: m.secret}
	})
	if model.site == nil {
		t.Fatal("no site could be initialised")
	}
	s := bare(t)
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(s.dir, os.DirFS(model.dir)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		mode := fs.FileMode(0o600)
		if err == nil && d.IsDir() {
			mode = 0o700
		}
		return errors.Join(err, os.Chmod(path, mode))
	})
	if err != nil {
		t.Fatal(err)
	}
	s.configure()
	s.id, s.secret = model.id, model.secret
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) put(name, text string, mode fs.FileMode) {
	s.t.Helper()
	if err := errors.Join(os.WriteFile(s.path(name), []byte(text), mode),
		os.Chmod(s.path(name), mode)); err != nil {
		s.t.Fatal(err)
	}
}

// set replaces a line of the configuration, or puts a new one at the top.
func (s *site) set(name, value string) {
	s.t.Helper()
	line := regexp.MustCompile(`(?m)^` + name + ` = .*$`)
	if line.MatchString(s.config) {
		s.config = line.ReplaceAllLiteralString(s.config, name+" = "+value)
	} else {
		s.config = name + " = " + value + "\n" + s.config
	}
	s.put("claviger.toml", s.config, 0o600)
}

// add puts lines at the end of the configuration, which is its section hsm.
func (s *site) add(lines string) {
	s.t.Helper()
	s.config += lines
	s.put("claviger.toml", s.config, 0o600)
}

// tool runs a program of SoftHSM2 on the site's tokens.
func (s *site) tool(args ...string) {
	s.t.Helper()
	c := exec.Command("softhsm2-util", args...)
	c.Env = s.environment()
	if out, err := c.CombinedOutput(); err != nil {
		s.t.Fatalf("softhsm2-util %v: %v\n%s", args, err, out)
	}
}

func (s *site) environment() []string {
	return append(os.Environ(), "SOFTHSM2_CONF="+s.path("softhsm2.conf"))
}

// result is how a command ended.
type result struct {
	stdout, stderr string
	code           int
}

// command returns the command, not started yet. It is killed when the test ends, if it has not
// ended before.
func (s *site) command(args ...string) *exec.Cmd {
	s.t.Helper()
	path, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	s.t.Cleanup(cancel)
	c := exec.CommandContext(ctx, path, args...)
	c.Env = s.environment()
	return c
}

// run runs the command to its end.
func (s *site) run(args ...string) result {
	s.t.Helper()
	return s.finish(s.command(args...))
}

func (s *site) finish(c *exec.Cmd) result {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), c.ProcessState.ExitCode()}
}

// serve is the arguments of a start.
func (s *site) serve() []string { return []string{"serve", "--config", s.path("claviger.toml")} }

// contents returns the digest of every file of the site.
func (s *site) contents() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		sum := sha256.Sum256(b)
		all[strings.TrimPrefix(path, s.dir+"/")] = hex.EncodeToString(sum[:8])
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// difference names the files that are not as they were.
func difference(before, after map[string]string) (names []string) {
	all := maps.Clone(before)
	maps.Copy(all, after)
	for name := range all {
		if before[name] != after[name] {
			names = append(names, name)
		}
	}
	return names
}

// text is what a process has said, while others look at it.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// process is a command that runs.
type process struct {
	t              testing.TB
	cmd            *exec.Cmd
	stdout, stderr text
	ended          chan struct{}
}

func (s *site) start(args ...string) *process {
	s.t.Helper()
	p := &process{t: s.t, cmd: s.command(args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait()
	}()
	s.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// says waits until the process has said something, and returns the first group of it.
func (p *process) says(x *text, what string) string {
	p.t.Helper()
	form := regexp.MustCompile(what)
	for {
		if found := form.FindStringSubmatch(x.String()); found != nil {
			return found[len(found)-1]
		}
		select {
		case <-p.ended:
			if form.MatchString(x.String()) {
				continue
			}
			p.t.Fatalf("it ended without saying %s:\n%s%s", what, &p.stdout, &p.stderr)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// address waits until it serves, and returns where.
func (p *process) address() string {
	p.t.Helper()
	return p.says(&p.stderr, `msg=serving address=(\S+)`)
}

// stop asks the process to end and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}
