package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// asking returns a command that asks a server as the root user of the site.
func (s *site) asking(address string, args ...string) *exec.Cmd {
	s.t.Helper()
	c := s.command(args...)
	for _, name := range []string{"PROFILE", "ENDPOINT_URL_SSM", "ENDPOINT_URL_STS", "CA_BUNDLE",
		"SESSION_TOKEN"} {
		c.Env = append(c.Env, "AWS_"+name+"=")
	}
	c.Env = append(c.Env, "AWS_ACCESS_KEY_ID="+s.id, "AWS_SECRET_ACCESS_KEY="+s.secret,
		"AWS_CONFIG_FILE=/nowhere", "AWS_SHARED_CREDENTIALS_FILE=/nowhere",
		"AWS_ENDPOINT_URL="+address, "AWS_REGION=us-east-1")
	return c
}

func (s *site) params(address string, args ...string) result {
	s.t.Helper()
	return s.finish(s.asking(address, append([]string{"params"}, args...)...))
}

func TestParams_CommandLine_IsChecked(t *testing.T) {
	t.Parallel()
	s := &site{t: t, dir: t.TempDir(), id: "AKIAIOSFODNN7EXAMPLE", secret: "secret"}
	s.put("a.env", "A=1\n", 0o600)
	file, nobody := s.path("a.env"), "http://127.0.0.1:1"
	for says, args := range map[string][]string{
		"say what to do":       {},
		`there is no "copy"`:   {"copy"},
		"name one file":        {"import", "--path", "/a"},
		"unexpected argument":  {"import", file, file, "--path", "/a"},
		"--path is needed":     {"import", file, "--yes"},
		`"a/b" is no path`:     {"import", file, "--path", "a/b", "--yes"},
		`"/a//b" is no path`:   {"export", "--path", "/a//b"},
		"say --format":         {"export", "--path", "/a"},
		"there are env, json":  {"export", "--path", "/a", "--format", "toml"},
		"there are Standard,":  {"import", file, "--path", "/a", "--tier", "standard"},
		"say --yes":            {"import", file, "--path", "/a"},
		"import: say --format": {"import", "-", "--path", "/a"},
		"to be HTTPS, or on loopback": {"export", "--path", "/a", "--format", "env", "--endpoint-url",
			"http://192.0.2.1"},
	} {
		s.clear(s.params(nobody, args...), 2, says)
	}
	s.clear(s.params("", "export", "--path", "/a", "--format", "env"), 2, "--endpoint-url URL")
	s.clear(s.params(nobody, "import", s.path("none.env"), "--path", "/a", "--yes"), 1, "none.env")
	s.clear(s.params(nobody, "export", "--path", "/a", "--format", "env"), 1, "no answer from "+nobody)
}

// terminal is a true terminal: the side of the command, and that of the person before it.
func onTerminal(t *testing.T) (command, person *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	command, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Close() })
	return command, person
}

// TestParams_Terminal_AsksFirst: whoever sits there says yes, or nothing is done. A bar shows how
// far it is.
func TestParams_Terminal_AsksFirst(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	address := "http://" + s.start(s.serve()...).address()
	var text strings.Builder
	for i := range 30 {
		fmt.Fprintf(&text, "NAME%02d=%d\n", i, i)
	}
	s.put("a.env", text.String(), 0o600)
	for _, c := range []struct {
		answer string
		code   int
		says   string
	}{{"no\n", 1, "nothing was done"}, {"y\n", 1, "nothing was done"}, {"\x04", 1, "nothing was done"},
		{"yes\n", 0, "] 30 of 30\r\n"}} {
		command, person := onTerminal(t)
		cmd := s.asking(address, "params", "import", s.path("a.env"), "--path", "/app/dev")
		cmd.Stdin, cmd.Stderr = command, command
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(person, c.answer); err != nil {
			t.Fatal(err)
		}
		said := make(chan string)
		go func() {
			b, _ := io.ReadAll(person) // ends with an error once nobody is at the other side
			said <- string(b)
		}()
		_ = cmd.Wait()
		command.Close()
		screen := <-said
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(screen, c.says) ||
			!strings.Contains(screen, "Do this? Only yes is taken for it: ") {
			t.Errorf("%q: %d\n%s", c.answer, code, screen)
		}
	}
}

// TestParams_Files_GoRound: through standard input and output as well.
func TestParams_Files_GoRound(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	address := "http://" + s.start(s.serve()...).address()
	file := filepath.Join(s.dir, "a.yaml")
	s.put("a.yaml", "db:\n  password: hunter2\n  port: 5432\n", 0o600)
	r := s.params(address, "import", file, "--path", "/app/dev/", "--secure", "*PASSword", "--yes")
	if r.code != 0 || !strings.Contains(r.stdout, "2 created") ||
		strings.Contains(r.stdout+r.stderr, "hunter2") {
		t.Fatalf("%d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = s.params(address, "export", "--path", "/app/dev", "--format", "env", "--decrypt")
	if r.code != 0 || r.stdout != "db/password=hunter2\ndb/port=5432\n" {
		t.Fatalf("%d\n%s%s", r.code, r.stdout, r.stderr)
	}
	cmd := s.asking(address, "params", "import", "-", "--format", "env", "--path", "/app/dev",
		"--dry-run")
	cmd.Stdin = strings.NewReader(r.stdout + "new=1\n")
	if r = s.finish(cmd); r.code != 0 || !strings.Contains(r.stdout, "1 to create, 0 to change") {
		t.Errorf("%d\n%s%s", r.code, r.stdout, r.stderr)
	}
	s.put("b.json", `{"db": {"port": "1"}}`, 0o600)
	r = s.params(address, "import", s.path("b.json"), "--path", "/app/dev", "--yes")
	s.clear(r, 1, "1 of the file's parameters can't be imported")
}
