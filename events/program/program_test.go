package program_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/events/program"
	"claviger/internal/delivery"
	"claviger/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	os.Exit(m.Run())
}

// possible is an error where the tests' user gets no sandbox, with whichever program.
var possible = sync.OnceValue(func() error {
	u, err := sandbox.UserOf(other())
	if err != nil {
		return err
	}
	_, err = sandbox.Try(context.Background(), sandbox.Command{User: u, Limits: sandbox.Limits{
		Memory: 1 << 30, CPU: time.Minute, Files: 64, Processes: 64, Disk: 1 << 20}}, false)
	return err
})

// other is another user where the test may become one.
func other() string {
	if os.Geteuid() == 0 {
		return "65534:65534"
	}
	return ""
}

const arn = "arn:aws:lambda:eu-central-1:111122223333:function:"

// made returns what delivers to a program of this text.
func made(t *testing.T, text string, timeout time.Duration) *program.Receiver {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("programs are run on Linux alone")
	}
	if err := possible(); err != nil {
		t.Skipf("this machine gives no sandbox: %v", err)
	}
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} { // both are the test's own
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "ring")
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return program.New(t.Context(), map[string]program.Program{"ring": {Path: path, User: other(),
		Arguments: []string{"bell"}, Timeout: timeout}}, slog.New(slog.DiscardHandler))
}

func TestDeliver_Event_IsOnStandardInput(t *testing.T) {
	r := made(t, "#!/bin/sh\n[ \"$1\" = bell ] && grep -q '^{\"a\":\"b\"}$' && "+
		"[ -z \"$AWS_ACCESS_KEY_ID\" ]\n", time.Minute)
	m := delivery.Message{Receiver: arn + "ring", Body: []byte(`{"a":"b"}`)}
	if err := r.Deliver(t.Context(), m); err != nil {
		t.Error(err)
	}
	m.Body = []byte(`{"a":"c"}`)
	var f *delivery.Failure
	if err := r.Deliver(t.Context(), m); !errors.As(err, &f) || f.Permanent ||
		f.Code != delivery.ErrorFromTarget || f.Text != "the program ended with status 1" {
		t.Errorf("it ends with %v", err)
	}
}

func TestDeliver_ProgramThatHangs_IsKilled(t *testing.T) {
	r := made(t, "#!/bin/sh\nsleep 600\n", time.Second)
	began := time.Now()
	err := r.Deliver(t.Context(), delivery.Message{Receiver: arn + "ring"})
	var f *delivery.Failure
	if !errors.As(err, &f) || f.Code != delivery.TimedOut || f.Permanent {
		t.Errorf("after %s it ends with %v", time.Since(began), err)
	}
}

// TestDeliver_ProgramThatIsNotTrusted_IsNotRun, nor one that isn't declared.
func TestDeliver_ProgramThatIsNotTrusted_IsNotRun(t *testing.T) {
	r := made(t, "#!/bin/sh\n", time.Minute)
	var f *delivery.Failure
	err := r.Deliver(t.Context(), delivery.Message{Receiver: arn + "other"})
	if !errors.As(err, &f) || !f.Permanent || f.Code != delivery.NoResource {
		t.Errorf("one that isn't declared: %v", err)
	}
	path := filepath.Join(t.TempDir(), "ring")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = program.New(t.Context(), map[string]program.Program{"ring": {Path: path, User: other(),
		Timeout: time.Minute}}, slog.New(slog.DiscardHandler))
	err = r.Deliver(t.Context(), delivery.Message{Receiver: arn + "ring"})
	if !errors.As(err, &f) || f.Permanent || f.Code != delivery.NoPermissions ||
		strings.Contains(f.Error(), path) {
		t.Errorf("one that can't be executed: %v", err)
	}
}
