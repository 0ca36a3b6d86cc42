package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/service"
)

const lost = "arn:aws:logs:us-east-1:111122223333:log-group:lost"

// bury leaves a dead letter for a log file that nobody declares.
func (s *site) bury(number, id string) {
	s.t.Helper()
	now := strconv.FormatInt(time.Now().UnixMicro(), 10)
	s.sql(`INSERT INTO dead_letters (number, account, region, kind, receiver, ordered, id, put, died,
		attempts, code, message, exhausted, policy, context, body) VALUES (` + number + `,
		'111122223333', 'us-east-1', 'events:log-group', '` + lost + `', 'key', '` + id + `',
		` + now + `, ` + now + `, 4, 'TIMEOUT', 'the receiver did not answer in time',
		'MaximumRetryAttempts', CAST('{"r":3,"a":86400,"min":1,"max":480,"b":"doubling"}' AS BLOB),
		CAST('{}' AS BLOB), CAST('{}' AS BLOB))`)
}

// TestEvents_DeadLetters_AreShownAndTriedAgain: by the running server, and by none.
func TestEvents_DeadLetters_AreShownAndTriedAgain(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	s.bury("1", "first")
	s.bury("2", "second")
	status := func(more ...string) string {
		t.Helper()
		r := s.run(append([]string{"events", "status", "--config", s.path("claviger.toml")}, more...)...)
		if r.code != 0 {
			t.Fatalf("exit code %d: %s", r.code, r.stderr)
		}
		return r.stdout
	}
	redrive := func(says string, more ...string) {
		t.Helper()
		r := s.run(append([]string{"events", "redrive", "--config", s.path("claviger.toml")}, more...)...)
		if r.code != 0 || strings.TrimSpace(r.stdout) != says {
			t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
		}
	}
	has := func(said string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(said, part) {
				t.Errorf("it lacks %q:\n%s", part, said)
			}
		}
	}
	has(status(), "Waiting: 0 messages. Dead letters: 2.", "first", "second",
		lost, "TIMEOUT: the receiver did not answer in time")
	if said := status("--id", "second"); strings.Contains(said, "first") {
		t.Errorf("of the second it says:\n%s", said)
	}
	redrive("0 dead letters are tried again.", "--account", "444455556666")
	redrive("1 dead letter is tried again.", "--id", "first")
	has(status(), "Waiting: 1 messages, the oldest for ", "Dead letters: 1.")

	s.start(s.serve()...).address() // so that the commands find it
	for until := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var now service.DeliveryStatus
		if err := json.Unmarshal([]byte(status("--json")), &now); err != nil {
			t.Fatal(err)
		}
		if now.Dead == 2 && now.Waiting == 0 {
			if l := now.Letters[1]; l.ID != "first" || l.Attempts != 1 || l.Code != "NO_RESOURCE" {
				t.Errorf("the first died again as %+v", l)
			}
			break
		}
		if time.Now().After(until) {
			t.Fatalf("in a minute it did not die again: %+v", now.Stats)
		}
	}
	redrive("2 dead letters are tried again.", "--receiver", lost)
	s.clear(s.run("events", "bury"), 2, `there is no "bury"`)
	s.clear(s.run("events", "status", "--config", s.path("claviger.toml"), "--account", "x"), 2,
		"--account must be 12 digits")
}
