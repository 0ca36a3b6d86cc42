package mysql_test

import (
	"slices"
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/mysql"
)

func mysqlTarget(t *testing.T, alternating bool) rotator.Target {
	t.Helper()
	return mysql.New(mysql.Config{Reach: reach(t), Alternating: alternating})
}

func mysqlSecret(t *testing.T, f *fakeMySQL, user, password string) rotator.Document {
	t.Helper()
	return secret(t, f.port, user, password).With("engine", "mysql")
}

func TestSet_MySQLSingleUser_KeepsTheOldPassword(t *testing.T) {
	f := newFakeMySQL(t, "8.0.36")
	f.mayRetain = true
	target := mysqlTarget(t, false)
	first := mysqlSecret(t, f, "orders", "old")
	second := first.With("password", "second")
	mustSet(t, target, rotator.Versions{Pending: second, Current: first})
	mustLogIn(t, target, first)
	third := first.With("password", "third")
	mustSet(t, target, rotator.Versions{Pending: third, Current: second, Previous: &first})
	mustLogIn(t, target, second)
	mustFail(t, target.Test(t.Context(), first), rotator.LoginRefused, first)
}

// TestSet_MySQLCandidateGivenUp_KeepsWhatClientsHave: the candidate is the first of two passwords,
// and a change alone would drop the second.
func TestSet_MySQLCandidateGivenUp_KeepsWhatClientsHave(t *testing.T) {
	for _, mayNotRepeat := range []bool{false, true} {
		f := newFakeMySQL(t, "8.4.0")
		f.mayRetain, f.mayNotRepeat = true, mayNotRepeat
		target := mysqlTarget(t, false)
		current := mysqlSecret(t, f, "orders", "old")
		abandoned := current.With("password", "abandoned")
		mustSet(t, target, rotator.Versions{Pending: abandoned, Current: current})
		next := current.With("password", "next")
		mustSet(t, target, rotator.Versions{Pending: next, Current: current,
			Abandoned: []rotator.Document{abandoned}})
		if got := f.accepts("old"); got == mayNotRepeat {
			t.Errorf("where passwords may not repeat %t the current one goes on working: %t",
				mayNotRepeat, got)
		}
	}
}

func TestSet_MySQLSingleUser_FallsBack(t *testing.T) {
	for why, c := range map[string]struct {
		version               string
		mayRetain, mustSayOld bool
		want                  string // the last statement
	}{
		"may retain": {"8.0.14", true, false,
			"ALTER USER USER() IDENTIFIED BY 'n''e\\\\w' RETAIN CURRENT PASSWORD"},
		"must say the old one": {"8.0.36-28", true, true,
			"ALTER USER USER() IDENTIFIED BY 'n''e\\\\w' REPLACE 'old' RETAIN CURRENT PASSWORD"},
		"may not retain": {"8.0.36", false, false, "ALTER USER USER() IDENTIFIED BY 'n''e\\\\w'"},
		"may not retain, and must say the old one": {"9.1.0-commercial", false, true,
			"ALTER USER USER() IDENTIFIED BY 'n''e\\\\w' REPLACE 'old'"},
		"8.0 before it retained": {"8.0.13", true, false, "SET PASSWORD = 'n''e\\\\w'"},
		"5.7":                    {"5.7.44-log", true, false, "SET PASSWORD = PASSWORD('n''e\\\\w')"},
	} {
		t.Run(why, func(t *testing.T) {
			f := newFakeMySQL(t, c.version)
			f.mayRetain, f.mustSayOld = c.mayRetain, c.mustSayOld
			current := mysqlSecret(t, f, "orders", "old")
			v := rotator.Versions{Pending: current.With("password", `n'e\w`), Current: current}
			if err := mysqlTarget(t, false).Set(t.Context(), v); err != nil {
				t.Fatal(err)
			}
			all := f.changes()
			if got := all[len(all)-1]; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestSet_MySQLRefusesThePassword_KeepsTheOld(t *testing.T) {
	f := newFakeMySQL(t, "8.0.36")
	f.mayRetain, f.mayNotRepeat, f.secondary = true, true, "second"
	current := mysqlSecret(t, f, "orders", "old")
	v := rotator.Versions{Pending: current.With("password", "new"), Current: current}
	f.primary, f.secondary = "old", "new"
	f.mustSayOld = true
	// The pending one logs in already, as the second of two.
	mustSet(t, mysqlTarget(t, false), v)
	if len(f.changes()) != 0 {
		t.Errorf("changed by %q", f.changes())
	}
}

func TestSet_MySQLAlternatingUsers_StatementsFitTheVersion(t *testing.T) {
	requirement := [][]string{{"ANY", "", "", ""}}
	grants := [][]string{{"GRANT USAGE ON *.* TO `orders`@`%`"},
		{"REVOKE INSERT ON `a`.* FROM `orders`@`%`"},
		{"GRANT `r`@`%`,`s`@`%` TO `orders`@`%` WITH ADMIN OPTION"}}
	for version, want := range map[string][]string{
		"8.0.36": {
			"GRANT USAGE ON *.* TO 'orders_clone'@'%'",
			"REVOKE INSERT ON `a`.* FROM 'orders_clone'@'%'",
			"GRANT `r`@`%`,`s`@`%` TO 'orders_clone'@'%' WITH ADMIN OPTION",
			"ALTER USER 'orders_clone'@'%' DEFAULT ROLE 'r'@'%', 's'@'%'",
			"ALTER USER 'orders_clone'@'%' REQUIRE SSL",
			"SET PASSWORD FOR 'orders_clone'@'%' = 'new'",
		},
		"5.7.44": {
			"GRANT USAGE ON *.* TO 'orders_clone'@'%'",
			"REVOKE INSERT ON `a`.* FROM 'orders_clone'@'%'",
			"GRANT `r`@`%`,`s`@`%` TO 'orders_clone'@'%' WITH ADMIN OPTION",
			"ALTER USER 'orders_clone'@'%' REQUIRE SSL",
			"SET PASSWORD FOR 'orders_clone'@'%' = PASSWORD('new')",
		},
		"5.6.51": {
			"GRANT USAGE ON *.* TO 'orders_clone'@'%'",
			"REVOKE INSERT ON `a`.* FROM 'orders_clone'@'%'",
			"GRANT `r`@`%`,`s`@`%` TO 'orders_clone'@'%' WITH ADMIN OPTION",
			"GRANT USAGE ON *.* TO 'orders_clone'@'%' REQUIRE SSL",
			"SET PASSWORD FOR 'orders_clone'@'%' = PASSWORD('new')",
		},
	} {
		t.Run(version, func(t *testing.T) {
			f := newFakeMySQL(t, version)
			f.rows = map[string][][]string{
				"SELECT COUNT(*)": {{"0"}}, "SHOW GRANTS FOR 'orders'@'%'": grants,
				"SELECT ssl_type": requirement, "SELECT DEFAULT_ROLE_USER": {{"r", "%"}, {"s", "%"}},
			}
			current := mysqlSecret(t, f, "orders", "old")
			root := mysqlSecret(t, f, "root", "root")
			v := rotator.Versions{Current: current, Superuser: &root,
				Pending: current.With("username", "orders_clone").With("password", "new")}
			if err := mysqlTarget(t, true).Set(t.Context(), v); err != nil {
				t.Fatal(err)
			}
			got := f.changes()
			if !strings.HasPrefix(got[0], "CREATE USER 'orders_clone'@'%' IDENTIFIED BY '") {
				t.Errorf("it begins with %s", got[0])
			}
			mustNotSay(t, got[0], v.Pending)
			if !slices.Equal(got[1:], want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got[1:], "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestSet_AnswersThatMakeNoSense_AreRefused(t *testing.T) {
	current := [][]string{{"0"}}
	for why, c := range map[string]struct {
		version string
		rows    map[string][][]string
	}{
		"no version": {"eight", nil},
		"no number":  {"8.x.0", nil},
		"no count":   {"8.0.36", map[string][][]string{"SELECT COUNT(*)": {{"1", "2"}}}},
		"no grant": {"8.0.36", map[string][][]string{"SELECT COUNT(*)": current,
			"SHOW GRANTS": {{"DROP DATABASE `a`"}}}},
	} {
		t.Run(why, func(t *testing.T) {
			f := newFakeMySQL(t, c.version)
			f.rows = c.rows
			d := mysqlSecret(t, f, "orders", "old")
			root := mysqlSecret(t, f, "root", "root")
			v := rotator.Versions{Current: d, Superuser: &root,
				Pending: d.With("username", "orders_clone").With("password", "new")}
			mustFail(t, mysqlTarget(t, true).Set(t.Context(), v), rotator.BadAnswer, d, root)
		})
	}
}
