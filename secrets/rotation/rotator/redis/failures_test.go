package redis_test

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/redis"
	"claviger/secrets/rotation/rotator/servertest"
)

// fake is a server that answers each command with what answer returns. Nothing more is read after
// an empty answer.
func fake(t *testing.T, answer func(command string) string) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", servertest.Host+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn, answer)
		}
	}()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func serve(conn net.Conn, answer func(command string) string) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		command, err := readCommand(r)
		if err != nil {
			return
		}
		text := answer(command)
		if text == "" {
			return
		}
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
	}
}

func readCommand(r *bufio.Reader) (string, error) {
	var words, length int
	if _, err := fmt.Fscanf(r, "*%d\r\n", &words); err != nil {
		return "", err
	}
	command := make([]string, words)
	for i := range command {
		if _, err := fmt.Fscanf(r, "$%d\r\n", &length); err != nil {
			return "", err
		}
		word := make([]byte, length+2)
		if _, err := io.ReadFull(r, word); err != nil {
			return "", err
		}
		command[i] = string(word[:length])
	}
	return strings.Join(command, " "), nil
}

const ok = "+OK\r\n"

// getUser is an answer to ACL GETUSER.
const getUser = "*4\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$9\r\npasswords\r\n*0\r\n"

// answering answers one command, by its beginning, in its own way.
func answering(name, with string) func(string) string {
	return func(command string) string {
		switch {
		case strings.HasPrefix(strings.ToUpper(command), name):
			return strings.ReplaceAll(with, "COMMAND", command)
		case strings.HasPrefix(command, "hello"):
			return "-NOAUTH log in first\r\n"
		case strings.HasPrefix(command, "ACL GETUSER"):
			return getUser
		}
		return ok
	}
}

// against returns the versions of a rotation at a server.
func against(t *testing.T, port uint16, ssl string) (rotator.Versions, *redis.Target) {
	t.Helper()
	d := parse(t, fmt.Sprintf(`{"engine":"valkey","host":%q,"port":%d,"username":"app",`+
		`"password":"Secret!current","ssl":%s}`, servertest.Host, port, ssl))
	return rotator.Versions{Current: d, Pending: d.With("password", "Secret!pending")},
		redis.New(redis.Config{Reach: rotator.Reach{Targets: []string{servertest.Host + ":*"},
			Roots: servertest.Roots(t), Timeout: 5 * time.Second}})
}

func TestSet_Answer_SaysTheReason(t *testing.T) {
	const echo = "-ERR unknown command, with args beginning with: COMMAND\r\n"
	for name, c := range map[string]struct {
		command, answer string
		want            rotator.Reason // empty: it works
	}{
		"good":           {"NONE", ok, ""},
		"wrong password": {"AUTH", "-WRONGPASS COMMAND\r\n", rotator.LoginRefused},
		"login echoed":   {"AUTH", echo, rotator.Failed},
		"nobody let in":  {"AUTH", "-ERR max number of clients reached\r\n", rotator.Failed},
		"login cut off":  {"AUTH", "", rotator.CutOff},
		"loading":        {"ACL GETUSER", "-LOADING it is\r\n", rotator.ReadOnly},
		"hello cut off":  {"HELLO", "", rotator.CutOff},
		"hello rubbish":  {"HELLO", "HTTP/1.1 400 Bad Request\r\n\r\n", rotator.BadAnswer},
		"no permission":  {"ACL GETUSER", "-NOPERM COMMAND\r\n", rotator.Forbidden},
		"no user":        {"ACL GETUSER", "*-1\r\n", rotator.Failed},
		"a text":         {"ACL GETUSER", "$2\r\nno\r\n", rotator.BadAnswer},
		"half a user":    {"ACL GETUSER", "*1\r\n$5\r\nflags\r\n", rotator.BadAnswer},
		"no hash": {"ACL GETUSER", strings.Replace(getUser, "*0", "*1\r\n$1\r\nx", 1),
			rotator.BadAnswer},
		"huge text":   {"ACL GETUSER", "$2000000000\r\n", rotator.BadAnswer},
		"huge number": {"ACL GETUSER", "$99999999999999999999\r\n", rotator.BadAnswer},
		"huge list":   {"ACL GETUSER", "*2000000000\r\n", rotator.BadAnswer},
		"huge line": {"ACL GETUSER", "+" + strings.Repeat("x", 1<<20) + "\r\n",
			rotator.BadAnswer},
		"deep list":            {"ACL GETUSER", strings.Repeat("*1\r\n", 1<<18), rotator.BadAnswer},
		"rubbish":              {"ACL GETUSER", "COMMAND Secret!pending\r\n", rotator.BadAnswer},
		"read-only":            {"ACL SETUSER", "-READONLY You can't.\r\n", rotator.ReadOnly},
		"moved":                {"ACL SETUSER", "-MOVED 1 127.0.0.1:1\r\n", rotator.Failed},
		"set, no permission":   {"ACL SETUSER", "-NOPERM COMMAND\r\n", rotator.Forbidden},
		"set, cut off":         {"ACL SETUSER", "", rotator.CutOff},
		"set, half an answer":  {"ACL SETUSER", "+O", rotator.TimedOut},
		"save, cut off":        {"ACL SAVE", "", rotator.CutOff},
		"save, fails":          {"ACL SAVE", "-ERR There was an error\r\n", rotator.Failed},
		"rewrite is not there": {"CONFIG REWRITE", echo, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v, target := against(t, fake(t, answering(c.command, c.answer)), "false")
			if c.want == rotator.TimedOut {
				target = impatient(t)
			}
			err := target.Set(t.Context(), v)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			fails(t, err, c.want)
		})
	}
}

// impatient is a target that waits for nothing that would come.
func impatient(t *testing.T) *redis.Target {
	return redis.New(redis.Config{Reach: rotator.Reach{Targets: []string{servertest.Host + ":*"},
		Roots: servertest.Roots(t), Timeout: 200 * time.Millisecond}})
}

func TestSet_CommandIsSent_Once(t *testing.T) {
	for _, name := range []string{"AUTH", "ACL GETUSER", "ACL SETUSER", "ACL SAVE"} {
		for _, answer := range []string{"", "-LOADING\r\n", "-TRYAGAIN\r\n", "-READONLY\r\n",
			"-MOVED 1 127.0.0.1:1\r\n"} {
			var n atomic.Int64
			v, target := against(t, fake(t, func(command string) string {
				if strings.HasPrefix(command, name) {
					n.Add(1)
				}
				return answering(name, answer)(command)
			}), "false")
			if err := target.Set(t.Context(), v); err == nil || n.Load() != 1 {
				t.Errorf("%s with answer %q was sent %d times: %v", name, answer, n.Load(), err)
			}
		}
	}
}

func TestTarget_ServerIsAway_SaysHow(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	v := s.administered(t, "app")
	resume := s.Pause(t)
	fails(t, impatient(t).Set(t.Context(), v), rotator.TimedOut)
	fails(t, impatient(t).Test(t.Context(), v.Pending), rotator.TimedOut)
	resume()
	s.set(t, v)
	s.Stop()
	fails(t, s.target.Set(t.Context(), v), rotator.Unreachable)
	fails(t, s.target.Test(t.Context(), v.Pending), rotator.Unreachable)
}

// TestTarget_TLS_IsAsTheSecretAsks: ssl is true, false, or left to what the server speaks.
func TestTarget_TLS_IsAsTheSecretAsks(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	d := s.user(t, "app", "+echo")
	s.config.Reach.Timeout = time.Second
	s.target = redis.New(s.config)
	for _, c := range []struct {
		port uint16
		ssl  string
		want rotator.Reason
	}{
		{s.Port, "false", ""}, {s.Port, "", ""}, {s.Port, "maybe", ""},
		{s.Port, "TRUE", rotator.TimedOut}, // it waits for the end of the line
		{s.TLSPort, "true", ""}, {s.TLSPort, "", ""}, {s.TLSPort, "False", rotator.BadAnswer},
	} {
		t.Run(fmt.Sprint(c.port == s.TLSPort, c.ssl), func(t *testing.T) {
			err := s.target.Test(t.Context(), d.With("port", fmt.Sprint(c.port)).With("ssl", c.ssl))
			if c.want != "" {
				fails(t, err, c.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTarget_TLSIsRequired_SendsNothingPlain(t *testing.T) {
	heard := make(chan string, 100)
	port := fake(t, func(command string) string {
		heard <- command
		return "+PONG\r\n"
	})
	for _, ssl := range []string{"false", `""`} {
		v, _ := against(t, port, ssl)
		target := redis.New(redis.Config{Reach: rotator.Reach{Targets: []string{servertest.Host + ":*"},
			Roots: servertest.Roots(t), Timeout: 200 * time.Millisecond, RequireTLS: true}})
		if err := target.Test(t.Context(), v.Pending); err == nil {
			t.Error("it logs in without TLS")
		}
	}
	if len(heard) > 0 {
		t.Errorf("heard %q", <-heard)
	}
}

// TestTarget_CertificateIsNotTrusted_NoPasswordIsSent: that is no reason to do without TLS.
func TestTarget_CertificateIsNotTrusted_NoPasswordIsSent(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	d := s.user(t, "app", "+echo").With("port", fmt.Sprint(s.TLSPort))
	s.config.Reach.Roots = x509.NewCertPool()
	for _, ssl := range []string{"true", ""} {
		fails(t, redis.New(s.config).Test(t.Context(), d.With("ssl", ssl)), rotator.Untrusted)
	}
	s.config.Reach = rotator.Reach{Targets: []string{"127.0.0.2:*"}, Roots: servertest.Roots(t)}
	other := start(t, servertest.RedisACLFile, "bind 127.0.0.1 127.0.0.2")
	d = d.With("host", "127.0.0.2").With("port", fmt.Sprint(other.TLSPort)).With("ssl", "")
	fails(t, redis.New(s.config).Test(t.Context(), d), rotator.Untrusted)
}

func TestTarget_ServerAsksForCertificate_IsUntrusted(t *testing.T) {
	s := start(t, servertest.RedisACLFile, "tls-auth-clients yes")
	d := s.user(t, "app", "+echo").With("port", fmt.Sprint(s.TLSPort))
	for _, ssl := range []string{"true", ""} {
		fails(t, s.target.Test(t.Context(), d.With("ssl", ssl)), rotator.Untrusted)
	}
}

// TestTarget_SlowServer_IsSentNoPassword: whether it speaks plain at all is known before, as a port
// that speaks TLS may be slow to say so.
func TestTarget_SlowServer_IsSentNoPassword(t *testing.T) {
	l, err := net.Listen("tcp", servertest.Host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var sent bytes.Buffer
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(&sent, conn) // ends when it is given up
			conn.Close()
		}
	})
	for _, ssl := range []string{"true", "false", `""`} {
		v, _ := against(t, uint16(l.Addr().(*net.TCPAddr).Port), ssl)
		fails(t, impatient(t).Set(t.Context(), v), rotator.TimedOut)
		fails(t, impatient(t).Test(t.Context(), v.Pending), rotator.TimedOut)
	}
	l.Close()
	if all.Wait(); sent.Len() == 0 || strings.Contains(sent.String(), "Secret!") {
		t.Errorf("sent: %q", sent.String())
	}
}

// TestTarget_ManyFailures_LeaveNothingRunning: neither connections nor what the driver starts.
func TestTarget_ManyFailures_LeaveNothingRunning(t *testing.T) {
	v, target := against(t, fake(t, answering("ACL GETUSER", "-NOPERM\r\n")), "false")
	before := runtime.NumGoroutine()
	for range 50 {
		fails(t, target.Set(t.Context(), v), rotator.Forbidden)
	}
	for wait := time.Now(); runtime.NumGoroutine() > before+5; time.Sleep(10 * time.Millisecond) {
		if time.Since(wait) > 10*time.Second {
			t.Fatalf("%d goroutines, and %d before", runtime.NumGoroutine(), before)
		}
	}
}
