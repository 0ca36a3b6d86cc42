package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"claviger/secrets/password"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/mysql"
	"claviger/secrets/rotation/rotator/servertest"
)

func TestMain(m *testing.M) { os.Exit(servertest.Main(m)) }

// drawn are passwords that nobody has had before, with what breaks quoting that isn't right.
type drawn struct{ rules rotator.Rules }

var draws atomic.Int64

func draw() string { return fmt.Sprintf(`Neu%%s'"\%d\'-?`, draws.Add(1)) }

func (d *drawn) Password(_ context.Context, rules password.GetRandomPasswordInput) (string, error) {
	d.rules = rules
	return draw(), nil
}

// name returns a user's name that nobody has had before. It has 20 characters.
func name(like string) string { return fmt.Sprintf("%s%0*d", like, 20-len(like), draws.Add(1)) }

// odd is what a name may have that has to be quoted.
const odd = "a b`c'd\"e%sTO\\"

func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

// parse makes a secret's value of members and their values, which are strings.
func parse(t *testing.T, members ...string) rotator.Document {
	t.Helper()
	d, err := rotator.Parse([]byte(`{"extra":{"kept":[1, 2]}}`))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(members); i += 2 {
		d = d.With(members[i], members[i+1])
	}
	return d
}

// secret is the value of a secret for a user of a server.
func secret(t *testing.T, port uint16, user, password string) rotator.Document {
	t.Helper()
	return parse(t, "engine", "mariadb", "host", servertest.Host, "port", strconv.Itoa(int(port)),
		"username", user, "password", password, "masterarn", "arn:superuser")
}

func superuser(t *testing.T, s *servertest.MariaDBServer, port uint16) *rotator.Document {
	t.Helper()
	d := secret(t, port, "root", s.Password)
	return &d
}

// reach lets a rotator go to every port of the tests' servers, and trust them.
func reach(t *testing.T) rotator.Reach {
	t.Helper()
	return rotator.Reach{Targets: []string{servertest.Host + ":*"}, Roots: servertest.Roots(t)}
}

func newTarget(t *testing.T, alternating bool) rotator.Target {
	t.Helper()
	return mysql.New(mysql.Config{Reach: reach(t), Alternating: alternating, MariaDB: true})
}

// newUser makes a user with a password of its own, and returns its secret.
func newUser(t *testing.T, s *servertest.MariaDBServer, user, clauses string) rotator.Document {
	t.Helper()
	d := secret(t, s.Port, user, "alt'"+user)
	s.Exec(t, fmt.Sprintf("CREATE USER %s@'%%' IDENTIFIED BY %s %s", quote(user),
		quote(d.Text("password")), clauses))
	return d
}

func candidate(t *testing.T, target rotator.Target, current rotator.Document) rotator.Document {
	t.Helper()
	pending, err := target.Candidate(t.Context(), current, &drawn{})
	if err != nil {
		t.Fatal(err)
	}
	return pending
}

func mustSet(t *testing.T, target rotator.Target, v rotator.Versions) {
	t.Helper()
	if err := target.Set(t.Context(), v); err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	mustLogIn(t, target, v.Pending)
}

func mustLogIn(t *testing.T, target rotator.Target, d rotator.Document) {
	t.Helper()
	if err := target.Test(t.Context(), d); err != nil {
		t.Fatalf("%s: %v (%v)", d.Text("username"), err, errors.Unwrap(err))
	}
}

// mustFail holds an error to its reason, and to say no password.
func mustFail(t *testing.T, err error, want rotator.Reason, secrets ...rotator.Document) {
	t.Helper()
	e, ok := errors.AsType[*rotator.Error](err)
	if !ok {
		t.Fatalf("got %v, which is none of the contract's errors; want %s", err, want)
	}
	if e.Reason != want {
		t.Fatalf("got %s: %v (%v); want %s", e.Reason, e, e.Err, want)
	}
	if e.Text == "" {
		t.Errorf("%s without a text", e.Reason)
	}
	mustNotSay(t, fmt.Sprintf("%v %+v %#v", e, e.Err, e.Err), secrets...)
}

// mustNotSay looks for passwords, and for how they are quoted.
func mustNotSay(t *testing.T, text string, secrets ...rotator.Document) {
	t.Helper()
	for _, d := range secrets {
		p := d.Text("password")
		for _, form := range []string{p, quote(p), strings.Trim(quote(p), "'")} {
			if strings.Contains(text, form) {
				t.Errorf("the password of %s is said: %s", d.Text("username"), form)
			}
		}
	}
}

func TestCandidate_CurrentVersion_IsKeptButForThePassword(t *testing.T) {
	current := secret(t, 3306, "orders", "old")
	from := &drawn{}
	pending, err := newTarget(t, false).Candidate(t.Context(), current, from)
	if err != nil {
		t.Fatal(err)
	}
	if pending.Text("password") == "old" {
		t.Error("the password is the old one")
	}
	back := pending.With("password", "old")
	if got, want := string(back.Bytes()), string(current.Bytes()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := *from.rules.ExcludeCharacters; got != `/@"'\` {
		t.Errorf("%q are excluded", got)
	}
	excluded := "xyz"
	own := mysql.New(mysql.Config{MariaDB: true,
		Rules: rotator.Rules{ExcludeCharacters: &excluded}})
	if _, err := own.Candidate(t.Context(), current, from); err != nil {
		t.Fatal(err)
	}
	if got := *from.rules.ExcludeCharacters; got != "xyz" {
		t.Errorf("%q are excluded", got)
	}
}

func TestCandidate_TwoUsers_TakeTurns(t *testing.T) {
	target := newTarget(t, true)
	for user, want := range map[string]string{
		"orders": "orders_clone", "orders_clone": "orders",
		strings.Repeat("ü", 74): strings.Repeat("ü", 74) + "_clone",
	} {
		pending := candidate(t, target, secret(t, 3306, user, "old"))
		if got := pending.Text("username"); got != want {
			t.Errorf("after %s comes %s", user, got)
		}
	}
}

func TestCandidate_UnfitSecret_IsRefused(t *testing.T) {
	fit := secret(t, 3306, "orders", "old")
	mariadb := mysql.Config{MariaDB: true}
	turns := mysql.Config{MariaDB: true, Alternating: true}
	for why, c := range map[string]struct {
		config  mysql.Config
		current rotator.Document
	}{
		"no host":             {mariadb, fit.With("host", "")},
		"no user":             {mariadb, fit.With("username", "")},
		"no password":         {mariadb, fit.With("password", "")},
		"no engine":           {mariadb, fit.With("engine", "")},
		"mysql for mariadb":   {mariadb, fit.With("engine", "mysql")},
		"mariadb for mysql":   {mysql.Config{}, fit},
		"no superuser":        {turns, fit.With("masterarn", "")},
		"name too long":       {turns, fit.With("username", strings.Repeat("u", 75))},
		"mysql name too long": {mysql.Config{}, fit.With("username", strings.Repeat("u", 33))},
	} {
		t.Run(why, func(t *testing.T) {
			if why == "mysql name too long" {
				c.current = c.current.With("engine", "mysql")
			}
			_, err := mysql.New(c.config).Candidate(t.Context(), c.current, &drawn{})
			mustFail(t, err, rotator.BadSecret, c.current.With("password", "old"))
		})
	}
	for _, engine := range []string{"mysql", "aurora-mysql"} {
		candidate(t, mysql.New(mysql.Config{}), fit.With("engine", engine))
	}
}

// mute hands out no password.
type mute struct{}

func (mute) Password(context.Context, password.GetRandomPasswordInput) (string, error) {
	return "", errors.New("the device is away")
}

func TestCandidate_NoPassword_Fails(t *testing.T) {
	_, err := newTarget(t, false).Candidate(t.Context(), secret(t, 3306, "orders", "old"), mute{})
	mustFail(t, err, rotator.Failed)
}
