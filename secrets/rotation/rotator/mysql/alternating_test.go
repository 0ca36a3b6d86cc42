package mysql_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/servertest"
)

// manyRights gives a user of everything that rights may be on. It returns the database.
func manyRights(t *testing.T, s *servertest.MariaDBServer, user string) string {
	t.Helper()
	n := draws.Add(1)
	database, role := fmt.Sprintf("d`%%s TO '%d", n), fmt.Sprintf("role TO%d", n)
	r := strings.NewReplacer("@D", "`"+strings.ReplaceAll(database, "`", "``")+"`",
		"@R", "`"+role+"`", "@U", quote(user)+"@'%'")
	s.Exec(t, r.Replace("SET sql_mode = '';"+
		"CREATE DATABASE @D; CREATE TABLE @D.`t TO x` (a INT, `b TO` INT);"+
		"INSERT INTO @D.`t TO x` VALUES (1, 2);"+
		"CREATE FUNCTION @D.`f FOR` () RETURNS INT RETURN 7;"+
		"CREATE PROCEDURE @D.`p FROM` () SELECT 8;"+
		"CREATE ROLE @R; GRANT DELETE ON @D.* TO @R; GRANT @R TO @U WITH ADMIN OPTION;"+
		"SET DEFAULT ROLE @R FOR @U;"+
		"GRANT PROCESS, RELOAD ON *.* TO @U WITH MAX_QUERIES_PER_HOUR 5000;"+
		"GRANT CREATE, SHOW VIEW ON @D.* TO @U WITH GRANT OPTION;"+
		"GRANT SELECT (a, `b TO`), UPDATE (a) ON @D.`t TO x` TO @U;"+
		"GRANT INSERT ON @D.`t TO x` TO @U WITH GRANT OPTION;"+
		"GRANT EXECUTE ON FUNCTION @D.`f FOR` TO @U;"+
		"GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE @D.`p FROM` TO @U WITH GRANT OPTION;"+
		"GRANT PROXY ON 'root'@'%' TO @U; GRANT PROXY ON 'o''x'@'h' TO @U WITH GRANT OPTION"))
	return database
}

// rights returns what SHOW GRANTS says of a user, without its name and password.
func rights(t *testing.T, s *servertest.MariaDBServer, user string) []string {
	t.Helper()
	out := s.Exec(t, "SET sql_mode = '', sql_quote_show_create = 1; SHOW GRANTS FOR "+quote(user)+"@'%'")
	at := "`" + strings.ReplaceAll(user, "`", "``") + "`@`%`"
	quoted := "'" + user + "'@'%'"
	var all []string
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		line = strings.ReplaceAll(strings.ReplaceAll(line, at, "USER"), quoted, "USER")
		if head, tail, ok := strings.Cut(line, " IDENTIFIED BY PASSWORD '*"); ok {
			line = head + tail[41:]
		}
		// Columns come in no order.
		all = append(all, strings.ReplaceAll(line, "(`b TO`, `a`)", "(`a`, `b TO`)"))
	}
	slices.Sort(all)
	return all
}

func sameRights(t *testing.T, s *servertest.MariaDBServer, one, other string) {
	t.Helper()
	want, got := rights(t, s, one), rights(t, s, other)
	if !slices.Equal(got, want) {
		t.Errorf("%s has\n%s\nwant\n%s", other, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSet_AlternatingUsers_HaveTheSameRights(t *testing.T) {
	for why, settings := range map[string][]string{
		"as installed":              nil,
		"no TLS":                    {"skip-ssl"},
		"no backslashes":            {"sql-mode = NO_BACKSLASH_ESCAPES,ANSI_QUOTES"},
		"names unquoted":            {"# names unquoted"},
		"wants to see the password": {"plugin-load-add = simple_password_check"},
	} {
		t.Run(why, func(t *testing.T) {
			s := servertest.MariaDB(t, settings...)
			target := newTarget(t, true)
			if why == "names unquoted" {
				s.Exec(t, "SET GLOBAL sql_quote_show_create = 0")
			}
			user := name(odd)
			first := secret(t, s.Port, user, "Old-1_old").With("dbname", "")
			s.Exec(t, "SET sql_mode = ''; CREATE USER "+quote(user)+"@'%' IDENTIFIED BY 'Old-1_old'")
			database := manyRights(t, s, user)
			first = first.With("dbname", database)

			second := candidate(t, target, first)
			v := rotator.Versions{Pending: second, Current: first, Superuser: superuser(t, s, s.Port)}
			mustSet(t, target, v)
			mustSet(t, target, v)
			mustLogIn(t, target, first)
			sameRights(t, s, user, second.Text("username"))

			// The next turn is the first one's, who is there, and gets what the second one got since.
			s.Exec(t, "SET sql_mode = ''; GRANT SHOW DATABASES ON *.* TO "+
				quote(second.Text("username"))+"@'%'")
			third := candidate(t, target, second)
			if third.Text("username") != user {
				t.Fatalf("the third is %s", third.Text("username"))
			}
			mustSet(t, target, rotator.Versions{Pending: third, Current: second, Previous: &first,
				Superuser: superuser(t, s, s.Port)})
			mustLogIn(t, target, second)
			mustFail(t, target.Test(t.Context(), first), rotator.LoginRefused, first)
			sameRights(t, s, second.Text("username"), user)
			if why != "wants to see the password" {
				mustNotSay(t, s.Log(t), second, third)
			}
		})
	}
}

func TestSet_AlternatingUsers_RequireTheSameTLS(t *testing.T) {
	s := servertest.MariaDB(t)
	target := newTarget(t, true)
	first := newUser(t, s, name("tls"), "")
	v := rotator.Versions{Current: first, Superuser: superuser(t, s, s.Port)}
	// The second user is there from the second time on: what is required may change.
	for _, want := range []string{"NONE", "SSL", "NONE"} {
		s.Exec(t, "ALTER USER "+first.Text("username")+" REQUIRE "+want)
		v.Pending = candidate(t, target, first)
		mustSet(t, target, v)
		plain := v.Pending.With("ssl", "false")
		if err := target.Test(t.Context(), plain); want == "SSL" {
			mustFail(t, err, rotator.LoginRefused, plain)
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSet_AlternatingUserAtAnAddress_IsThereToo(t *testing.T) {
	s := servertest.MariaDB(t)
	target := newTarget(t, true)
	first := secret(t, s.Port, name("at"), "old")
	s.Exec(t, fmt.Sprintf("CREATE USER %s@'127.0.0.0/255.0.0.0' IDENTIFIED BY 'old'",
		first.Text("username")))
	second := candidate(t, target, first)
	mustSet(t, target, rotator.Versions{Pending: second, Current: first,
		Superuser: superuser(t, s, s.Port)})
	got := s.Exec(t, fmt.Sprintf("SELECT Host FROM mysql.user WHERE User = '%s'",
		second.Text("username")))
	if got != "127.0.0.0/255.0.0.0\n" {
		t.Errorf("the second user is at %q", got)
	}
}

func TestSet_AlternatingCurrentRefused_SuperuserChangesNothing(t *testing.T) {
	s := servertest.MariaDB(t)
	target := newTarget(t, true)
	true1 := newUser(t, s, name("victim"), "")
	current := true1.With("password", "guessed")
	v := rotator.Versions{Pending: candidate(t, target, current), Current: current,
		Previous: &true1, Abandoned: []rotator.Document{true1}, Superuser: superuser(t, s, s.Port)}
	mustFail(t, target.Set(t.Context(), v), rotator.LoginRefused, v.Pending, current)
	if got := s.Exec(t, fmt.Sprintf("SELECT COUNT(*) FROM mysql.user WHERE User = '%s'",
		v.Pending.Text("username"))); got != "0\n" {
		t.Errorf("the second user was made: %s", got)
	}
}

func TestSet_SuperuserThatIsNone_IsRefused(t *testing.T) {
	s := servertest.MariaDB(t)
	target := newTarget(t, true)
	current := newUser(t, s, name("su"), "")
	root := *superuser(t, s, s.Port)
	weak := newUser(t, s, name("weak"), "")
	creator := newUser(t, s, name("creator"), "")
	s.Exec(t, "GRANT CREATE USER, SELECT ON *.* TO "+creator.Text("username"))
	s.Exec(t, "GRANT PROCESS ON *.* TO "+current.Text("username"))
	twin := newUser(t, s, current.Text("username")+"_clone", "")
	pending := candidate(t, target, current)
	for why, c := range map[string]struct {
		superuser *rotator.Document
		want      rotator.Reason
	}{
		"none":                 {nil, rotator.NoSuperuser},
		"another host":         {ptr(root.With("host", "localhost")), rotator.NoSuperuser},
		"another port":         {ptr(root.With("port", "3306")), rotator.NoSuperuser},
		"no password":          {ptr(root.With("password", "")), rotator.NoSuperuser},
		"another engine":       {ptr(root.With("engine", "oracle")), rotator.NoSuperuser},
		"the other user":       {&twin, rotator.NoSuperuser},
		"wrong password":       {ptr(root.With("password", "wr'ong")), rotator.LoginRefused},
		"nobody of importance": {&weak, rotator.Forbidden},
		"may make users alone": {&creator, rotator.Forbidden},
	} {
		t.Run(why, func(t *testing.T) {
			v := rotator.Versions{Pending: pending, Current: current, Superuser: c.superuser}
			mustFail(t, target.Set(t.Context(), v), c.want, pending, current, root, weak, creator)
			mustLogIn(t, target, current)
			mustLogIn(t, target, twin)
		})
	}
}

func ptr[T any](v T) *T { return &v }
