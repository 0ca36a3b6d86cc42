package main

import (
	"regexp"
	"strings"
	"testing"
)

// inspects runs doctor over the database and returns what it says.
func (s *site) inspects(code int, more ...string) string {
	s.t.Helper()
	args := []string{"doctor", "--config", s.path("claviger.toml"), "--database"}
	r := s.run(append(args, more...)...)
	if r.code != code {
		s.t.Fatalf("doctor %v ended with %d, want %d:\n%s%s", more, r.code, code, r.stdout, r.stderr)
	}
	return r.stdout
}

// TestDoctorDatabase_NothingWrong_CountsEveryTable, and beside a running server as well.
func TestDoctorDatabase_NothingWrong_CountsEveryTable(t *testing.T) {
	s := initialised(t)
	said := s.inspects(0)
	for _, want := range []string{`access_keys +1 verified\n`, `service_keys +3 verified\n`,
		`kms_keys +0 verified\n`} {
		if !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("it doesn't say %q:\n%s", want, said)
		}
	}
	if said := s.inspects(0, "--accept"); !strings.Contains(said, "nothing to accept") {
		t.Errorf("it accepted something:\n%s", said)
	}
	p := s.start(s.serve()...)
	p.address()
	if now := s.inspects(0); now != said && !strings.Contains(now, "access_keys") {
		t.Errorf("beside a server it says:\n%s", now)
	}
	s.clear(s.run("doctor", "--config", s.path("claviger.toml"), "--database", "--accept"), 20,
		"another server")
}

// TestDoctorDatabase_RowMissing_IsAcceptedOnDemand: the service doesn't start before, and the trail
// has a record after.
func TestDoctorDatabase_RowMissing_IsAcceptedOnDemand(t *testing.T) {
	s := initialised(t)
	other := s.run("access-key", "create", "--config", s.path("claviger.toml"))
	if other.code != 0 {
		t.Fatal(other.stderr)
	}
	s.edit(`DELETE FROM access_keys WHERE id <> '` + s.id + `'`)
	s.clear(s.run(s.serve()...), 28, "access_keys holds 1 row fewer than the service left in it")
	if said := s.inspects(28); !strings.Contains(said, "CHANGED: table access_keys holds 1 row fewer") {
		t.Errorf("it says\n%s", said)
	}
	if said := s.inspects(0, "--accept"); !strings.Contains(said, "accepted") {
		t.Errorf("it says\n%s", said)
	}
	s.inspects(0)
	trail := s.run("audit", "tail", "--config", s.path("claviger.toml")).stdout
	if !strings.Contains(trail, `"eventName":"AcceptRows"`) ||
		!strings.Contains(trail, "claviger doctor --accept by ") {
		t.Errorf("the trail says\n%s", trail)
	}
	s.start(s.serve()...).address()
}

// TestDoctorDatabase_RowEdited_IsNamed, and is not accepted.
func TestDoctorDatabase_RowEdited_IsNamed(t *testing.T) {
	s := initialised(t)
	s.edit(`UPDATE access_keys SET account = '999988887777'`)
	for _, more := range [][]string{nil, {"--accept"}} {
		said := s.inspects(28, more...)
		if !strings.Contains(said, "WRONG: "+s.id+": its MAC does not fit") {
			t.Errorf("it says\n%s", said)
		}
	}
	s.edit(`DELETE FROM row_sets`)
	said := s.inspects(28)
	if !strings.Contains(said, "the row of table row_sets is missing") ||
		!strings.Contains(said, "WRONG: "+s.id) {
		t.Errorf("it says\n%s", said)
	}
}

// TestDoctorDatabase_ManyRowsEdited_AreCounted, and the first of them named.
func TestDoctorDatabase_ManyRowsEdited_AreCounted(t *testing.T) {
	s := initialised(t)
	s.edit(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 150)
		INSERT INTO access_keys (id, account, rev, principal_id, status, sealed, created, used, mac)
		SELECT printf('A%03d', i), account, rev, principal_id, status, sealed, created, used, mac
		FROM access_keys, n`)
	said := s.inspects(28)
	if n := strings.Count(said, "its MAC does not fit"); n != 100 ||
		!strings.Contains(said, "WRONG: 50 more") || !strings.Contains(said, " 1 verified") {
		t.Errorf("it names %d:\n%s", n, said)
	}
}
