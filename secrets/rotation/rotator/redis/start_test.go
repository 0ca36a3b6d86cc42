package redis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	driver "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/redis"
	"claviger/secrets/rotation/rotator/servertest"
)

func TestMain(m *testing.M) { os.Exit(servertest.Main(m)) }

// passwords counts, and remembers each password that anybody has had.
type passwords struct{ n atomic.Int64 }

func (p *passwords) Password(context.Context, rotator.Rules) (string, error) {
	return fmt.Sprintf("Secret!%04d", p.n.Add(1)), nil
}

// site is a server with an administrator and a rotator that may go there.
type site struct {
	*servertest.RedisServer
	admin  *driver.Client
	target *redis.Target
	config redis.Config
	from   passwords
}

func start(t *testing.T, users servertest.RedisUsers, settings ...string) *site {
	t.Helper()
	s := &site{RedisServer: servertest.Redis(t, users, settings...)}
	s.config = redis.Config{Reach: rotator.Reach{Targets: []string{servertest.Host + ":*"},
		Roots: servertest.Roots(t)}}
	s.target = redis.New(s.config)
	s.admin = client(s.Port, "default", s.Password)
	t.Cleanup(func() { s.admin.Close() })
	return s
}

func client(port uint16, user, password string) *driver.Client {
	return driver.NewClient(&driver.Options{Addr: fmt.Sprintf("%s:%d", servertest.Host, port),
		Username: user, Password: password, Protocol: 2, DisableIdentity: true, PoolSize: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
}

// do runs a command as the administrator.
func (s *site) do(t *testing.T, command string) any {
	t.Helper()
	var words []any
	for _, word := range strings.Fields(command) {
		words = append(words, word)
	}
	answer, err := s.admin.Do(t.Context(), words...).Result()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return answer
}

// user makes a user, who may do what rules say, with a password of its own, and returns its secret.
func (s *site) user(t *testing.T, name, rules string) rotator.Document {
	t.Helper()
	password, _ := s.from.Password(t.Context(), rotator.Rules{})
	s.do(t, fmt.Sprintf("ACL SETUSER %s on >%s %s", name, password, rules))
	return s.secret(t, name, password)
}

func (s *site) secret(t *testing.T, name, password string) rotator.Document {
	t.Helper()
	return parse(t, fmt.Sprintf(`{"engine":"redis","host":%q,"port":%d,"username":%q,"password":%q,`+
		`"ssl":false,"note":"kept"}`, servertest.Host, s.Port, name, password))
}

// administered is the secret of a user that may do nothing with users, and its versions.
func (s *site) administered(t *testing.T, name string) rotator.Versions {
	t.Helper()
	super := s.secret(t, "default", s.Password)
	return s.versions(t, s.user(t, name, "~* +@all -@admin").With("masterarn", "arn"), &super)
}

// versions begins a rotation.
func (s *site) versions(t *testing.T, current rotator.Document,
	super *rotator.Document) rotator.Versions {
	t.Helper()
	v := rotator.Versions{Current: current, Superuser: super}
	v.Pending = s.candidate(t, current)
	return v
}

func (s *site) candidate(t *testing.T, current rotator.Document) rotator.Document {
	t.Helper()
	d, err := s.target.Candidate(t.Context(), current, &s.from)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// next is the rotation after one that has succeeded.
func (s *site) next(t *testing.T, v rotator.Versions) rotator.Versions {
	t.Helper()
	n := s.versions(t, v.Pending, v.Superuser)
	n.Previous = &v.Current
	return n
}

func (s *site) set(t *testing.T, v rotator.Versions) {
	t.Helper()
	if err := s.target.Set(t.Context(), v); err != nil {
		t.Fatalf("set: %v (%v)", err, errors.Unwrap(err))
	}
	if err := s.target.Test(t.Context(), v.Pending); err != nil {
		t.Fatalf("test: %v (%v)", err, errors.Unwrap(err))
	}
}

// login logs in as a client does.
func login(port uint16, d rotator.Document) error {
	c := client(port, d.Text("username"), d.Text("password"))
	defer c.Close()
	return c.Do(context.Background(), "ECHO", "here").Err()
}

func (s *site) logsIn(t *testing.T, d rotator.Document, want bool) {
	t.Helper()
	if err := login(s.Port, d); (err == nil) != want {
		t.Errorf("by %s: %v, want logged in: %v", d.Text("password"), err, want)
	}
}

func parse(t *testing.T, text string) rotator.Document {
	t.Helper()
	d, err := rotator.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fails asserts the reason of an error, and that neither it nor its causes say a password.
func fails(t *testing.T, err error, want rotator.Reason) {
	t.Helper()
	var e *rotator.Error
	if !errors.As(err, &e) || e.Reason != want {
		t.Fatalf("%v, want one that says %s", err, want)
	}
	for err := error(e); err != nil; err = errors.Unwrap(err) {
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			if strings.Contains(text, "Secret!") || strings.Contains(text, "superuser'") {
				t.Errorf("it says a password: %s", text)
			}
		}
	}
}
