package servicetest_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"claviger/internal/op/optest"
	"claviger/service/servicetest"
	"claviger/store/storetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// command builds the command once for all tests, and TestMain takes it away.
var command = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "claviger-binary-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "claviger")
	out, err := exec.Command("go", "build", "-o", path, "claviger/cmd/claviger").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, err
})

var built string

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	if wrong := catalogueErrors(allRan()); code == 0 && len(wrong) > 0 {
		fmt.Println("FAIL: the catalogue of errors is not what was answered:\n" +
			strings.Join(wrong, "\n"))
		code = 1
	}
	os.Exit(code)
}

// process is the real command, `claviger dev`, on a directory of its own.
type process struct {
	dir, url string
	env      map[string]string // what DIR/env exports
	out      optest.Log        // both of its outputs
	cmd      *exec.Cmd
	http     *http.Client
}

// greeting is how dev and serve say where they listen.
var greeting = regexp.MustCompile(
	`(?:listens on http://|msg=serving address=)(127\.0\.0\.1:[0-9]+)`)

// launch starts the command and returns at once with what it prints, which must be read.
func launch(t testing.TB, dir string, env []string, args ...string) (*process, *bufio.Scanner) {
	t.Helper()
	path, err := command()
	accepted(t, err)
	p := &process{dir: dir, http: &http.Client{Transport: &http.Transport{}}, env: map[string]string{}}
	r, w, err := os.Pipe()
	accepted(t, err)
	p.cmd = exec.Command(path, args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = w, w
	accepted(t, p.cmd.Start())
	accepted(t, w.Close())
	t.Cleanup(func() { p.kill(); r.Close() })
	return p, bufio.NewScanner(r)
}

func launchDev(t testing.TB, dir string) (*process, *bufio.Scanner) {
	t.Helper()
	return launch(t, dir, nil, "dev", "--dir", dir, "--listen", "127.0.0.1:0", "--region",
		servicetest.Region+","+servicetest.Abroad)
}

// await starts the command and waits until it answers. env is what DIR/env exports.
func await(t testing.TB, dir string, env map[string]string, args ...string) *process {
	t.Helper()
	p, lines := launch(t, dir, []string{"SOFTHSM2_CONF=" + filepath.Join(dir, "softhsm2.conf")},
		args...)
	p.env = env
	p.listening(t, lines)
	return p
}

// listening reads the output until it says where the service listens, and goes on reading then.
func (p *process) listening(t testing.TB, lines *bufio.Scanner) {
	t.Helper()
	for p.url == "" && lines.Scan() {
		fmt.Fprintln(&p.out, lines.Text())
		if found := greeting.FindStringSubmatch(lines.Text()); found != nil {
			p.url = "http://" + found[1]
		}
	}
	if p.url == "" {
		t.Fatalf("%s ended: %v\n%s", p.cmd, p.cmd.Wait(), &p.out)
	}
	go func() {
		for lines.Scan() {
			fmt.Fprintln(&p.out, lines.Text())
		}
	}()
}

// start starts `claviger dev` and waits until it answers.
func start(t testing.TB, dir string) *process {
	t.Helper()
	p, lines := launchDev(t, dir)
	p.listening(t, lines)
	text, err := os.ReadFile(filepath.Join(dir, "env"))
	accepted(t, err)
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "export ")), "=")
		p.env[name] = value
	}
	if p.env["AWS_ENDPOINT_URL"] != p.url {
		t.Errorf("the env file says %s, and the service is at %s", p.env["AWS_ENDPOINT_URL"], p.url)
	}
	return p
}

// kill ends the process as a power failure would. It may be called again.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		p.http.CloseIdleConnections()
	}
}

// stop asks the process to end and returns its exit code.
func (p *process) stop(t testing.TB) int {
	t.Helper()
	accepted(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.http.CloseIdleConnections()
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) database() string { return filepath.Join(p.dir, "claviger.db") }

func (p *process) keys() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(p.env["AWS_ACCESS_KEY_ID"],
		p.env["AWS_SECRET_ACCESS_KEY"], "")
}

func (p *process) kms() *kms.Client {
	return kms.New(kms.Options{BaseEndpoint: &p.url, Region: servicetest.Region, Credentials: p.keys(),
		HTTPClient: p.http, RetryMaxAttempts: 1, Retryer: aws.NopRetryer{}})
}

func (p *process) secrets() *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{BaseEndpoint: &p.url, Region: servicetest.Region,
		Credentials: p.keys(), HTTPClient: p.http, RetryMaxAttempts: 1, Retryer: aws.NopRetryer{}})
}

// TestDev_StoppedAndStarted_FindsEverything: SIGTERM ends the command with 0, and the next start
// finds keys, secrets and the same access key.
func TestDev_StoppedAndStarted_FindsEverything(t *testing.T) {
	t.Parallel()
	dir := storetest.Dir(t)
	p := start(t, dir)
	key := createKey(t, p.kms())
	createAlias(t, p.kms(), "alias/kept", key.KeyId)
	blob := encrypt(t, p.kms(), key.KeyId, "kept", nil)
	createSecret(t, p.secrets(), "kept", "value")
	first := p.env

	second, lines := launchDev(t, dir)
	said := ""
	for lines.Scan() {
		said += lines.Text() + "\n"
	}
	if err := second.cmd.Wait(); second.cmd.ProcessState.ExitCode() != 20 {
		t.Errorf("a second server on the same directory ended with %v:\n%s", err, said)
	}
	if code := p.stop(t); code != 0 {
		t.Errorf("SIGTERM ended it with %d:\n%s", code, &p.out)
	}
	p = start(t, dir)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION",
		"AWS_DEFAULT_REGION"} {
		if p.env[name] != first[name] || first[name] == "" {
			t.Errorf("%s was %q and is %q", name, first[name], p.env[name])
		}
	}
	out := must(p.kms().Decrypt(t.Context(),
		&kms.DecryptInput{CiphertextBlob: blob, KeyId: aws.String("alias/kept")}))(t)
	if string(out.Plaintext) != "kept" || secretValue(t, p.secrets(), "kept") != "value" {
		t.Error("what was kept is not what it was")
	}
	for _, name := range []string{"env", "pin", "claviger.db", "softhsm2.conf"} {
		info, err := os.Stat(filepath.Join(dir, name))
		accepted(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

// TestService_Restart_KnowsAll: a service that is opened anew knows all that the
// one before it knew.
func TestService_Restart_KnowsAll(t *testing.T) {
	s := servicetest.Start(t)
	key, going := createKey(t, s.KMS()), createKey(t, s.KMS())
	createAlias(t, s.KMS(), "alias/one", key.KeyId)
	createAlias(t, s.KMS(), "alias/two", key.KeyId)
	must(s.KMS().ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: going.KeyId, PendingWindowInDays: aws.Int32(7)}))(t)
	blob := encrypt(t, s.KMS(), key.KeyId, "kept", map[string]string{"a": "b"})
	createSecret(t, s.SecretsManager(), "n", "one")
	two := put(t, s.SecretsManager(), "n", "two")
	page := must(s.KMS().ListAliases(t.Context(), &kms.ListAliasesInput{Limit: aws.Int32(1)}))(t)
	before := fmt.Sprint(deref(describe(t, s.KMS(), key.KeyId)),
		deref(describe(t, s.KMS(), going.KeyId)))
	db := database(t, s.Database)
	rows, m := snapshot(t, db), s.Mark(t)

	s.Restart(t, nil)
	unchanged(t, db, rows)
	if got := s.Mark(t); got != m {
		t.Errorf("the restart left records: the trail's end went from %d to %d", m, got)
	}
	if got := fmt.Sprint(deref(describe(t, s.KMS(), key.KeyId)),
		deref(describe(t, s.KMS(), going.KeyId))); got != before {
		t.Errorf("keys were\n%s\nand are\n%s", before, got)
	}
	out := must(s.KMS().Decrypt(t.Context(),
		&kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: map[string]string{"a": "b"}}))(t)
	if string(out.Plaintext) != "kept" {
		t.Errorf("decrypted to %q", out.Plaintext)
	}
	if got := secretValue(t, s.SecretsManager(), "n"); got != "two" ||
		labels(t, s.SecretsManager(), "n", two) != "AWSCURRENT=0 AWSPREVIOUS=-1" {
		t.Errorf("the secret is %q", got)
	}
	rest := must(s.KMS().ListAliases(t.Context(), &kms.ListAliasesInput{Marker: page.NextMarker}))(t)
	if *rest.Aliases[0].AliasName == *page.Aliases[0].AliasName {
		t.Error("a marker from before the restart begins at the beginning")
	}
	s.Clock.Advance(8 * 24 * time.Hour)
	eventually(t, "the work of before the restart is done", func() bool {
		s.RunDueJobs(t)
		_, err := s.KMS().DescribeKey(context.WithoutCancel(t.Context()),
			&kms.DescribeKeyInput{KeyId: going.KeyId})
		return err != nil
	})
}
