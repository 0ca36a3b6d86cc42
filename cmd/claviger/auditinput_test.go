package main

import (
	"os"
	"strings"
	"testing"
)

// TestAudit_WrongInput_IsSaidPlainly: an auditor who names the wrong file, key, record or range is
// told which it is, in one sentence, and no command says that anything was proved.
func TestAudit_WrongInput_IsSaidPlainly(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	key := strings.TrimSpace(audited(t, s, 0, "key", "--config", s.path("claviger.toml")))
	p := s.start(s.serve()...)
	recorded(t, s, p, 3)
	p.stop()
	database := s.path("claviger.db")
	whole, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	// What `cp` makes of a young database that has all of its tables in the file beside it.
	first := append([]byte(nil), whole[:4096]...)
	copy(first[28:32], []byte{0, 0, 0, 1})
	s.put("first-page.db", string(first), 0o600)
	s.put("empty", "", 0o644)
	s.put("noise", strings.Repeat("\x00\xffno", 1000), 0o644)
	s.put("other-key", strings.Replace(key, "claviger/", "claviger/0", 1), 0o600)
	if err := os.Mkdir(s.path("directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	on, by := []string{"--database", database}, []string{"--key", key}
	with := func(args []string, more ...[]string) []string {
		for _, m := range more {
			args = append(args[:len(args):len(args)], m...)
		}
		return args
	}
	for _, command := range [][]string{{"verify"}, {"prove", "1"},
		{"witness", "--once", "--to", "file:" + s.path("held")}} {
		for file, says := range map[string]string{"directory": "directory is no file",
			"empty": "empty is no database", "noise": "noise is no database",
			"first-page.db": "first-page.db-wal", "absent": "no such file"} {
			args := with([]string{"audit"}, command, by, []string{"--database", s.path(file)})
			s.clear(s.run(args...), 1, says)
		}
		s.clear(s.run(with([]string{"audit"}, command, on, []string{"--key", key[:len(key)-1]})...), 1,
			"it isn't whole")
		s.clear(s.run(with([]string{"audit"}, command, on, []string{"--key", s.path("empty")})...), 1,
			"this is no key of a trail")
	}
	for _, command := range []string{"tail", "query"} {
		s.clear(s.run("audit", command, "--database", s.path("directory")), 1, "is no file")
		s.clear(s.run("audit", command, "--database", s.path("noise")), 1, "is no database")
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{with([]string{"verify", "--checkpoint", s.path("empty")}, on, by), 1, "holds no checkpoint"},
		{with([]string{"verify", "--checkpoint", s.path("directory")}, on, by), 1, "is a directory"},
		{with([]string{"verify", "--checkpoint", s.path("absent")}, on, by), 1, "no such file"},
		{with([]string{"verify", "--records", s.path("empty")}, on, by), 1, "nothing was verified"},
		{with([]string{"verify", "--records", s.path("empty")}, by), 2, "--checkpoint is needed"},
		{with([]string{"verify", "--records", s.path("noise"), "--first", "0"}, on, by), 2,
			"numbered from 1"},
		{with([]string{"verify", "--first", "3"}, on, by), 2, "--first is for --records"},
		{with([]string{"prove", "99"}, on, by), 1, "there is no record 99"},
		{with([]string{"prove", "1", "--key", s.path("other-key")}, on), 35, "by the key that was said"},
		{[]string{"key", "--database", database}, 1, "With --config FILE the token is opened"},
		{with([]string{"witness", "--hold", s.path("directory"), "--log", key}, on), 2, "say --listen"},
		{with([]string{"witness", "--once", "--to", "file:" + s.path("noise")}, on, by), 35,
			"something else than checkpoints"},
		{[]string{"witness", "--listen", "127.0.0.1:0", "--hold", s.path("directory"), "--log",
			s.path("noise")}, 1, "this is no key of a trail"},
		{[]string{"witness", "--listen", "127.0.0.1:0", "--hold", s.path("directory"), "--log", key,
			"--tls-certificate", s.path("noise")}, 2, "belong together"},
		{[]string{"witness", "--listen", "127.0.0.1:0", "--hold", s.path("directory"), "--log", key,
			"--tls-certificate", s.path("noise"), "--tls-key", s.path("noise")}, 1, "noise with"},
	} {
		r := s.run(append([]string{"audit"}, c.args...)...)
		s.clear(r, c.code, c.says)
		if r.stdout != "" {
			t.Errorf("%q prints %s", c.args, r.stdout)
		}
	}
}

// TestAuditVerify_AnotherKey_IsOneFault however many checkpoints there are, and asks for the key.
func TestAuditVerify_AnotherKey_IsOneFault(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	key := strings.TrimSpace(audited(t, s, 0, "key", "--config", s.path("claviger.toml")))
	for range 3 {
		p := s.start(s.serve()...)
		recorded(t, s, p, 1)
		p.stop()
	}
	said := audited(t, s, 35, "verify", "--database", s.path("claviger.db"), "--key",
		strings.Replace(key, "claviger/", "claviger/0", 1))
	if strings.Count(said, "it is signed by another key") != 1 ||
		!strings.Contains(said, "checkpoints more are signed by another key") ||
		!strings.Contains(said, "Is it this trail's?") {
		t.Error(said)
	}
}
