package postgres_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"claviger/secrets/password"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/postgres"
	"claviger/secrets/rotation/rotator/servertest"
)

func TestMain(m *testing.M) { os.Exit(servertest.Main(m)) }

// subject is a rotator and the server that it works at.
type subject struct {
	*testing.T
	rotator.Target
	server *servertest.PostgresServer
	known  []string // passwords that nobody may see
}

func start(t *testing.T, alternating bool, settings ...string) *subject {
	t.Helper()
	s := &subject{T: t, server: servertest.Postgres(t, settings...)}
	s.Target = postgres.New(postgres.Config{Reach: s.reach(), Alternating: alternating})
	return s
}

func (s *subject) reach() rotator.Reach {
	return rotator.Reach{Targets: []string{servertest.Host + ":*"}, Roots: servertest.Roots(s)}
}

// admin runs statements as the superuser, without the server's logging them.
func (s *subject) admin(sql ...string) {
	s.Helper()
	c := s.connect("postgres", s.server.Password)
	defer c.Close(context.Background())
	for _, text := range sql {
		if _, err := c.Exec(context.Background(), text); err != nil {
			s.Fatalf("%s: %v", text, err)
		}
	}
}

func (s *subject) connect(user, with string) *pgx.Conn {
	s.Helper()
	c, err := s.tryConnect(user, with)
	if err != nil {
		s.Fatal(err)
	}
	return c
}

func (s *subject) tryConnect(user, with string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		s.Fatal(err)
	}
	config.Host, config.Port, config.Database = servertest.Host, s.server.Port, "postgres"
	config.User, config.Password = user, with
	if user == "postgres" {
		config.RuntimeParams = map[string]string{"log_statement": "none",
			"log_min_duration_statement": "-1"}
	}
	return pgx.ConnectConfig(context.Background(), config)
}

// role makes a user with a password and returns the name, which is the test's own.
func (s *subject) role(suffix, with string) string {
	s.Helper()
	name := strings.ToLower(strings.NewReplacer("/", "_").Replace(s.Name()))
	name = name[max(0, len(name)-30):] + suffix
	s.admin(fmt.Sprintf(`CREATE ROLE %q LOGIN PASSWORD '%s'`, name, with))
	s.known = append(s.known, with)
	return name
}

// password sets a user's password past the rotator.
func (s *subject) password(user, with string) {
	s.Helper()
	s.admin(fmt.Sprintf(`ALTER ROLE %q PASSWORD '%s'`, user, with))
}

// kept is what the server keeps of a user's password.
func (s *subject) kept(user string) (text string) {
	s.Helper()
	c := s.connect("postgres", s.server.Password)
	defer c.Close(context.Background())
	if err := c.QueryRow(context.Background(),
		"SELECT rolpassword FROM pg_authid WHERE rolname = $1", user).Scan(&text); err != nil {
		s.Fatal(err)
	}
	return text
}

// secret is a version for a user at the server, with more members as JSON.
func (s *subject) secret(user, with string, more ...string) rotator.Document {
	s.Helper()
	text := fmt.Sprintf(`{"engine":"postgres","host":%q,"port":%d,"username":%q,"password":%q%s}`,
		servertest.Host, s.server.Port, user, with, strings.Join(append([]string{""}, more...), ","))
	d, err := rotator.Parse([]byte(text))
	if err != nil {
		s.Fatal(err)
	}
	return d
}

func (s *subject) superuser() *rotator.Document {
	d := s.secret("postgres", s.server.Password)
	s.known = append(s.known, s.server.Password)
	return &d
}

// candidate asks for the next version.
func (s *subject) candidate(current rotator.Document) rotator.Document {
	s.Helper()
	d, err := s.Candidate(context.Background(), current, chance{})
	if err != nil {
		s.Fatal(err)
	}
	s.known = append(s.known, d.Text("password"))
	return d
}

// chance draws passwords by the rules of GetRandomPassword.
type chance struct{}

func (chance) Password(ctx context.Context, rules rotator.Rules) (string, error) {
	return password.Make(ctx, rules, chance{})
}

func (chance) Random(_ context.Context, n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := rand.Read(b)
	return b, err
}

func (s *subject) set(v rotator.Versions) {
	s.Helper()
	if err := s.Set(context.Background(), v); err != nil {
		s.Fatal(errors.Join(err, errors.Unwrap(err)))
	}
	if err := s.Test(context.Background(), v.Pending); err != nil {
		s.Fatal(errors.Join(err, errors.Unwrap(err)))
	}
}

// refuses holds an error to its reason.
func (s *subject) refuses(err error, want rotator.Reason) {
	s.Helper()
	var e *rotator.Error
	if !errors.As(err, &e) {
		s.Fatalf("got %v, want a rotator.Error", err)
	}
	if e.Reason != want {
		s.Errorf("got %s (%v: %v), want %s", e.Reason, e, e.Err, want)
	}
	s.hidden("an error", fmt.Sprintf("%v %+v %#v %v %#v", err, err, e, e.Err, e.Err))
}

// hidden looks for passwords where none may be.
func (s *subject) hidden(where, text string) {
	s.Helper()
	for _, p := range s.known {
		if strings.Contains(text, p) {
			s.Errorf("%s has a password:\n%s", where, text)
		}
	}
}

// logins tells which of the passwords a user may log in by, by the superuser's driver.
func (s *subject) logins(user string, passwords ...string) (in []bool) {
	for _, p := range passwords {
		c, err := s.tryConnect(user, p)
		if err == nil {
			c.Close(context.Background())
		}
		in = append(in, err == nil)
	}
	return in
}

// changes counts the statements about a user that the server was sent.
func (s *subject) changes(user string) int {
	return strings.Count(s.server.Log(), "ALTER ROLE \""+user) +
		strings.Count(s.server.Log(), "CREATE ROLE \""+user)
}
