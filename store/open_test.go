package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"claviger/internal/fault"
)

var (
	addMigration = Wide(`INSERT INTO migration (number, name, checksum, applied)
		VALUES ($1, $2, $3, $4)`, "a test")
	editMigration = Wide(`UPDATE migration SET checksum = $1 WHERE number = 1`, "a test")
	dropMigration = Wide(`DELETE FROM migration WHERE number > 0`, "a test")
)

// A database that is not this program's is refused, by the server and by a reader, with its own
// error each.
func TestOpen_ForeignSchema_IsRefused(t *testing.T) {
	for what, c := range map[string]struct {
		query  *Query
		args   []any
		server error
		reader error
	}{
		"newer":   {addMigration, []any{9999, "9999_future.sql", []byte("x"), 0}, ErrNewer, ErrNewer},
		"changed": {editMigration, []any{[]byte("x")}, ErrChanged, ErrChanged},
		"unknown": {addMigration, []any{0, "0000_odd.sql", []byte("x"), 0}, ErrHistory, ErrHistory},
		"older":   {dropMigration, nil, nil, ErrOlder},
	} {
		dir := t.TempDir()
		db := openTest(t, dir)
		change := func(tx *Tx) error { _, err := tx.Exec(c.query, c.args...); return err }
		if err := db.Commit(change, nil); err != nil {
			t.Fatal(what, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(what, err)
		}
		path := filepath.Join(dir, "db")
		if _, err := openReader(path, withThings); !errors.Is(err, c.reader) {
			t.Errorf("%s: OpenReader returned %v", what, err)
		}
		if c.server == nil {
			continue
		}
		_, err := Open(t.Context(), Config{Path: path, Migrations: withThings})
		if !errors.Is(err, c.server) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: Open returned %v", what, err)
		}
		if _, again := Open(t.Context(), Config{Path: path}); errors.Is(again, ErrLocked) {
			t.Errorf("%s: Open failed and kept the lock", what)
		}
	}
}

func TestOpen_Files_AreTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", file.Name(), info.Mode(), err)
		}
	}
	if len(files) != 4 { // database, log, shared memory, lock
		t.Errorf("the directory holds %v", files)
	}
	db.Close()
	path := filepath.Join(dir, "db")
	for _, mode := range []os.FileMode{0o640, 0o604} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, ErrExposed) {
			t.Errorf("mode %o: Open returned %v", mode, err)
		}
	}
}

// Durability and deletion hang on what every connection was told when it was opened.
func TestConnection_Settings_AreDurableAndStrict(t *testing.T) {
	e, err := newSQLite(filepath.Join(t.TempDir(), "db"), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []role{writing, reading} {
		s, err := newConnection(t.Context(), e, r)
		if err != nil {
			t.Fatal(err)
		}
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1",
			"secure_delete": "1", "temp_store": "2", "trusted_schema": "0",
			"query_only": map[role]string{writing: "0", reading: "1"}[r],
		} {
			var got string
			if err := s.row(internal("PRAGMA "+pragma), nil, []any{&got}); err != nil || got != want {
				t.Errorf("role %d: %s is %q, want %q (%v)", r, pragma, got, want, err)
			}
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

// A path is a path, whatever it looks like to a URI.
func TestOpen_OddPath_IsTakenAsItIs(t *testing.T) {
	for _, name := range []string{"a b", "a?mode=memory", "a#b", "a%20b", "ä;x"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		db, err := Open(t.Context(), Config{Path: path})
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		db.Close()
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%q: the database is not where it should be: %v", name, err)
		}
	}
}

func TestOpenReader_BesideTheServer_ReadsOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "db")
	if _, err := OpenReader(t.Context(), path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a reader of nothing got %v", err)
	}
	db := openTest(t, dir)
	reader, err := openReader(path, withThings)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := db.Commit(fill("a", 1), recordOf("a")); err != nil {
		t.Fatal(err)
	}
	if things, lines := contents(t, reader); things != 1 || len(lines) != 1 {
		t.Errorf("beside the server a reader sees %d things and %v", things, lines)
	}
	err = reader.Commit(fill("b", 1), nil)
	if fault.Of(err) == nil || fault.Of(err).Kind != fault.Internal {
		t.Errorf("a reader's Commit was answered %v", err)
	}
	remove := Wide(`DELETE FROM things RETURNING name`, "a test")
	if err := reader.Row(remove, nil, new(string)); err == nil {
		t.Error("a reader deleted something")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if things, _ := contents(t, reader); things != 1 || reader.Ready() != nil {
		t.Error("a reader doesn't outlive the server")
	}
}

// What is deleted is overwritten: a secret must not stay behind in free pages.
func TestDelete_Content_IsOverwritten(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir)
	const canary = "the-canary-in-the-free-page"
	insert := func(tx *Tx) error {
		_, err := tx.Exec(insertThing, "a", []byte(strings.Repeat(canary, 500)))
		return err
	}
	remove := func(tx *Tx) error { _, err := tx.Exec(deleteThings); return err }
	for _, change := range []func(*Tx) error{insert, remove} {
		if err := db.Commit(change, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		data, _ := os.ReadFile(filepath.Join(dir, "db"+suffix))
		if strings.Contains(string(data), canary) {
			t.Errorf("db%s still holds what was deleted", suffix)
		}
	}
}

var deleteThings = Wide(`DELETE FROM things WHERE name <> ''`, "a test")

// The trail is written once, and its end stays.
func TestTrail_ChangeOfABatch_IsRefused(t *testing.T) {
	db := openTest(t, t.TempDir())
	for range 3 {
		if err := db.Commit(nil, recordOf("a")); err != nil {
			t.Fatal(err)
		}
	}
	for q, allowed := range map[*Query]bool{
		Wide(`UPDATE trail SET records = x'00' WHERE batch = 2`, "a test"): false,
		Wide(`DELETE FROM trail WHERE batch = 3`, "a test"):                false,
		Wide(`DELETE FROM trail WHERE batch = 1`, "a test"):                true,
	} {
		err := db.Commit(func(tx *Tx) error { _, err := tx.Exec(q); return err }, nil)
		if (err == nil) != allowed {
			t.Errorf("%s: %v", q, err)
		}
	}
}

func TestLoadMigrations_Names_OrderTheSteps(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	all, err := loadMigrations(fstest.MapFS{"d/0003_c.sql": file("c"), "d/0001_a.sql": file("a")}, "d")
	if err != nil || len(all) != 2 || all[0].name != "0001_a.sql" || all[1].number != 3 {
		t.Errorf("loaded %v, %v", all, err)
	}
	for _, names := range [][2]string{
		{"0001_a.sql", "0001_b.sql"}, {"0001_a.sql", "2_b.sql"}, {"0001_a.sql", "notes.txt"},
	} {
		files := fstest.MapFS{"d/" + names[0]: file(""), "d/" + names[1]: file("")}
		if all, err := loadMigrations(files, "d"); err == nil {
			t.Errorf("%v was accepted: %v", names, all)
		}
	}
}

// A step that fails leaves nothing, and the steps before it stay.
func TestMigrate_FailingStep_LeavesNothing(t *testing.T) {
	dir := t.TempDir()
	e, err := newSQLite(filepath.Join(dir, "db"), true)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newConnection(t.Context(), e, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	step := func(number int64, text string) migration {
		return migration{number: number, name: "step", text: text, checksum: []byte(text)}
	}
	good := step(1, `CREATE TABLE a (x)`)
	bad := step(2, `CREATE TABLE b (x); CREATE TABLE a (x)`)
	ending := step(3, `COMMIT; CREATE TABLE c (x)`)
	if err := migrate(s, []migration{good, bad}); err == nil {
		t.Fatal("a step that can't be done was done")
	}
	if err := s.script(`SELECT x FROM a; CREATE TABLE b (y)`); err != nil {
		t.Errorf("after a failed step: %v", err)
	}
	if err := migrate(s, []migration{good, ending}); err == nil {
		t.Error("a step ended its own transaction")
	}
	if err := migrate(s, []migration{step(0, ``), good}); !errors.Is(err, ErrHistory) {
		t.Errorf("a step added before the last was answered %v", err)
	}
	if err := migrate(s, []migration{good}); err != nil {
		t.Errorf("a step was done twice: %v", err)
	}
}

// A database without room says so, by name.
func TestCommit_DatabaseFull_SaysSo(t *testing.T) {
	db := openTest(t, t.TempDir())
	err := db.Commit(func(tx *Tx) error {
		if err := tx.conn.row(internal("PRAGMA max_page_count = 1"), nil, []any{new(int64)}); err != nil {
			return err
		}
		for {
			if _, err := tx.Exec(insertFiller, make([]byte, 1<<16)); err != nil {
				return err
			}
		}
	}, nil)
	if !errors.Is(err, ErrFull) {
		t.Errorf("a full database answers %v", err)
	}
}

var insertFiller = Wide(`INSERT INTO trail (batch, at, records)
	SELECT coalesce(max(batch), 0) + 1, 0, $1 FROM trail`, "a test")
