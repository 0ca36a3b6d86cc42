package servertest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// RedisUsers is where a Redis keeps its users.
type RedisUsers int

// Where they are kept: in a file of their own (aclfile), in redis.conf, or not at all.
const (
	RedisACLFile RedisUsers = iota
	RedisConfig
	RedisNowhere
)

// RedisServer is a Redis that runs until its test ends. It has one user, default, who may do
// everything.
type RedisServer struct {
	Port, TLSPort uint16
	Password      string // of the user default

	process   *process
	dir       string
	arguments []string
}

// Redis starts a server with these settings beside its own, as in redis.conf. It skips the test if
// there is no Redis.
func Redis(t testing.TB, users RedisUsers, settings ...string) *RedisServer {
	t.Helper()
	if program("redis-server") == "" {
		Missing(t, "redis")
	}
	s := &RedisServer{Password: "superuser"}
	if err := s.make(users, settings); err != nil {
		t.Fatal(err)
	}
	s.start(t)
	t.Cleanup(func() { s.process.stop(syscall.SIGTERM) })
	return s
}

func (s *RedisServer) make(users RedisUsers, settings []string) (err error) {
	if s.dir, err = directory("redis"); err != nil {
		return err
	}
	if err := certify(s.dir); err != nil {
		return err
	}
	if s.Port, err = freePort(); err != nil {
		return err
	}
	if s.TLSPort, err = freePort(); err != nil {
		return err
	}
	settings = slices.Concat([]string{"bind " + Host, "port " + number(s.Port),
		"tls-port " + number(s.TLSPort), "tls-cert-file server.crt", "tls-key-file server.key",
		"tls-ca-cert-file ca.crt", "tls-auth-clients no", `save ""`, "slowlog-log-slower-than 0"},
		settings)
	user := fmt.Sprintf("user default on #%x ~* &* +@all", sha256.Sum256([]byte(s.Password)))
	switch users {
	case RedisNowhere:
		// Without a file there are arguments alone, and nothing to save users in.
		for _, line := range append(settings, user) {
			name, value, _ := strings.Cut(line, " ")
			s.arguments = append(s.arguments, "--"+name)
			for _, word := range strings.Fields(value) {
				s.arguments = append(s.arguments, strings.Trim(word, `"`))
			}
		}
		return nil
	case RedisACLFile:
		settings = append(settings, "aclfile users.acl")
		if err := write(filepath.Join(s.dir, "users.acl"), []byte(user+"\n")); err != nil {
			return err
		}
	case RedisConfig:
		settings = append(settings, user)
	}
	s.arguments = []string{"redis.conf"}
	return write(filepath.Join(s.dir, "redis.conf"), []byte(strings.Join(settings, "\n")+"\n"))
}

func number(port uint16) string { return strconv.Itoa(int(port)) }

func (s *RedisServer) start(t testing.TB) {
	t.Helper()
	var err error
	s.process, err = start(s.dir, s.ready, program("redis-server"), s.arguments...)
	if err != nil {
		t.Fatal(err)
	}
}

// ready asks without logging in, so that the answer is a refusal.
func (s *RedisServer) ready(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(Host, number(s.Port)))
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "-NOAUTH") {
		err = fmt.Errorf("it answers %q", line)
	}
	return err
}

// Restart kills the server and starts it again, with the users that it has saved.
func (s *RedisServer) Restart(t testing.TB) {
	t.Helper()
	s.process.stop(syscall.SIGKILL)
	s.start(t)
}

// Stop ends the server.
func (s *RedisServer) Stop() { s.process.stop(syscall.SIGKILL) }

// Pause has the server answer nobody until resume is called.
func (s *RedisServer) Pause(t testing.TB) (resume func()) {
	t.Helper()
	if err := s.process.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return func() { _ = s.process.cmd.Process.Signal(syscall.SIGCONT) } // fails if it has ended
}

// Log returns what the server has logged so far.
func (s *RedisServer) Log() string { return s.process.printed() }
