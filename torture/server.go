package torture

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/shim"
	"claviger/store/storetest"
)

const (
	account = "111122223333"
	region  = "us-east-1" // the default; other is served, too
	other   = "eu-central-1"
)

// binary builds the command once for all tests, in scratch, which TestMain takes away.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "claviger")
	out, err := exec.Command("go", "build", "-o", path, "claviger/cmd/claviger").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, err
})

var scratch string

// options say what is unusual about a server.
type options struct {
	shim   *shim.Shim // stands before the token; nil: nobody does
	env    []string   // LD_PRELOAD=...
	dir    string     // of the database; "": a directory in memory
	config string     // further lines of the configuration
	hsm    string     // and of its section hsm
}

// server is `claviger serve` in a process of its own. Its methods may be called from several
// goroutines, but those that end or start the process.
type server struct {
	url, id, secret string // where it listens, and the access key of the account's root user
	client          *http.Client

	t     testing.TB
	site  string // configuration, PINs and token
	env   []string
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is gone
	out   *output
}

// launch makes an installation and starts its server, which is killed when the test ends.
func launch(t testing.TB, o options) *server {
	t.Helper()
	s := &server{t: t, site: storetest.Dir(t), out: new(output)}
	if o.dir == "" {
		o.dir = s.site
	}
	s.env = append(append(os.Environ(), "SOFTHSM2_CONF="+s.path("softhsm2.conf")), o.env...)
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}}
	s.configure(o)
	said := s.run("init", "--config", s.path("claviger.toml"), "--so-pin-file", s.path("so-pin"),
		"--create-token")
	found := accessKey.FindStringSubmatch(said)
	if found == nil {
		t.Fatalf("init made no access key:\n%s", said)
	}
	s.id, s.secret = found[1], found[2]
	s.start()
	t.Cleanup(s.kill)
	return s
}

var accessKey = regexp.MustCompile(`AWS_ACCESS_KEY_ID=(\S+)\nAWS_SECRET_ACCESS_KEY=(\S+)`)

// configure writes what an operator would.
func (s *server) configure(o options) {
	s.t.Helper()
	module, ok := hsm.FindSoftHSM()
	if !ok {
		s.t.Fatal("SoftHSM2 is not installed: run `make softhsm`")
	}
	if o.shim != nil {
		module = o.shim.Module()
	}
	accepted(s.t, os.MkdirAll(s.path("tokens"), 0o700))
	for name, text := range map[string]string{
		"pin":    hsmtest.PIN + "\n",
		"so-pin": hsmtest.SOPIN + "\n",
		"softhsm2.conf": fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\n"+
			"log.level = ERROR\n", s.path("tokens")),
		"claviger.toml": fmt.Sprintf("listen = \"127.0.0.1:0\"\naccount = %q\nregions = [%q, %q]\n"+
			"database = %q\n%s\n[hsm]\nmodule = %q\ntoken_label = \"torture\"\npin_file = %q\n%s\n",
			account, region, other, filepath.Join(o.dir, "claviger.db"), o.config, module,
			s.path("pin"), o.hsm),
	} {
		accepted(s.t, os.WriteFile(s.path(name), []byte(text), 0o600))
	}
}

func (s *server) path(name string) string { return filepath.Join(s.site, name) }

// command is the command on this installation, not started yet. It dies with the test's process.
func (s *server) command(ctx context.Context, args ...string) *exec.Cmd {
	s.t.Helper()
	path, err := binary()
	accepted(s.t, err)
	c := exec.CommandContext(ctx, path, args...)
	c.Env = s.env
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

// run runs another command of the installation to its end, and returns what it said.
func (s *server) run(args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := s.command(ctx, args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("claviger %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

// start starts the process and waits until it listens. The one before it must have ended.
func (s *server) start() {
	s.t.Helper()
	r, w, err := os.Pipe()
	accepted(s.t, err)
	s.cmd = s.command(context.Background(), "serve", "--config", s.path("claviger.toml"))
	s.cmd.Stdout, s.cmd.Stderr = w, w
	accepted(s.t, s.cmd.Start())
	accepted(s.t, w.Close())
	s.ended = make(chan struct{})
	go func(c *exec.Cmd, ended chan struct{}) {
		_ = c.Wait()
		close(ended)
	}(s.cmd, s.ended)
	lines, listens := bufio.NewScanner(r), make(chan string, 1)
	go func() {
		defer close(listens)
		defer r.Close()
		for lines.Scan() {
			fmt.Fprintln(s.out, lines.Text())
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				listens <- m[1]
			}
		}
	}()
	select {
	case address, ok := <-listens:
		if !ok {
			s.t.Fatalf("serve ended before it listened:\n%s", s.out)
		}
		s.url = "http://" + address
	case <-time.After(2 * time.Minute):
		s.t.Fatalf("serve doesn't listen:\n%s", s.out)
	}
}

var listening = regexp.MustCompile(`msg=serving address=(127\.0\.0\.1:[0-9]+)`)

// kill ends the process as a power failure would. It may be called again.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
	s.client.CloseIdleConnections()
}

// term asks the process to end and returns its exit code; -1 if it had to be killed after a
// minute and a half.
func (s *server) term() int {
	s.t.Helper()
	accepted(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.client.CloseIdleConnections()
	select {
	case <-s.ended:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(90 * time.Second):
		s.kill()
		return -1
	}
}

// log returns what the server has said so far, over all its starts.
func (s *server) log() string { return s.out.String() }

// get returns a page that needs no signature, /readyz or /metrics; 0 where nobody answers.
func (s *server) get(path string) (status int, body string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return 0, err.Error()
	}
	a, err := s.client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return 0, err.Error()
	}
	return a.StatusCode, string(b)
}

// ready reports whether the server takes work.
func (s *server) ready() bool {
	status, _ := s.get("/readyz")
	return status == http.StatusOK
}

// metric returns the sum of those series of a metric whose labels hold all of the given texts,
// such as result="ok"; 0 where there are none.
func (s *server) metric(name string, labels ...string) (sum float64) {
	_, text := s.get("/metrics")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != '{' && rest[0] != ' ' || !containsAll(rest, labels) {
			continue
		}
		v, _ := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		sum += v
	}
	return sum
}

func containsAll(s string, all []string) bool {
	for _, one := range all {
		if !strings.Contains(s, one) {
			return false
		}
	}
	return true
}

// output gathers what a process says, while others look at it.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func accepted(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// recoveryLimit is what a server may take to be well again on a machine that is busy with other
// tests. What it does take is measured.
const recoveryLimit = 30 * time.Second

// within waits until something holds, and reports whether it did in time and how long it took.
func within(limit time.Duration, holds func() bool) (time.Duration, error) {
	begin := time.Now()
	for {
		if holds() {
			return time.Since(begin), nil
		}
		if time.Since(begin) > limit {
			return limit, errors.New("not within " + limit.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
}
