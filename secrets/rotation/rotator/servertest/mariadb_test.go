package servertest_test

import (
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator/servertest"
)

func TestMariaDB_SameSettings_AreOneServer(t *testing.T) {
	s := servertest.MariaDB(t)
	if again := servertest.MariaDB(t); again != s {
		t.Error("a second server was started")
	}
	if got := s.Exec(t, "SELECT 'somebody', @@have_ssl"); got != "somebody\tYES\n" {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(s.Log(t), "SELECT 'somebody'") {
		t.Errorf("the log has no statement:\n%s", s.Log(t))
	}
	plain := servertest.MariaDB(t, "skip-ssl")
	if got := plain.Exec(t, "SELECT @@have_ssl"); got != "DISABLED\n" {
		t.Errorf("without TLS the server has %q", got)
	}
}
