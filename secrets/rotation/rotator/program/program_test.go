package program_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/sandbox"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/program"
)

// asService is the word by which the test's binary is a service that runs one program.
const asService = "service"

func TestMain(m *testing.M) {
	sandbox.Main()
	if len(os.Args) > 1 && os.Args[1] == asService {
		service(os.Args[2])
	}
	os.Exit(m.Run())
}

const (
	secretKey    = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	sessionToken = "IQoJb3JpZ2luX2VjEXAMPLETOKEN"
)

// someone gives the same credentials for every rotation.
type someone struct{ err error }

func (s someone) ForRotation(context.Context, rotator.Secret) (program.Session, error) {
	return program.Session{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: secretKey,
		SessionToken: sessionToken, Expires: time.Now().Add(time.Hour)}, s.err
}

var (
	event = rotator.Event{Step: rotator.CreateSecret,
		SecretId:           "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-AbCdEf",
		ClientRequestToken: "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1",
		RotationToken:      "0b7bb2c1-7a10-4d5c-8d0e-8e1f4f6c2a11"}
	secret = rotator.Secret{Account: "111122223333", Region: "eu-central-1", ARN: event.SecretId}
)

// script writes a program into a directory that its user can reach.
func script(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} { // both are the test's own
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "rotate")
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// possible is an error where the tests' user gets no sandbox, with whichever program.
var possible = sync.OnceValue(func() error {
	_, err := sandbox.Run(context.Background(), sandbox.Command{Features: sandbox.All,
		User: sandbox.User{UID: 65534, GID: 65534, Switch: os.Geteuid() == 0},
		Limits: sandbox.Limits{Memory: 1 << 30, CPU: time.Minute, Files: 64, Processes: 64,
			Disk: 1 << 20}})
	return err
})

// config is that of a program, as another user where the test may become one.
func config(t *testing.T, text string) program.Config {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("programs are run on Linux alone")
	}
	if err := possible(); err != nil {
		t.Skipf("this machine gives no sandbox: %v", err)
	}
	c := program.Config{Program: script(t, text), Endpoint: "https://127.0.0.1:9443",
		Timeout: 30 * time.Second}
	if os.Geteuid() == 0 {
		c.User = "65534:65534"
	}
	return c
}

func made(t *testing.T, c program.Config) *program.Function {
	t.Helper()
	f, err := program.New(t.Context(), c, someone{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// said runs a program that is to fail, and returns what it said. It fails by exiting with 3.
func said(t *testing.T, c program.Config) string {
	t.Helper()
	err := made(t, c).Invoke(t.Context(), event, secret)
	wants(t, err, rotator.Failed, "the program ended with status 3")
	var out *rotator.Output
	if !errors.As(err, &out) {
		t.Fatalf("%v has no output", err)
	}
	return out.Text()
}

// wants holds an error to its reason and a part of its text.
func wants(t *testing.T, err error, reason rotator.Reason, text string) {
	t.Helper()
	var e *rotator.Error
	if !errors.As(err, &e) || e.Reason != reason || !strings.Contains(e.Text, text) {
		var out *rotator.Output
		errors.As(err, &out)
		t.Fatalf("got %v (%+v, %+v), want %s: %s", err, e, out, reason, text)
	}
}

const (
	python = "#!/usr/bin/python3\n"
	shell  = "#!/bin/sh\n"
)

func TestFunction_Event_IsOnStandardInput(t *testing.T) {
	want, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	c := config(t, shell+"cat | tr a-zA-Z n-za-mN-ZA-M\nexit 3\n") // the token would be masked
	got := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return 'a' + (r-'a'+13)%26
		case r >= 'A' && r <= 'Z':
			return 'A' + (r-'A'+13)%26
		}
		return r
	}, said(t, c))
	if got != string(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFunction_Success_IsNoError(t *testing.T) {
	c := config(t, shell+"echo done\n")
	if err := made(t, c).Invoke(t.Context(), event, secret); err != nil {
		t.Error(err)
	}
}

func TestFunction_Environment_HasNothingOfTheServices(t *testing.T) {
	t.Setenv("CLAVIGER_PIN", "1234")
	c := config(t, python+`import os, sys
del os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["AWS_SESSION_TOKEN"]
home = os.getcwd()
assert os.listdir(home) == []
for name, value in sorted(os.environ.items()):
    print(name + "=" + value.replace(home, "CWD"))
sys.exit(3)
`)
	c.Environment = map[string]string{"PASSWORD_LENGTH": "20"}
	c.CAFile = c.Program
	want := `AWS_ACCESS_KEY_ID=ASIAEXAMPLE
AWS_CA_BUNDLE=` + c.CAFile + `
AWS_CONFIG_FILE=/dev/null
AWS_DEFAULT_REGION=eu-central-1
AWS_EC2_METADATA_DISABLED=true
AWS_ENDPOINT_URL_SECRETS_MANAGER=https://127.0.0.1:9443
AWS_REGION=eu-central-1
AWS_SHARED_CREDENTIALS_FILE=/dev/null
HOME=CWD
LANG=C.UTF-8
PASSWORD_LENGTH=20
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
SECRETS_MANAGER_ENDPOINT=https://127.0.0.1:9443
TMPDIR=CWD`
	if got := said(t, c); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFunction_SessionsSecrets_AreMaskedInWhatItSaid(t *testing.T) {
	c := config(t, shell+`echo "$AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN"; cat >&2; exit 3`)
	got := said(t, c)
	for _, s := range []string{secretKey, sessionToken, event.RotationToken} {
		if strings.Contains(got, s) {
			t.Errorf("%s is in %s", s, got)
		}
	}
	if !strings.Contains(got, "****") || !strings.Contains(got, event.ClientRequestToken) {
		t.Errorf("got %s", got)
	}
}

func TestFunction_OutputFlood_KeepsTheEnd(t *testing.T) {
	var before, after runtime.MemStats
	c := config(t, shell+"yes 'a line of the flood' | head -c 100000000\necho the end\nexit 3\n")
	f := made(t, c)
	runtime.ReadMemStats(&before)
	err := f.Invoke(t.Context(), event, secret)
	runtime.ReadMemStats(&after)
	wants(t, err, rotator.Failed, "status 3")
	var out *rotator.Output
	if !errors.As(err, &out) || len(out.Text()) > rotator.OutputLimit ||
		!strings.HasSuffix(out.Text(), "flood\nthe end") {
		t.Errorf("got %v", out)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 10<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

func TestFunction_Failures_HaveTheirReason(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	defer stop()
	for _, c := range []struct {
		name, text string
		change     func(*program.Config)
		ctx        context.Context
		reason     rotator.Reason
		want       string
	}{
		{"status", "exit 7", nil, nil, rotator.Failed, "status 7"},
		{"signal", "kill -9 $$", nil, nil, rotator.Failed, "status 137, as by signal 9 (killed)"},
		{"hangs", "sleep 100", func(c *program.Config) { c.Timeout = time.Second }, nil,
			rotator.TimedOut, "did not end within 1s"},
		{"stopped", "sleep 100", nil, stopped, rotator.CutOff, "was stopped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config(t, shell+c.text+"\n")
			if c.change != nil {
				c.change(&cfg)
			}
			f, ctx := made(t, cfg), t.Context()
			if c.ctx != nil {
				ctx = c.ctx
				time.AfterFunc(500*time.Millisecond, stop)
			}
			wants(t, f.Invoke(ctx, event, secret), c.reason, c.want)
		})
	}
}

func TestFunction_NoInterpreter_IsSaid(t *testing.T) {
	f := made(t, config(t, "#!/no/such/interpreter\n"))
	wants(t, f.Invoke(t.Context(), event, secret), rotator.NotAllowed, "no such file or directory")
}

func TestFunction_NoCredentials_IsNotStarted(t *testing.T) {
	cause := errors.New("the role is gone")
	f, err := program.New(t.Context(), config(t, shell+"exit 3\n"), someone{cause})
	if err != nil {
		t.Fatal(err)
	}
	err = f.Invoke(t.Context(), event, secret)
	wants(t, err, rotator.NotAllowed, "no credentials")
	if !errors.Is(err, cause) {
		t.Errorf("%v has lost its cause", err)
	}
}

func TestFunction_ProgramChangedSince_IsNotStarted(t *testing.T) {
	c := config(t, shell+"exit 3\n")
	f := made(t, c)
	if err := os.Chmod(c.Program, 0o777); err != nil {
		t.Fatal(err)
	}
	wants(t, f.Invoke(t.Context(), event, secret), rotator.NotAllowed, "written by others")
}

func TestNew_ProgramOfOthers_IsRefused(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string) string{
		"can be written by others": func(t *testing.T, path string) string {
			return chmod(t, path, path, 0o757)
		},
		"can be replaced by others": func(t *testing.T, path string) string {
			return chmod(t, path, filepath.Dir(path), 0o777)
		},
		"can't be executed": func(t *testing.T, path string) string {
			return chmod(t, path, path, 0o644)
		},
		"no regular file": func(t *testing.T, path string) string {
			link := path + "-link"
			if err := os.Symlink(path, link); err != nil {
				t.Fatal(err)
			}
			return link
		},
		"is no absolute path": func(*testing.T, string) string { return "rotate" },
		"no such file":        func(_ *testing.T, path string) string { return path + "s" },
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t, shell)
			c.Program = change(t, c.Program)
			_, err := program.New(t.Context(), c, someone{})
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func chmod(t *testing.T, program, path string, mode os.FileMode) string {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return program
}

func TestNew_BadConfiguration_IsRefused(t *testing.T) {
	for want, change := range map[string]func(*program.Config){
		"timeout":               func(c *program.Config) { c.Timeout = time.Hour },
		"is no user here":       func(c *program.Config) { c.User = "nobody-of-that-name" },
		"is no user":            func(c *program.Config) { c.User = "nobody:users" },
		"as root":               func(c *program.Config) { c.User = "0:0" },
		"as root, so name":      func(c *program.Config) { c.User = "root" },
		"AWS_REGION is set":     func(c *program.Config) { c.Environment = map[string]string{"AWS_REGION": "x"} },
		`"A=B" is no variable`:  func(c *program.Config) { c.Environment = map[string]string{"A=B": "x"} },
		"no absolute path":      func(c *program.Config) { c.Read = []string{"etc"} },
		"/no/such: no such":     func(c *program.Config) { c.Read = []string{"/no/such"} },
		"/no/ca.pem: no such":   func(c *program.Config) { c.CAFile = "/no/ca.pem" },
		"missing port":          func(c *program.Config) { c.Network = []string{"db.example"} },
		"has no port":           func(c *program.Config) { c.Network = []string{"db.example:0"} },
		"names no host":         func(c *program.Config) { c.Network = []string{"*:5432"} },
		"32 destinations":       func(c *program.Config) { c.Network = make([]string, 33) },
		"no URL of a service":   func(c *program.Config) { c.Endpoint = "claviger.example:9443" },
		"cpu: -1s is less than": func(c *program.Config) { c.CPU = -time.Second },
	} {
		t.Run(want, func(t *testing.T) {
			c := config(t, shell)
			change(&c)
			_, err := program.New(t.Context(), c, someone{})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// service is a service's life in a process of its own: it runs the program that a configuration
// names and prints what came of it.
func service(text string) {
	var c program.Config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		panic(err)
	}
	harden()
	f, err := program.New(context.Background(), c, someone{})
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(0)
	}
	err = f.Invoke(context.Background(), event, secret)
	var out *rotator.Output
	if errors.As(err, &out) {
		fmt.Printf("lacks %v, %v, %s\n", f.Lacks(), err, out.Text())
	} else {
		fmt.Printf("lacks %v, %v, %v\n", f.Lacks(), err, errors.Unwrap(err))
	}
	os.Exit(0)
}
