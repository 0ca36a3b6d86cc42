package mysql_test

import (
	"fmt"
	"testing"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/servertest"
)

func TestSet_SingleUser_ChangesItsOwnPassword(t *testing.T) {
	for why, settings := range map[string][]string{
		"as installed":              nil,
		"no TLS":                    {"skip-ssl"},
		"no backslashes":            {"sql-mode = NO_BACKSLASH_ESCAPES,ANSI_QUOTES"},
		"wants to see the password": {"plugin-load-add = simple_password_check"},
	} {
		t.Run(why, func(t *testing.T) {
			s := servertest.MariaDB(t, settings...)
			target := newTarget(t, false)
			user := name(odd)
			current := secret(t, s.Port, user, `Old%s'"\`)
			s.Exec(t, fmt.Sprintf("SET sql_mode = ''; CREATE USER %s@'%%' IDENTIFIED BY %s", quote(user),
				quote(current.Text("password")+"-1")))
			current = current.With("password", current.Text("password")+"-1")
			pending := candidate(t, target, current)
			v := rotator.Versions{Pending: pending, Current: current}
			mustSet(t, target, v)
			mustSet(t, target, v) // again: it is in force
			mustFail(t, target.Test(t.Context(), current), rotator.LoginRefused, current)
			if why != "wants to see the password" {
				mustNotSay(t, s.Log(t), pending)
			}
		})
	}
}

func TestSet_PluginEd25519_GetsAHash(t *testing.T) {
	s := servertest.MariaDB(t, "plugin-load-add = auth_ed25519")
	target := newTarget(t, false)
	current := secret(t, s.Port, name("ed"), "old")
	s.Exec(t, fmt.Sprintf("CREATE USER %s@'%%' IDENTIFIED VIA ed25519 USING PASSWORD('old')",
		current.Text("username")))
	pending := candidate(t, target, current)
	mustSet(t, target, rotator.Versions{Pending: pending, Current: current})
	mustNotSay(t, s.Log(t), pending)
}

func TestSet_PluginsToChooseFrom_GetThePassword(t *testing.T) {
	s := servertest.MariaDB(t, "plugin-load-add = auth_ed25519")
	target := newTarget(t, false)
	current := secret(t, s.Port, name("both"), "old")
	s.Exec(t, fmt.Sprintf("CREATE USER %s@'%%' IDENTIFIED VIA ed25519 USING PASSWORD('old') "+
		"OR unix_socket", current.Text("username")))
	mustSet(t, target, rotator.Versions{Pending: candidate(t, target, current), Current: current})
}

func TestSet_UserAtAnAddress_ChangesThatAccount(t *testing.T) {
	s := servertest.MariaDB(t)
	target := newTarget(t, false)
	current := newUser(t, s, name("at"), "")
	elsewhere := current.With("password", "elsewhere")
	s.Exec(t, fmt.Sprintf("CREATE USER %s@'127.0.0.1' IDENTIFIED BY 'elsewhere'",
		current.Text("username")))
	pending := candidate(t, target, elsewhere)
	mustSet(t, target, rotator.Versions{Pending: pending, Current: elsewhere})
	s.Exec(t, fmt.Sprintf("DROP USER %s@'127.0.0.1'", current.Text("username")))
	mustLogIn(t, target, current)
}

func TestSet_EarlierPasswords_LogIn(t *testing.T) {
	s := servertest.MariaDB(t)
	target := newTarget(t, false)
	inForce := newUser(t, s, name("early"), "")
	inForce = inForce.With("ssl", "true")
	wrong := inForce.With("password", "wrong")
	for _, why := range []string{"current", "previous", "abandoned"} {
		v := rotator.Versions{Current: wrong, Previous: &wrong}
		switch why {
		case "current":
			v.Current = inForce
		case "previous":
			v.Previous = &inForce
		case "abandoned":
			v.Abandoned = []rotator.Document{wrong, inForce}
		}
		v.Pending = candidate(t, target, v.Current)
		mustSet(t, target, v)
		inForce = v.Pending
	}
}

func TestSet_EarlierPasswordsOfOthers_AreNotTried(t *testing.T) {
	s := servertest.MariaDB(t)
	target := newTarget(t, false)
	inForce := newUser(t, s, name("others"), "")
	wrong := inForce.With("password", "wrong")
	for why, early := range map[string]rotator.Document{
		"another user": inForce.With("username", "somebody"),
		"another host": inForce.With("host", "localhost"),
		"another port": inForce.With("port", "3306"),
		"TLS alone":    inForce.With("ssl", "true"),
	} {
		t.Run(why, func(t *testing.T) {
			v := rotator.Versions{Pending: candidate(t, target, wrong), Current: wrong,
				Previous: &early, Abandoned: []rotator.Document{early}}
			mustFail(t, target.Set(t.Context(), v), rotator.LoginRefused, v.Pending, wrong, inForce)
			mustLogIn(t, target, inForce)
		})
	}
}

func TestSet_PendingForAnother_IsRefused(t *testing.T) {
	s := servertest.MariaDB(t)
	for _, alternating := range []bool{false, true} {
		target := newTarget(t, alternating)
		current := newUser(t, s, name("mine"), "")
		other := newUser(t, s, name("theirs"), "")
		pending := candidate(t, target, current)
		for why, p := range map[string]rotator.Document{
			"another user":   pending.With("username", other.Text("username")),
			"its own login":  other,
			"another host":   pending.With("host", "localhost"),
			"another port":   pending.With("port", "3306"),
			"another engine": pending.With("engine", "postgres"),
			"no password":    pending.With("password", ""),
		} {
			t.Run(fmt.Sprint(why, " alternating ", alternating), func(t *testing.T) {
				v := rotator.Versions{Pending: p, Current: current, Superuser: superuser(t, s, s.Port)}
				mustFail(t, target.Set(t.Context(), v), rotator.BadSecret, pending, current, other)
				mustLogIn(t, target, current)
				mustLogIn(t, target, other)
			})
		}
	}
}

// TestSet_AnonymousAccount_IsLeftAlone: a server takes any name for the user without one.
func TestSet_AnonymousAccount_IsLeftAlone(t *testing.T) {
	s := servertest.MariaDB(t, "# with an anonymous account")
	s.Exec(t, "CREATE OR REPLACE USER ''@'%' IDENTIFIED BY 'everybody'")
	target := newTarget(t, false)
	current := secret(t, s.Port, name("nobody"), "everybody")
	v := rotator.Versions{Pending: candidate(t, target, current), Current: current}
	mustFail(t, target.Set(t.Context(), v), rotator.Forbidden, v.Pending, current)
	mustLogIn(t, target, current)
}
