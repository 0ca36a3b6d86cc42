package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/store"
	"claviger/store/storetest"
)

// doors has one object of each kind that a schema may lose or change.
const doors = `
CREATE TABLE doors (id TEXT NOT NULL PRIMARY KEY, colour TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX doors_by_colour ON doors (colour, id);
CREATE TRIGGER doors_stay BEFORE DELETE ON doors BEGIN SELECT raise(ABORT, 'they stay'); END;`

var (
	addDoor   = store.Wide(`INSERT INTO doors (id, colour) VALUES ($1, $2)`, "a test")
	countDoor = store.Wide(`SELECT count(*) FROM doors WHERE colour = $1`, "a test")
)

// schemaEdit is an edit of the schema behind the service's back, what undoes it, and how the object
// is called.
type schemaEdit struct{ name, do, undo, says string }

// rewritten edits the text of an object, as no statement of SQL can, and has every connection see
// it.
func rewritten(name, from, to string) schemaEdit {
	edit := func(from, to string) string {
		return `PRAGMA writable_schema = ON;
			UPDATE sqlite_schema SET sql = replace(sql, '` + from + `', '` + to + `') WHERE name = '` + name + `';
			CREATE TABLE bump (x); DROP TABLE bump;
			PRAGMA writable_schema = RESET;`
	}
	return schemaEdit{name + ": " + to, edit(from, to), edit(to, from), name + " "}
}

var schemaEdits = []schemaEdit{
	{"a trigger that undoes",
		`CREATE TRIGGER undo AFTER INSERT ON doors BEGIN UPDATE doors SET colour = 'grey' WHERE id = NEW.id; END`,
		`DROP TRIGGER undo`, "trigger undo on doors is none of its own"},
	{"a trigger that ignores",
		`CREATE TRIGGER silent BEFORE INSERT ON doors BEGIN SELECT raise(IGNORE); END`,
		`DROP TRIGGER silent`, "trigger silent on doors is none of its own"},
	{"a trigger in another's place", `DROP TRIGGER doors_stay;
		CREATE TRIGGER doors_stay BEFORE DELETE ON doors BEGIN SELECT 1; END`,
		`DROP TRIGGER doors_stay;` + doors[strings.Index(doors, "CREATE TRIGGER"):],
		"trigger doors_stay on doors is another one"},
	{"a trigger dropped", `DROP TRIGGER doors_stay`, doors[strings.Index(doors, "CREATE TRIGGER"):],
		"trigger doors_stay on doors is missing"},
	{"a view in a table's place", `ALTER TABLE doors RENAME TO kept;
		CREATE VIEW doors AS SELECT id, 'green' AS colour FROM kept`, "", "doors"},
	{"a view beside", `CREATE VIEW windows AS SELECT 1 AS x`, `DROP VIEW windows`,
		"view windows is none of its own"},
	{"an index dropped", `DROP INDEX doors_by_colour`,
		`CREATE INDEX doors_by_colour ON doors (colour, id)`,
		"index doors_by_colour on doors is missing"},
	{"an index that leaves rows out", `DROP INDEX doors_by_colour;
		CREATE INDEX doors_by_colour ON doors (colour, id) WHERE id < 'm'`, `DROP INDEX doors_by_colour;
		CREATE INDEX doors_by_colour ON doors (colour, id)`,
		"index doors_by_colour on doors is another one"},
	{"a unique index", `CREATE UNIQUE INDEX one ON doors (colour)`, `DROP INDEX one`,
		"index one on doors is none of its own"},
	{"a table beside", `CREATE TABLE windows (x)`, `DROP TABLE windows`,
		"table windows is none of its own"},
	{"statistics", `ANALYZE`, `DROP TABLE sqlite_stat1`, "table sqlite_stat1 is none of its own"},
	{"a column", `ALTER TABLE doors ADD COLUMN lock TEXT`, `ALTER TABLE doors DROP COLUMN lock`,
		"table doors is another one"},
	{"a generated column", `ALTER TABLE doors ADD COLUMN paint TEXT AS (colour || '!')`,
		`ALTER TABLE doors DROP COLUMN paint`, "table doors is another one"},
	rewritten("doors", "PRIMARY KEY,", "PRIMARY KEY ON CONFLICT IGNORE,"),
	rewritten("doors", "PRIMARY KEY,", "PRIMARY KEY ON CONFLICT REPLACE,"),
	rewritten("doors", "colour TEXT NOT NULL)", "colour TEXT NOT NULL CHECK (colour < id))"),
	rewritten("doors", "colour TEXT NOT NULL)", "colour TEXT NOT NULL COLLATE NOCASE)"),
	rewritten("doors", "colour TEXT NOT NULL)", "colour TEXT NOT NULL DEFAULT 1)"),
	rewritten("doors", "STRICT, WITHOUT", "WITHOUT"),
	rewritten("kms_grants", "id                 TEXT", "id                 BLOB"),
}

// hostile changes the schema behind the service's back.
func hostile(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

func openDoors(t *testing.T, path string, log *strings.Builder) (*store.DB, error) {
	t.Helper()
	handler := slog.DiscardHandler
	if log != nil {
		handler = slog.NewTextHandler(&locked{to: log}, nil)
	}
	db, err := store.Open(t.Context(), store.Config{Path: path, Log: slog.New(handler),
		Migrations: storetest.WithTables(doors)})
	if err == nil {
		t.Cleanup(func() { db.Close() })
	}
	return db, err
}

// locked is a log that several write to.
type locked struct {
	mu sync.Mutex
	to *strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

func paint(id string) func(*store.Tx) error {
	return func(tx *store.Tx) error { _, err := tx.Exec(addDoor, id, "green"); return err }
}

func TestOpen_SchemaChanged_NamesTheObject(t *testing.T) {
	model := filepath.Join(t.TempDir(), "model")
	db, err := openDoors(t, model, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range schemaEdits {
		t.Run(edit.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "db")
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			hostile(t, path, edit.do)
			_, err := openDoors(t, path, nil)
			if !errors.Is(err, store.ErrSchema) || !strings.Contains(err.Error(), edit.says) {
				t.Errorf("Open: %v", err)
			}
			if edit.undo == "" {
				return
			}
			hostile(t, path, edit.undo)
			db, err := openDoors(t, path, nil)
			if err != nil {
				t.Fatalf("once it is undone: %v", err)
			}
			if err := db.Commit(paint("a"), nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// It shows at the next commit, at the next reading, and on a service that does neither by its
// readiness once somebody reads.
func TestDB_SchemaChangedMeanwhile_ServesNothingUntilItIsUndone(t *testing.T) {
	for _, edit := range schemaEdits {
		t.Run(edit.name, func(t *testing.T) {
			var log strings.Builder
			path := filepath.Join(t.TempDir(), "db")
			db, err := openDoors(t, path, &log)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Commit(paint("a"), nil); err != nil {
				t.Fatal(err)
			}
			hostile(t, path, edit.do)
			var n int
			unavailable(t, "a reading", db.Row(countDoor, []any{"green"}, &n))
			if db.Ready() == nil {
				t.Error("a reading has found it out, and the database is ready")
			}
			for range 2 {
				unavailable(t, "a commit", db.Commit(paint("b"), nil))
				unavailable(t, "a record", db.Commit(nil, func(error) []byte { return []byte("x") }))
			}
			if edit.undo == "" {
				return
			}
			hostile(t, path, edit.undo)
			for range 100 {
				if db.Ready() == nil {
					break
				}
				time.Sleep(50 * time.Millisecond)
			}
			if err := db.Commit(paint("b"), nil); err != nil || db.Ready() != nil {
				t.Fatalf("once it is undone: %v, %v", err, db.Ready())
			}
			if err := db.Row(countDoor, []any{"green"}, &n); err != nil || n != 2 {
				t.Errorf("%d doors are green, %v", n, err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			if !strings.Contains(log.String(), "schema") || !strings.Contains(log.String(), edit.says) {
				t.Errorf("the log does not name it:\n%s", &log)
			}
		})
	}
}

func unavailable(t *testing.T, what string, err error) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Kind != fault.Unavailable || !errors.Is(err, store.ErrSchema) {
		t.Errorf("%s was answered %v", what, err)
	}
}

// What changes nothing that statements do is no reason to stop.
func TestDB_Vacuumed_GoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db, err := openDoors(t, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{`VACUUM`, `REINDEX`, `CREATE TABLE x (y); DROP TABLE x`,
		`PRAGMA user_version = 7`} {
		hostile(t, path, statement)
		var n int
		if err := db.Row(countDoor, []any{"green"}, &n); err != nil {
			t.Errorf("%s: a reading: %v", statement, err)
		}
		if err := db.Commit(paint(statement), nil); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// A version that is set back hides no change from who looks at the schema itself.
func TestDB_SchemaVersionSetBack_ShowsAtTheNextConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db, err := openDoors(t, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	var before int
	read, err := sql.Open("sqlite3", path)
	if err == nil {
		err = read.QueryRow(`PRAGMA schema_version`).Scan(&before)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	hostile(t, path, schemaEdits[1].do)
	if _, err := read.Exec(fmt.Sprintf(`PRAGMA schema_version = %d`, before)); err != nil {
		t.Fatal(err)
	}
	// Those that are open have what they had before.
	_ = db.Commit(paint("a"), nil)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if _, err := openDoors(t, path, nil); !errors.Is(err, store.ErrSchema) {
		t.Errorf("Open: %v", err)
	}
}

// Before a step is made, what the steps before have made is looked at.
func TestOpen_OlderSchemaChanged_IsNotMigrated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db, err := store.Open(t.Context(), store.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	hostile(t, path, `CREATE TRIGGER undo AFTER INSERT ON kms_keys BEGIN SELECT 1; END`)
	if _, err := openDoors(t, path, nil); !errors.Is(err, store.ErrSchema) {
		t.Errorf("Open: %v", err)
	}
	hostile(t, path, `DROP TRIGGER undo`)
	if _, err := openDoors(t, path, nil); err != nil {
		t.Errorf("Open: %v", err)
	}
}

func TestOpenReader_SchemaChanged_NamesTheObject(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db, err := store.Open(t.Context(), store.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := store.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	hostile(t, path, `CREATE VIEW shown AS SELECT * FROM trail WHERE batch > 7`)
	err = reader.Trail(0, func(int64, time.Time, []byte) error { return nil })
	if !errors.Is(err, store.ErrSchema) {
		t.Errorf("an open reader: %v", err)
	}
	if _, err := store.OpenReader(t.Context(), path); !errors.Is(err, store.ErrSchema) ||
		!strings.Contains(err.Error(), "view shown") {
		t.Errorf("OpenReader: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
