// Package servertest starts true database servers for tests: on directories of their own that go
// away, and free ports of the loopback interface. Nothing on the machine that runs already is
// touched.
//
// Servers belong to the test binary, because making a data directory takes seconds: each test has
// users and databases of its own there. A package that starts one has
//
//	func TestMain(m *testing.M) { os.Exit(servertest.Main(m)) }
package servertest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Host is where every server listens. Certificates are for it, and for localhost.
const Host = "127.0.0.1"

// Missing skips a test for lack of a server, by its name in softhsm-setup/install.sh. In CI a test
// that is skipped is a failure: see .ci/gotest.
func Missing(t testing.TB, thing string) {
	t.Helper()
	t.Skipf("%s is not installed: `softhsm-setup/install.sh %s`", thing, thing)
}

// binary is what belongs to the whole test binary, and is undone at its end, the last thing first.
var binary struct {
	sync.Mutex
	undo []func()
}

func atEnd(undo func()) {
	binary.Lock()
	defer binary.Unlock()
	binary.undo = append(binary.undo, undo)
}

// Main runs the tests, and then stops the servers and removes their directories. It returns the
// code to exit by.
func Main(m *testing.M) int {
	sweep()
	defer func() {
		binary.Lock()
		undo := binary.undo
		binary.undo = nil
		binary.Unlock()
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
	}()
	return m.Run()
}

// sweep removes the directories of test binaries that were killed, or ran into their time limit,
// and so removed none. Their servers have gone with them.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), "servertest-*-*"))
	for _, dir := range dirs {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), "servertest-"), "-")
		pid, err := strconv.Atoi(owner)
		if err == nil && pid > 0 && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
}

// program finds a server's program in PATH, or else where platforms keep it: patterns of
// [filepath.Glob]. It is empty if there is none.
func program(name string, patterns ...string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[len(found)-1] // where versions stand side by side: the latest
		}
	}
	return ""
}

// directory makes a directory that only [servant] may enter, for as long as the test binary runs.
func directory(name string) (string, error) {
	dir, err := os.MkdirTemp("", fmt.Sprintf("servertest-%d-%s-", os.Getpid(), name))
	if err != nil {
		return "", err
	}
	atEnd(func() { _ = os.RemoveAll(dir) })
	return dir, give(dir)
}

// freePort returns a port that nobody listens at. Somebody else may take it before the server does:
// then the server doesn't start, and says so.
func freePort() (uint16, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(Host, "0"))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	return uint16(port), err
}
