package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator"
)

func TestSingle_Rotation_PutsANewPasswordInForce(t *testing.T) {
	const md5 = "password_encryption = 'md5'"
	for name, c := range map[string]struct {
		setting, ssl, kept string
		secured            bool
	}{
		"any":       {"", `"x":0`, "SCRAM-SHA-256$4096:", true},
		"no word":   {"", `"ssl":"perhaps"`, "SCRAM-SHA-256$4096:", true},
		"TLS":       {"", `"ssl":"True"`, "SCRAM-SHA-256$4096:", true},
		"plain":     {"", `"ssl":false`, "SCRAM-SHA-256$4096:", false},
		"no TLS":    {"ssl = off", `"x":0`, "SCRAM-SHA-256$4096:", false},
		"MD5":       {md5, `"ssl":true`, "md5", true},
		"MD5 plain": {md5, `"ssl":false`, "md5", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, false, c.setting)
			user := s.role("", "first-of-all")
			current := s.secret(user, "first-of-all", c.ssl)
			pending := s.candidate(current)
			s.set(rotator.Versions{Pending: pending, Current: current})
			got := s.logins(user, "first-of-all", pending.Text("password"))
			if want := []bool{false, true}; !slices.Equal(got, want) {
				t.Errorf("the old and the new password let in: %v, want %v", got, want)
			}
			if got := s.kept(user); !strings.HasPrefix(got, c.kept) {
				t.Errorf("the server keeps %s, want %s...", got, c.kept)
			}
			for line := range strings.Lines(s.server.Log()) {
				if strings.Contains(line, "user="+user+" database=postgres application_name=claviger") &&
					strings.Contains(line, "SSL enabled") != c.secured {
					t.Errorf("TLS should be %v: %s", c.secured, line)
				}
			}
			s.hidden("the server's log", s.server.Log())
		})
	}
}

func TestSingle_Candidate_KeepsEverythingElse(t *testing.T) {
	s := start(t, false)
	current, err := rotator.Parse([]byte(`{"team":["a", 1],"engine":"aurora-postgresql",` +
		`"password":"old","host":"127.0.0.1","port":"5432","username":"app","dbname":"orders"}`))
	if err != nil {
		t.Fatal(err)
	}
	next := s.candidate(current)
	want := strings.Replace(string(current.Bytes()), `"old"`,
		fmt.Sprintf("%q", next.Text("password")), 1)
	if got := string(next.Bytes()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if p := next.Text("password"); len(p) != 32 || strings.ContainsAny(p, `:/@"'\`) {
		t.Errorf("the password is %q", p)
	}
}

func TestSingle_NameToQuote_IsTheUsersAlone(t *testing.T) {
	s := start(t, false)
	user := `O'Brien "x"; DROP ROLE y; --`
	s.admin(`CREATE ROLE "O'Brien ""x""; DROP ROLE y; --" LOGIN PASSWORD 'first-of-all'`)
	current := s.secret(user, "first-of-all")
	s.set(rotator.Versions{Pending: s.candidate(current), Current: current})
}

func TestSingle_SetAgain_ChangesNothing(t *testing.T) {
	s := start(t, false)
	user := s.role("", "first-of-all")
	current := s.secret(user, "first-of-all")
	v := rotator.Versions{Pending: s.candidate(current), Current: current}
	s.set(v)
	s.set(v)
	if n := s.changes(user); n != 1 {
		t.Errorf("the password was set %d times", n)
	}
}

func TestSingle_AnotherVersionInForce_IsUsed(t *testing.T) {
	s := start(t, false)
	user := s.role("", "first-of-all")
	current, other := s.secret(user, "current-one"), s.secret(user, "first-of-all")
	wrong := s.secret(user, "wrong-one")
	for name, v := range map[string]rotator.Versions{
		"previous":  {Previous: &other},
		"abandoned": {Previous: &wrong, Abandoned: []rotator.Document{wrong, other}},
	} {
		t.Run(name, func(t *testing.T) {
			s.password(user, "first-of-all")
			v.Current, v.Pending = current, s.candidate(current)
			s.set(v)
		})
	}
	s.hidden("the server's log", s.server.Log())
}

func TestSingle_NoPasswordLetsIn_IsRefused(t *testing.T) {
	s := start(t, false)
	user := s.role("", "first-of-all")
	current, wrong := s.secret(user, "current-one"), s.secret(user, "wrong-one")
	// The password of another user, or for another server, is none of this one's.
	stranger := s.secret("stranger", "first-of-all")
	elsewhere := s.secret(user, "first-of-all").With("host", "localhost")
	beside := s.secret(user, "first-of-all").With("port", "1")
	secured := s.secret(user, "first-of-all", `"ssl":true`)
	for _, before := range []rotator.Document{wrong, stranger, elsewhere, beside, secured} {
		err := s.Set(context.Background(), rotator.Versions{Current: current,
			Pending: s.candidate(current), Previous: &before})
		s.refuses(err, rotator.LoginRefused)
	}
	if n := s.changes(user); n != 0 {
		t.Errorf("the password was set %d times", n)
	}
}

func TestSingle_PendingForAnother_IsRefused(t *testing.T) {
	s := start(t, false)
	user := s.role("", "first-of-all")
	victim := s.role("_victim", "victims-own")
	current := s.secret(user, "first-of-all")
	for name, pending := range map[string]rotator.Document{
		"host": s.secret(user, "next-one").With("host", "localhost"),
		"port": s.secret(user, "next-one").With("port", "1"),
		"user": s.secret(victim, "victims-own"), // whose password even lets in
		"kind": s.secret(user, "next-one").With("engine", "mysql"),
		"zero": s.secret(user, "next-one").With("password", "next\x00one"),
		"wide": s.secret(user, "next-\u212bone"),
	} {
		t.Run(name, func(t *testing.T) {
			s.refuses(s.Set(context.Background(), rotator.Versions{Current: current,
				Pending: pending}), rotator.BadSecret)
		})
	}
	if got := s.logins(user, "first-of-all"); !got[0] {
		t.Error("the current password has gone")
	}
}
