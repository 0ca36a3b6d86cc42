package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator"
)

const master = `"masterarn":"arn:aws:secretsmanager:us-east-1:111122223333:secret:su-AbCdEf"`

func TestAlternating_Rotations_TakeTurns(t *testing.T) {
	s := start(t, true)
	user := s.role("", "first-of-all")
	table := user + "_table"
	s.admin(fmt.Sprintf(`CREATE TABLE %q (n int)`, table),
		fmt.Sprintf(`GRANT SELECT ON %q TO %q`, table, user))
	current := s.secret(user, "first-of-all", master, `"ssl":true`)
	users := []string{user}
	for range 4 {
		pending := s.candidate(current)
		s.set(rotator.Versions{Pending: pending, Current: current, Superuser: s.superuser()})
		for _, d := range []rotator.Document{current, pending} {
			c := s.connect(d.Text("username"), d.Text("password"))
			if _, err := c.Exec(context.Background(), fmt.Sprintf("SELECT * FROM %q", table)); err != nil {
				t.Errorf("%s: %v", d.Text("username"), err)
			}
			c.Close(context.Background())
		}
		current = pending
		users = append(users, current.Text("username"))
	}
	want := []string{user, user + "_clone", user, user + "_clone", user}
	if !slices.Equal(users, want) {
		t.Errorf("the users were %v", users)
	}
	s.hidden("the server's log", s.server.Log())
}

func TestAlternating_SetAgain_ChangesNothing(t *testing.T) {
	s := start(t, true)
	user := s.role("", "first-of-all")
	current := s.secret(user, "first-of-all", master)
	v := rotator.Versions{Pending: s.candidate(current), Current: current, Superuser: s.superuser()}
	s.set(v)
	v.Superuser = nil
	s.set(v)
	if n := s.changes(user); n != 1 {
		t.Errorf("the server was sent %d changes", n)
	}
}

func TestAlternating_Candidate_IsRefused(t *testing.T) {
	s := start(t, true)
	for name, current := range map[string]rotator.Document{
		"long name":    s.secret(strings.Repeat("u", 60), "first-of-all", master),
		"no superuser": s.secret("app", "first-of-all"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Candidate(context.Background(), current, chance{})
			s.refuses(err, rotator.BadSecret)
		})
	}
	long := s.secret(strings.Repeat("u", 57)+"_clone", "first-of-all", master)
	if got := s.candidate(long).Text("username"); got != strings.Repeat("u", 57) {
		t.Errorf("the user that follows is %s", got)
	}
}

func TestAlternating_Set_IsRefused(t *testing.T) {
	s := start(t, true)
	user := s.role("", "first-of-all")
	weak := s.role("_weak", "weak-ones-own")
	current := s.secret(user, "first-of-all", master)
	superuser := *s.superuser()
	weakling, elsewhere := s.secret(weak, "weak-ones-own"), superuser.With("host", "localhost")
	wrong := superuser.With("password", "wrong-one")
	pending := s.candidate(current)
	for name, c := range map[string]struct {
		v    rotator.Versions
		want rotator.Reason
	}{
		"no superuser": {rotator.Versions{Current: current, Pending: pending}, rotator.NoSuperuser},
		"superuser itself": {rotator.Versions{Superuser: new(s.secret(user+"_clone", "any-one")),
			Current: current, Pending: pending}, rotator.NoSuperuser},
		"superuser elsewhere": {rotator.Versions{Current: current, Pending: pending,
			Superuser: &elsewhere}, rotator.NotAllowed},
		"superuser's password": {rotator.Versions{Current: current, Pending: pending,
			Superuser: &wrong}, rotator.LoginRefused},
		"no rights": {rotator.Versions{Current: current, Pending: pending,
			Superuser: &weakling}, rotator.Forbidden},
		"current can't log in": {rotator.Versions{Current: s.secret(user, "wrong-one", master),
			Pending: pending, Superuser: &superuser}, rotator.LoginRefused},
		"the same user": {rotator.Versions{Current: current,
			Pending: s.secret(user, "next-one", master), Superuser: &superuser}, rotator.BadSecret},
	} {
		t.Run(name, func(t *testing.T) {
			s.refuses(s.Set(context.Background(), c.v), c.want)
		})
	}
	if got := s.logins(user+"_clone", pending.Text("password")); got[0] {
		t.Error("the other user was made all the same")
	}
}

// TestAlternating_RightsThatCantBeGranted_MakeNoUser: one without them would pass for finished.
func TestAlternating_RightsThatCantBeGranted_MakeNoUser(t *testing.T) {
	s := start(t, true)
	user := s.role("", "first-of-all")
	maker := s.role("_maker", "makers-own")
	s.admin(fmt.Sprintf(`ALTER ROLE %q CREATEROLE`, maker),
		fmt.Sprintf(`ALTER ROLE %q SUPERUSER`, user))
	current, superuser := s.secret(user, "first-of-all", master), s.secret(maker, "makers-own")
	v := rotator.Versions{Current: current, Pending: s.candidate(current), Superuser: &superuser}
	for range 2 {
		s.refuses(s.Set(context.Background(), v), rotator.Forbidden)
	}
}
