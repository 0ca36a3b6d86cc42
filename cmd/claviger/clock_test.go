package main

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"claviger/cmd/claviger/config"
	"claviger/internal/clock"
	"claviger/service"
)

// believedLast has the site's database believe a time long ago, on a start of the machine that is
// over. It uses the token in this process.
func (s *site) believedLast(ago time.Duration) {
	s.t.Helper()
	s.t.(*testing.T).Setenv("SOFTHSM2_CONF", s.path("softhsm2.conf"))
	c, err := config.Read(s.path("claviger.toml"))
	if err != nil {
		s.t.Fatal(err)
	}
	before := clock.Source{Now: func() time.Time { return time.Now().Add(-ago) },
		Uptime: func() time.Duration { return time.Hour }, Boot: "before"}
	o, err := service.Open(s.t.Context(), service.Config{Database: c.Database, HSM: c.Device(),
		Regions: c.Regions, Log: slog.New(slog.DiscardHandler), Idle: true, Clock: before})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := o.AcceptClock(s.t.Context(), c.Account, "test"); err != nil {
		s.t.Error(err)
	}
	if err := o.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// TestClockAccept_InDoubt_EndsItAndIsRecorded: by the server that runs, and where none does.
func TestClockAccept_InDoubt_EndsItAndIsRecorded(t *testing.T) {
	s := initialised(t)
	with := []string{"--config", s.path("claviger.toml")}
	says := func(code int, want string, args ...string) {
		t.Helper()
		r := s.run(append([]string{"clock"}, args...)...)
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf("clock %v: %d\n%s%s", args, r.code, r.stdout, r.stderr)
		}
	}
	says(2, "claviger clock show|accept")
	says(2, "12 digits", "accept", with[0], with[1], "--account", "1")
	says(0, "and is believed.", "show", with[0], with[1])
	says(0, "nothing to accept", "accept", with[0], with[1])
	for _, running := range []bool{true, false} {
		s.believedLast(14 * 24 * time.Hour)
		says(0, "In doubt: the clock shows ", "show", with[0], with[1])
		var p *process
		ready := func() string { return "" }
		if running {
			p = s.start(s.serve()...)
			url := "http://" + p.address() + "/readyz"
			ready = func() string {
				resp, err := http.Get(url)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				text, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Errorf("/readyz: %s, %v", resp.Status, err)
				}
				return string(text)
			}
			if text := ready(); !strings.Contains(text, "336h0m0s ahead") {
				t.Errorf("/readyz: %q", text)
			}
			p.says(&p.stderr, "ahead of the time that is believed")
		}
		says(0, "is believed from now on", "accept", with[0], with[1])
		says(0, "and is believed.", "show", with[0], with[1])
		if running {
			if text := ready(); text != "ok\n" {
				t.Errorf("/readyz: %q", text)
			}
			if code := p.stop(); code != 0 {
				t.Errorf("the server ended with %d", code)
			}
		}
		trail := s.run("audit", "tail", with[0], with[1], "-n", "1").stdout
		for _, want := range []string{`"eventName":"AcceptClock"`, `"claviger clock accept by `,
			`"accepted":"`} {
			if !strings.Contains(trail, want) {
				t.Errorf("the record lacks %q: %s", want, trail)
			}
		}
	}
	s.believedLast(-14 * 24 * time.Hour)
	says(0, "Behind: the clock shows ", "show", with[0], with[1])
	says(0, "is believed from now on", "accept", with[0], with[1])
}
