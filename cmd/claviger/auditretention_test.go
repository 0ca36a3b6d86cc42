package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claviger/audit/tree"
	"claviger/store"
	"claviger/trail/treerows"
)

// aged has all records that are there been committed so long ago. When that was is not in the tree.
func aged(t *testing.T, database string, ago time.Duration) {
	t.Helper()
	db, err := sql.Open("sqlite3", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var trigger string
	err = db.QueryRow(`SELECT sql FROM sqlite_master WHERE name = 'trail_is_not_rewritten'`).
		Scan(&trigger)
	for _, statement := range []string{`DROP TRIGGER trail_is_not_rewritten`,
		`UPDATE trail SET at = at - ?`, trigger} {
		var args []any
		if strings.Contains(statement, "?") {
			args = append(args, ago.Microseconds())
		}
		if err == nil {
			_, err = db.Exec(statement, args...)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// oldest is the number of the oldest record that is there.
func oldest(t *testing.T, database string) int64 {
	t.Helper()
	db, err := store.OpenReader(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	number, err := treerows.Open(db).Oldest()
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// TestAudit_RecordsRemovedForTheirAge_RestIsProvedAndTheyAreNamed, offline and of a copy, with a
// key that was noted down before.
func TestAudit_RecordsRemovedForTheirAge_RestIsProvedAndTheyAreNamed(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	key := strings.TrimSpace(audited(t, s, 0, "key", "--config", s.path("claviger.toml")))
	p := s.start(s.serve()...)
	recorded(t, s, p, 5)
	p.stop()
	shipped := strings.Split(audited(t, s, 0, "tail", "-n", "0", "--database",
		s.path("claviger.db")), "\n")
	aged(t, s.path("claviger.db"), 40*24*time.Hour)
	p = s.start(s.serve()...)
	recorded(t, s, p, 3)
	p.stop()

	s.add("[trail]\nkeep = \"30d\"\n")
	p = s.start(s.serve()...)
	p.address()
	for until := time.Now().Add(time.Minute); oldest(t, s.path("claviger.db")) < 8; {
		if time.Now().After(until) {
			t.Fatalf("nothing is removed:\n%s", &p.stderr)
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.stop()
	copied := filepath.Join(t.TempDir(), "copy.db")
	text, err := os.ReadFile(s.path("claviger.db"))
	if err == nil {
		err = os.WriteFile(copied, text, 0o400)
	}
	if err != nil {
		t.Fatal(err)
	}
	of := []string{"--database", copied, "--key", key}

	said := audited(t, s, 0, append([]string{"verify", "--closed"}, of...)...)
	if !strings.Contains(said, "removed       1 to 7, for their age") ||
		!strings.Contains(said, "Proved: ") {
		t.Error(said)
	}
	said = audited(t, s, 35, append([]string{"verify", "--whole"}, of...)...)
	if !strings.Contains(said, "WRONG: records 1 to 7 are missing") {
		t.Error(said)
	}
	proves(t, key, s.run(append([]string{"audit", "prove", "9"}, of...)...), "", "")

	const gone = "record 3 was removed for its age, as record 11 of the trail tells"
	r := s.run(append([]string{"audit", "prove", "3"}, of...)...)
	proves(t, key, r, "", "has no record")
	if r.code != 0 || !strings.Contains(r.stderr, gone) {
		t.Errorf("prove 3: %d, %s", r.code, r.stderr)
	}
	// Whoever has kept the record proves it all the same.
	proves(t, key, r, shipped[2], "")
	proves(t, key, r, shipped[3], "not in the tree")
	id := eventID.FindStringSubmatch(shipped[2])[1]
	said = audited(t, s, 1, append([]string{"prove", id}, of...)...)
	if !strings.Contains(said, "1 to 7") || !strings.Contains(said, "removed for their age") {
		t.Error(said)
	}
}

// proves has the example look at a proof, with a record in it if there is one, and holds what it
// says against a text that must be there; an empty one is a proof that holds.
func proves(t *testing.T, key string, r result, record, wrong string) {
	t.Helper()
	text := []byte(r.stdout)
	if record != "" {
		var p tree.Proof
		if err := json.Unmarshal(text, &p); err != nil {
			t.Fatalf("%v: %+v", err, r)
		}
		p.Record = record
		var err error
		if text, err = json.Marshal(p); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("go", "run", "claviger/examples/proof", key)
	c.Stdin = strings.NewReader(string(text))
	out, err := c.CombinedOutput()
	if (err == nil) != (wrong == "") || !strings.Contains(string(out), wrong) {
		t.Errorf("%v: %s, want %q", err, out, wrong)
	}
}
