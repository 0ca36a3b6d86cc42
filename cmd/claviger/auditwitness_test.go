package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"claviger/store"
)

// TestAuditWitness_DatabasePutBack_IsAnAlarm in a file and at another Claviger, though everything
// in the database fits.
func TestAuditWitness_DatabasePutBack_IsAnAlarm(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	config := []string{"--config", s.path("claviger.toml")}
	key := strings.TrimSpace(audited(t, s, 0, append([]string{"key"}, config...)...))
	hold := t.TempDir()
	other := s.start("audit", "witness", "--listen", "127.0.0.1:0", "--hold", hold, "--log", key)
	address := other.says(&other.stdout, `A witness at (\S+);`) + "#" +
		other.says(&other.stdout, `its key is\n(\S+)`)
	hand := []string{"witness", "--once", "--key", key, "--database", s.path("claviger.db"),
		"--to", "file:" + s.path("held"), "--to", "http://" + address}
	p := s.start(s.serve()...)
	recorded(t, s, p, 3)
	p.stop()
	audited(t, s, 0, hand...)
	before, err := os.ReadFile(s.path("claviger.db"))
	if err != nil {
		t.Fatal(err)
	}
	p = s.start(s.serve()...)
	recorded(t, s, p, 4)
	p.stop()
	if said := audited(t, s, 0, hand...); !strings.Contains(said, "of 9 records") {
		t.Error(said)
	}
	s.put("claviger.db", string(before), 0o600)
	closed := []string{"verify", "--closed", "--key", key, "--database", s.path("claviger.db")}
	audited(t, s, 0, closed...)
	said := audited(t, s, 35, hand...)
	if strings.Count(said, "ALARM: ") != 2 || !strings.Contains(said, "held: ") {
		t.Error(said)
	}
	said = audited(t, s, 35, append(closed, "--checkpoint", s.path("held"))...)
	if !strings.Contains(said, "WRONG: records 6 to 9 are missing: the trail is older than") {
		t.Error(said)
	}
	// Other records in the place of those that are gone are no trail that goes on either.
	p = s.start(s.serve()...)
	recorded(t, s, p, 9)
	p.stop()
	audited(t, s, 35, hand...)
	said = audited(t, s, 35, append(closed, "--checkpoint", s.path("held"))...)
	if !strings.Contains(said, "the checkpoint of 9 records was signed over another trail") {
		t.Error(said)
	}
	for _, bad := range [][]string{{"witness"}, {"witness", "--listen", "127.0.0.1:0"},
		{"witness", "--to", "x", "--key", key, "--database", s.path("claviger.db")},
		{"witness", "--to", "https://a", "--key", key, "--database", s.path("claviger.db")},
		{"witness", "--to", "https://a#" + key, "--key", key, "--database", s.path("claviger.db")},
		{"witness", "--listen", ":0", "--to", "syslog"}} {
		audited(t, s, 2, bad...)
	}
	if code := other.stop(); code != 0 {
		t.Errorf("the witness ended with %d", code)
	}
}

// metricsOf are what a server shows of the places of witnesses, a line each.
func metricsOf(t *testing.T, address string) string {
	t.Helper()
	a, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	all, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// shows holds metrics to lines that must be there.
func shows(t *testing.T, metrics string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains(metrics, "\nclaviger_trail_witness_"+line+"\n") {
			t.Errorf("there is no %s", line)
		}
	}
}

// TestAuditWitness_PlaceThatFails_RingsAtTheServer: it is in the metrics and the events of the
// server, and in a file of metrics where there is none. So is an older database.
func TestAuditWitness_PlaceThatFails_RingsAtTheServer(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	key := strings.TrimSpace(audited(t, s, 0, "key", "--config", s.path("claviger.toml")))
	other := s.start("audit", "witness", "--listen", "127.0.0.1:0", "--hold", t.TempDir(),
		"--log", key)
	away := "http://" + other.says(&other.stdout, `A witness at (\S+);`)
	witness := other.says(&other.stdout, `its key is\n(\S+)`)
	other.stop()
	file := "file:" + s.path("held")
	hand := []string{"witness", "--once", "--key", key, "--database", s.path("claviger.db"),
		"--metrics-file", s.path("witness.prom"), "--to", file}
	withAway := append(hand[:len(hand):len(hand)], "--to", away+"#"+witness)

	p := s.start(s.serve()...)
	recorded(t, s, p, 1)
	p.stop() // which has everything signed
	before, err := os.ReadFile(s.path("claviger.db"))
	if err != nil {
		t.Fatal(err)
	}
	p = s.start(s.serve()...)
	if m := metricsOf(t, p.address()); strings.Contains(m, "claviger_trail_witness_") {
		t.Errorf("before there is a witness: %s", m)
	}
	recorded(t, s, p, 3)
	p.stop()
	p = s.start(s.serve()...)
	address := p.address()
	audited(t, s, 0, hand...)
	if said := audited(t, s, 1, withAway...); !strings.Contains(said, away+": ") {
		t.Error(said)
	}
	shows(t, metricsOf(t, address), `failing{place="`+file+`"} 0`, `failing{place="`+away+`"} 1`,
		`contradicted{place="`+away+`"} 0`, `failing{place="database"} 0`,
		`records{place="`+away+`"} 0`)
	p.stop()

	s.put("claviger.db", string(before), 0o600)
	p = s.start(s.serve()...)
	p.address()
	audited(t, s, 35, withAway...)
	shows(t, metricsOf(t, p.address()), `contradicted{place="`+file+`"} 1`,
		`contradicted{place="database"} 0`)
	written, err := os.ReadFile(s.path("witness.prom"))
	if err != nil {
		t.Fatal(err)
	}
	shows(t, string(written), `contradicted{place="`+file+`"} 1`, `failing{place="`+away+`"} 1`)
	tells(t, s, `"detail":{"version":"1","name":"`+file+`","state":"CONTRADICTED"`)
	tells(t, s, `"detail":{"version":"1","name":"`+away+`","state":"UNREACHED"`)
	p.stop()
}

// tells waits until the server has left an event that has a text in it.
func tells(t *testing.T, s *site, text string) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); {
		db, err := store.OpenReader(t.Context(), s.path("claviger.db"))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		err = db.Row(store.Wide(`SELECT count(*) FROM outbox WHERE instr(CAST(event AS TEXT), $1) > 0`,
			"a test looks at all of it"), []any{text}, &found)
		db.Close()
		if err != nil {
			t.Fatal(err)
		}
		if found > 0 {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Errorf("no event has %s", text)
}
