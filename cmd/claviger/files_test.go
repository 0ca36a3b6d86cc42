package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// somebody is the user that a service of these tests runs as: for root another one, who sees only
// what is open to that user.
func somebody(t *testing.T) *user.User {
	t.Helper()
	find := user.Current
	if os.Geteuid() == 0 {
		find = func() (*user.User, error) { return user.Lookup("nobody") }
	}
	u, err := find()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// give makes the site that user's.
func (s *site) give(u *user.User) {
	s.t.Helper()
	to, err := credentialOf(u)
	if err != nil {
		s.t.Fatal(err)
	}
	err = filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, int(to.Uid), int(to.Gid)))
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// as has a command run as that user.
func (s *site) as(u *user.User, c *exec.Cmd) *exec.Cmd {
	s.t.Helper()
	to, err := credentialOf(u)
	if err != nil {
		s.t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: to}
	}
	return c
}

// shut closes a file to everybody but root.
func (s *site) shut(path string) {
	s.t.Helper()
	mode := fs.FileMode(0)
	if os.Geteuid() == 0 {
		mode = 0o600
		if err := os.Chown(path, 0, 0); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := os.Chmod(path, mode); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { os.Chmod(path, 0o700) })
}

// needed are the files of a site that its service can't do without, by a pattern.
var needed = []string{"claviger.toml", "libsofthsm2.so", "softhsm2.conf", "tokens", "tokens/*",
	"tokens/*/token.object", "pin", "claviger.db", "chain.pem", "key.pem",
	"site.yaml"}

// complete is a site with every file in it, the library too.
func complete(t *testing.T) *site {
	s := initialised(t)
	module := s.config[strings.Index(s.config, `module = "`)+len(`module = "`):]
	b, err := os.ReadFile(module[:strings.Index(module, `"`)])
	if err != nil {
		t.Fatal(err)
	}
	s.put("libsofthsm2.so", string(b), 0o700)
	s.set("module", `"`+s.path("libsofthsm2.so")+`"`)
	key := ecKey(t)
	s.certify("chain.pem", 1, key)
	s.putKey("key.pem", key)
	s.add(fmt.Sprintf("[tls]\ncertificate = %q\nkey = %q\n", s.path("chain.pem"), s.path("key.pem")))
	s.declare("a: 1\n")
	return s
}

// TestFiles_ClosedToTheServicesUser_AreNamed: a library says CKR_GENERAL_ERROR about any file it
// can't read, or hides the token. Whoever has to mend it is told the file, by the service and by
// doctor, which root may ask about another user.
func TestFiles_ClosedToTheServicesUser_AreNamed(t *testing.T) {
	u := somebody(t)
	for _, pattern := range needed {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			s := complete(t)
			s.give(u)
			found, err := filepath.Glob(s.path(pattern))
			if err != nil || len(found) == 0 {
				t.Fatalf("%s: %v", pattern, err)
			}
			s.shut(found[0])
			s.clear(s.finish(s.as(u, s.command(s.serve()...))), 32, found[0])
			r := s.finish(s.command("doctor", "--config", s.path("claviger.toml"), "--as", u.Username))
			if r.code != 32 || !strings.Contains(r.stdout+r.stderr, found[0]) {
				t.Errorf("doctor --as %s: %d\n%s%s", u.Username, r.code, r.stdout, r.stderr)
			}
		})
	}
}

func TestDoctor_AsRoot_SaysThatItProvesLittle(t *testing.T) {
	s := initialised(t)
	r := s.run("doctor", "--config", s.path("claviger.toml"))
	if says := strings.Contains(r.stdout, "--as USER"); says != (os.Geteuid() == 0) {
		t.Errorf("as the user %d it says\n%s", os.Geteuid(), r.stdout)
	}
}

func TestDoctor_AsTheServicesUser_SeesWhatThatSees(t *testing.T) {
	u := somebody(t)
	s := complete(t)
	s.give(u)
	r := s.run("doctor", "--config", s.path("claviger.toml"), "--as", u.Username)
	if r.code != 0 || !strings.Contains(r.stdout, "as the user "+u.Username) ||
		!strings.Contains(r.stdout, "sealed and opened") {
		t.Errorf("%d\n%s%s", r.code, r.stdout, r.stderr)
	}
	// What systemd would hand over is root's, and may stay so.
	credentials := s.path("credentials")
	if err := os.Mkdir(credentials, 0o700); err != nil {
		t.Fatal(err)
	}
	s.put("credentials/pin", userPIN+"\n", 0o400)
	s.set("pin_file", `""`)
	s.config = strings.Replace(s.config, "[tls]", "pin_credential = \"pin\"\n[tls]", 1)
	s.put("claviger.toml", s.config, 0o644)
	c := s.command("doctor", "--config", s.path("claviger.toml"), "--as", u.Username)
	c.Env = append(c.Env, "CREDENTIALS_DIRECTORY="+credentials)
	if r := s.finish(c); r.code != 0 || !strings.Contains(r.stdout, "sealed and opened") ||
		strings.Contains(r.stdout+r.stderr, userPIN) {
		t.Errorf("with a credential: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	left, err := filepath.Glob("/run/claviger-doctor-*")
	if err != nil || len(left) > 0 {
		t.Errorf("credentials were left behind: %v, %v", left, err)
	}
	s.clear(s.run("doctor", "--as", "no such user"), 2, "no such user")
}
