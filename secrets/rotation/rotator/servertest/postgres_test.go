package servertest_test

import (
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator/servertest"
)

func TestPostgres_SameSettings_AreOneServer(t *testing.T) {
	s := servertest.Postgres(t)
	if again := servertest.Postgres(t); again != s {
		t.Error("a second server was started")
	}
	s.Exec(t, "CREATE ROLE somebody")
	if !strings.Contains(s.Log(), "CREATE ROLE somebody") {
		t.Errorf("the log has no statement:\n%s", s.Log())
	}
	standby := s.Standby(t)
	standby.Exec(t, "SELECT 'somebody'::regrole")
	if standby.Port == s.Port {
		t.Error("the standby has its primary's port")
	}
}
