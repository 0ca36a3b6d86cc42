package mysql

import (
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator/servertest"
)

var from, to = account{"a`b'c", "%"}, account{`d\'e`, "%"}

func TestGrantTo_Rows_AreForTheOther(t *testing.T) {
	other := to.String()
	for row, want := range map[string]string{
		"GRANT USAGE ON *.* TO `a``b'c`@`%`":           "GRANT USAGE ON *.* TO " + other,
		"GRANT USAGE ON *.* TO 'a`b''c'@'%'":           "GRANT USAGE ON *.* TO " + other,
		`GRANT USAGE ON *.* TO 'a` + "`" + `b\'c'@'%'`: "GRANT USAGE ON *.* TO " + other,
		"GRANT USAGE ON *.* TO `a``b'c`@`%` IDENTIFIED BY PASSWORD '*X' REQUIRE SSL": "GRANT USAGE " +
			"ON *.* TO " + other,
		"GRANT ALL ON *.* TO `a``b'c`@`%` IDENTIFIED VIA x USING ' WITH ' REQUIRE SUBJECT ' WITH ' " +
			"WITH GRANT OPTION MAX_USER_CONNECTIONS 5": "GRANT ALL ON *.* TO " + other +
			" WITH GRANT OPTION MAX_USER_CONNECTIONS 5",
		"GRANT SELECT (`x TO y`, TO, `)`) ON `z FOR`.`(` TO `a``b'c`@`%` WITH GRANT OPTION": "GRANT " +
			"SELECT (`x TO y`, TO, `)`) ON `z FOR`.`(` TO " + other + " WITH GRANT OPTION",
		"REVOKE INSERT ON ` TO `.* FROM `a``b'c`@`%`": "REVOKE INSERT ON ` TO `.* FROM " + other,
		"GRANT PROXY ON ''@'%' TO 'a`b''c'@'%'":       "GRANT PROXY ON ''@'%' TO " + other,
		"SET DEFAULT ROLE `r TO` FOR `a``b'c`@`%`":    "SET DEFAULT ROLE `r TO` FOR " + other,
	} {
		if got, is, ok := grantTo(row, from, to); !is || !ok || got != want {
			t.Errorf("%s\ngot  %s %t %t\nwant %s", row, got, is, ok, want)
		}
	}
}

func TestGrantTo_RowsOfOthers_AreLeftOut(t *testing.T) {
	for _, row := range []string{
		"GRANT SELECT ON `x`.* TO `role`", "GRANT SELECT ON `x`.* TO PUBLIC",
		"GRANT SELECT ON `x`.* TO `a``b'c`", "GRANT SELECT ON `x`.* TO `other`@`%`",
		"GRANT SELECT ON `x`.* TO `a``b'c`@`localhost`", "GRANT SELECT ON `x`.* TO `A``b'c`@`%`",
	} {
		if got, is, ok := grantTo(row, from, to); is || !ok {
			t.Errorf("%s\ngot %s %t %t", row, got, is, ok)
		}
	}
}

func TestGrantTo_OtherStatements_AreNotRead(t *testing.T) {
	for _, row := range []string{"", "TO", "GRANT", "GRANT SELECT ON `x` TO", "DROP DATABASE `x`",
		"GRANT (SELECT TO `a``b'c`@`%`", "` TO `a``b'c`@`%`", "DROP USER `x` FOR `a``b'c`@`%`"} {
		if got, is, ok := grantTo(row, from, to); ok {
			t.Errorf("%s\ngot %s %t %t", row, got, is, ok)
		}
	}
}

// FuzzGrantTo looks for rows that are made a statement about somebody else than the other account.
func FuzzGrantTo(f *testing.F) {
	for _, row := range []string{"GRANT USAGE ON *.* TO `a``b'c`@`%` WITH GRANT OPTION",
		"SET DEFAULT ROLE `r` FOR `a``b'c`@`%`", "REVOKE INSERT ON `d`.* FROM `a``b'c`@`%`",
		"GRANT SELECT (`a`, TO) ON \"d\".t TO 'a`b''c'@'%' IDENTIFIED BY PASSWORD '*' WITH X 1"} {
		f.Add(row)
	}
	f.Fuzz(func(t *testing.T, row string) {
		statement, is, ok := grantTo(row, from, to)
		if !is {
			return
		}
		if !ok || !strings.Contains(statement, to.String()) {
			t.Fatalf("%q becomes %q", row, statement)
		}
		back, is, ok := grantTo(statement, to, from)
		if !is || !ok {
			t.Fatalf("%q becomes %q, which isn't about %s", row, statement, to)
		}
		if again, _, _ := grantTo(back, from, to); again != statement {
			t.Fatalf("%q becomes %q, and then %q", row, statement, again)
		}
	})
}

func TestPluginOf_ShowCreateUser_NamesIt(t *testing.T) {
	for statement, want := range map[string]string{
		"CREATE USER `a`@`%`": "mysql_native_password",
		"CREATE USER `IDENTIFIED BY PASSWORD`@`%` IDENTIFIED VIA pam":              "pam",
		"CREATE USER `a`@`%` IDENTIFIED BY PASSWORD '*X' REQUIRE SSL":              "mysql_native_password",
		"CREATE USER `a`@`%` IDENTIFIED VIA ed25519 USING 'OR' ACCOUNT LOCK":       "ed25519",
		"CREATE USER `a`@`%` IDENTIFIED VIA ed25519 USING 'x' OR unix_socket":      "",
		"CREATE USER `a`@`%` IDENTIFIED VIA unix_socket OR ed25519 USING 'x'":      "",
		"CREATE USER `a`@`%` IDENTIFIED VIA mysql_old_password USING 'IDENTIFIED'": "mysql_old_password",
	} {
		if got := pluginOf(statement); got != want {
			t.Errorf("%s\ngot %q, want %q", statement, got, want)
		}
	}
}

// TestHashes_OfServers_AreTheSame has what MariaDB 10.11 made of passwords.
func TestHashes_OfServers_AreTheSame(t *testing.T) {
	if got := native("plainPW1"); got != "*C8A5B9968081C7BCDA73582C66902DCD179CCBE1" {
		t.Errorf("mysql_native_password: %s", got)
	}
	got, err := ed25519("plainPW4")
	if err != nil || got != "LWTZq2olsXGX3CMJ804miAZqDK0qnczq6zHKZa1jKR4" {
		t.Errorf("ed25519: %s %v", got, err)
	}
}

func TestEditionOf_Versions_AreRead(t *testing.T) {
	for text, want := range map[string]edition{
		"8.0.36":                        {false, 8, 0, 36},
		"5.7.44-log":                    {false, 5, 7, 44},
		"10.11.6-MariaDB-0+deb12u1":     {true, 10, 11, 6},
		"5.5.5-10.4.32-MariaDB":         {true, 10, 4, 32},
		"11.4.2-MariaDB-ubu2404-log":    {true, 11, 4, 2},
		"8.0.28-cluster.with.dots":      {false, 8, 0, 28},
		"10.6.16-12-MariaDB-enterprise": {true, 10, 6, 16},
		"8.0.mysql_aurora.3.04.0":       {false, 8, 0, 0},
		"8.0":                           {false, 8, 0, 0}, "8": {},
		"":              {},
		"5.5.5-MariaDB": {},
	} {
		got, ok := editionOf(text)
		if want == (edition{}) && ok || want != (edition{}) && (!ok || got != want) {
			t.Errorf("%q: got %v %t, want %v", text, got, ok, want)
		}
	}
}

// TestRequirement_Columns_AreTheClauseAgain has MariaDB read what is made of its own columns.
func TestRequirement_Columns_AreTheClauseAgain(t *testing.T) {
	s := servertest.MariaDB(t)
	for _, clause := range []string{"NONE", "SSL", "X509", "SUBJECT '/CN=c'",
		`ISSUER '/CN=a''b' SUBJECT '/CN=c\\d' CIPHER 'd'`} {
		out := s.Exec(t, "CREATE OR REPLACE USER required REQUIRE "+clause+"; SELECT ssl_type, "+
			"ssl_cipher, x509_issuer, x509_subject FROM mysql.user WHERE User = 'required'")
		columns := strings.Split(strings.TrimSuffix(out, "\n"), "\t")
		want := s.Exec(t, "SHOW CREATE USER required")
		got := s.Exec(t, "CREATE OR REPLACE USER required REQUIRE "+
			requirement(columns[0], columns[1], columns[2], columns[3])+"; SHOW CREATE USER required")
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", clause, got, want)
		}
	}
	s.Exec(t, "DROP USER required")
}
