package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Tables with a MAC, of both of SQLite's kinds, one of which is deleted together with the other.
var withSigned = withTables(`CREATE TABLE parents (
	a TEXT NOT NULL, b INTEGER NOT NULL, mac BLOB NOT NULL, seen INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID;
CREATE TABLE children (
	id BLOB NOT NULL PRIMARY KEY, a TEXT NOT NULL, b INTEGER NOT NULL, mac BLOB NOT NULL,
	FOREIGN KEY (a, b) REFERENCES parents (a, b) ON DELETE CASCADE ON UPDATE CASCADE) STRICT`)

var signedTables = RowSets{Secret: []byte("secret"), Tables: []string{"parents", "children"}}

// openSigned opens a database whose sets are kept, and makes it where there is none.
func openSigned(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(context.Background(), Config{Path: path, Log: slog.New(slog.DiscardHandler),
		Migrations: withSigned})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func sealSets(t *testing.T, db *DB) {
	t.Helper()
	err := db.Commit(func(tx *Tx) error { return tx.SealRowSets(signedTables) }, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// edit changes a database behind the service's back.
func edit(t *testing.T, db *DB, script string) {
	t.Helper()
	conn, err := newConnection(t.Context(), db.engine, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.close()
	if err := conn.script("PRAGMA foreign_keys = OFF; " + script); err != nil {
		t.Fatal(err)
	}
}

// keepsSets checks that what is stored of the sets is what a fresh scan finds.
func keepsSets(t *testing.T, db *DB) {
	t.Helper()
	if _, err := db.CompareRowSets(signedTables); err != nil {
		t.Fatal(err)
	}
}

// statements change the tables in every way that SQLite has.
var statements = func() (all []*Query) {
	for _, text := range []string{
		`INSERT INTO parents (a, b, mac) VALUES ('a' || $1, $2, randomblob(32))`,
		`INSERT INTO parents (a, b, mac) SELECT 'a' || $1, $2 + value, randomblob(32)
			FROM json_each('[0,1,2,3]')`,
		`INSERT OR IGNORE INTO parents (a, b, mac) SELECT 'a' || $1, $2 + value, randomblob(32)
			FROM json_each('[0,1,2,3]')`,
		`INSERT OR FAIL INTO parents (a, b, mac) SELECT 'a' || $1, $2 + value, randomblob(32)
			FROM json_each('[3,2,1,0]')`,
		`INSERT OR REPLACE INTO parents (a, b, mac) SELECT 'a' || $1, $2 + value, randomblob(32)
			FROM json_each('[0,1,2,3]')`,
		`REPLACE INTO children (id, a, b, mac) VALUES (unhex('0' || $1), 'a' || $2, 1, randomblob(32))`,
		`INSERT INTO children (id, a, b, mac) SELECT randomblob(4), a, b, randomblob(32)
			FROM parents WHERE a = 'a' || $1 AND b < $2`,
		`INSERT INTO parents (a, b, mac) VALUES ('a' || $1, $2, randomblob(32))
			ON CONFLICT (a, b) DO UPDATE SET mac = excluded.mac`,
		`UPDATE parents SET mac = randomblob(32) WHERE a = 'a' || $1 AND b = $2`,
		`UPDATE parents SET mac = mac, seen = seen + 1 WHERE a = 'a' || $1 OR b = $2`,
		`UPDATE parents SET b = $1 WHERE a = 'a' || $2`,
		`UPDATE OR REPLACE parents SET b = $1 WHERE a = 'a' || $2 AND b > 2`,
		`UPDATE children SET id = randomblob(4) WHERE a = 'a' || $1 AND b = $2`,
		`DELETE FROM parents WHERE a = 'a' || $1 AND b = $2`,
		`DELETE FROM children WHERE a = 'a' || $1 OR b = $2`,
		`DELETE FROM children WHERE $1 = $2`,
		`INSERT OR ROLLBACK INTO parents (a, b, mac) VALUES ('a' || $1, $2, randomblob(32))`,
	} {
		all = append(all, internal(text))
	}
	return all
}()

// change runs some statements, and goes on after those that fail, as a request may.
func change(random *rand.Rand, failed *atomic.Int64) func(*Tx) error {
	n, ends := 1+random.IntN(4), random.IntN(6)
	var todo []*Query
	var args [][]any
	for range n {
		todo = append(todo, statements[random.IntN(len(statements))])
		args = append(args, []any{random.IntN(4), random.IntN(6)})
	}
	return func(tx *Tx) error {
		for i, q := range todo {
			if _, err := tx.Exec(q, args[i]...); err != nil {
				failed.Add(1)
			}
		}
		switch ends {
		case 0:
			return Stale
		case 1:
			panic("a mistake")
		}
		return nil
	}
}

// TestRowSets_RandomChanges_FollowEveryOne holds the sets that are kept against a fresh scan, after
// batches in which statements fail halfway, changes are taken back, and transactions are lost.
func TestRowSets_RandomChanges_FollowEveryOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := openSigned(t, path)
	sealSets(t, db)
	if err := db.KeepRowSets(signedTables); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var failed atomic.Int64
	for round := range 300 {
		requests := make([]func(*Tx) error, 1+random.IntN(6))
		for i := range requests {
			requests[i] = change(random, &failed)
		}
		inOneBatch(db, len(requests), func(i int) error { return db.Commit(requests[i], nil) })
		keepsSets(t, db)
		if round%50 == 49 { // a start finds them, too
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = openSigned(t, path)
			if err := db.KeepRowSets(signedTables); err != nil {
				t.Fatal(err)
			}
		}
	}
	var rows int
	if err := db.Row(internal(`SELECT (SELECT count(*) FROM parents) + (SELECT count(*) FROM children)`),
		nil, &rows); err != nil {
		t.Fatal(err)
	}
	if failed.Load() == 0 || rows == 0 {
		t.Errorf("%d statements failed and %d rows are there: the test tests nothing", failed.Load(), rows)
	}
}

// TestRowSets_ChangedBehindTheService_AreRefused: each row has a MAC that was right once.
func TestRowSets_ChangedBehindTheService_AreRefused(t *testing.T) {
	const parent = `INSERT INTO parents (a, b, mac) VALUES ('x', 9, x'09')`
	for name, test := range map[string]struct{ statement, says string }{
		"deleted":  {`DELETE FROM parents WHERE b = 1`, "parents holds 1 row fewer"},
		"all gone": {`DELETE FROM parents`, "parents holds 3 rows fewer"},
		"there again": {`INSERT INTO parents (a, b, mac) VALUES ('a', 4, x'04')`,
			"parents holds 1 row more"},
		"an older one": {`UPDATE parents SET mac = x'14' WHERE b = 1`, "parents holds other rows"},
		"moved":        {`UPDATE parents SET b = 7 WHERE b = 1`, "parents holds other rows"},
		"two exchanged": {`UPDATE parents SET mac = CASE b WHEN 1 THEN x'02' ELSE x'01' END
			WHERE b < 3`, "parents holds other rows"},
		"one for another": {`DELETE FROM parents WHERE b = 1; ` + parent, "parents holds other rows"},
		"two tables": {`DELETE FROM parents WHERE b = 1; INSERT INTO children VALUES (x'01', 'a', 2, x'01')`,
			"table children holds 1 row more than the service left in it; table parents holds 1 row fewer"},
		"what is left, deleted": {`DELETE FROM row_sets`, "the row of table row_sets is missing"},
		"a count":               {`UPDATE row_sets SET sets = replace(sets, ' 3 ', ' 2 ')`, "table row_sets was changed"},
		"a line": {`DELETE FROM parents; UPDATE row_sets SET sets =
			substr(sets, 1, instr(sets, 'parents') - 1)`, "table row_sets was changed"},
		"its MAC":            {`UPDATE row_sets SET seal = zeroblob(32)`, "table row_sets was changed"},
		"an unsigned column": {`UPDATE parents SET seen = 7`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			db := openSigned(t, filepath.Join(t.TempDir(), "db"))
			sealSets(t, db)
			if err := db.KeepRowSets(signedTables); err != nil {
				t.Fatal(err)
			}
			for i := range 4 {
				if err := db.Commit(func(tx *Tx) error {
					_, err := tx.Exec(internal(`INSERT INTO parents (a, b, mac) VALUES ('a', $1, $2)`), i+1,
						[]byte{byte(i + 1)})
					return err
				}, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Commit(func(tx *Tx) error {
				return tx.Change(internal(`DELETE FROM parents WHERE b = 4`))
			}, nil); err != nil {
				t.Fatal(err)
			}
			edit(t, db, test.statement)
			err := db.KeepRowSets(signedTables)
			if test.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrRows) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("it was kept, or refused otherwise: %v", err)
			}
			sealSets(t, db)
			if err := db.KeepRowSets(signedTables); err != nil {
				t.Errorf("after it was accepted: %v", err)
			}
		})
	}
}

// TestRowSets_TableWithItsOldLine_IsRefused: the rows of a table together with what was stored
// of the sets at that time, which is of all tables.
func TestRowSets_TableWithItsOldLine_IsRefused(t *testing.T) {
	db := openSigned(t, filepath.Join(t.TempDir(), "db"))
	sealSets(t, db)
	if err := db.KeepRowSets(signedTables); err != nil {
		t.Fatal(err)
	}
	insert := func(tx *Tx) error {
		_, err := tx.Exec(internal(`INSERT INTO parents (a, b, mac) VALUES ('a', 1, x'01')`))
		return err
	}
	remove := func(tx *Tx) error { return tx.Change(internal(`DELETE FROM parents`)) }
	child := func(tx *Tx) error {
		_, err := tx.Exec(internal(`INSERT INTO children (id, a, b, mac) VALUES (x'01', 'a', 1, x'01')`))
		return err
	}
	if err := db.Commit(insert, nil); err != nil {
		t.Fatal(err)
	}
	var text string
	var seal []byte
	if err := db.Row(readRowSets, nil, &text, &seal); err != nil {
		t.Fatal(err)
	}
	for _, f := range []func(*Tx) error{remove, insert, child, func(tx *Tx) error {
		return tx.Change(internal(`UPDATE parents SET mac = x'02'`))
	}} {
		if err := db.Commit(f, nil); err != nil {
			t.Fatal(err)
		}
	}
	edit(t, db, fmt.Sprintf(`UPDATE parents SET mac = x'01';
		UPDATE row_sets SET sets = '%s', seal = x'%x'`, text, seal))
	err := db.KeepRowSets(signedTables)
	if !errors.Is(err, ErrRows) || !strings.Contains(err.Error(), "children holds 1 row more") {
		t.Errorf("an old table with its old line: %v", err)
	}
}

// TestRowSets_TableOfALaterVersion_BeginsEmpty, and what another program's tables hold stays said.
func TestRowSets_TableOfALaterVersion_BeginsEmpty(t *testing.T) {
	db := openSigned(t, filepath.Join(t.TempDir(), "db"))
	before := RowSets{Secret: signedTables.Secret, Tables: []string{"parents"}}
	seal := func(r RowSets) {
		if err := db.Commit(func(tx *Tx) error { return tx.SealRowSets(r) }, nil); err != nil {
			t.Fatal(err)
		}
	}
	seal(before)
	if err := db.KeepRowSets(signedTables); err != nil {
		t.Errorf("a new table that is empty: %v", err)
	}
	seal(before)
	edit(t, db, `INSERT INTO children VALUES (x'01', 'a', 1, x'01')`)
	if err := db.KeepRowSets(before); err != nil {
		t.Errorf("a table of another program: %v", err)
	}
	seal(before) // keeps the line of children, which is empty
	if err := db.KeepRowSets(signedTables); !errors.Is(err, ErrRows) {
		t.Errorf("rows in a table that was empty: %v", err)
	}
	if err := db.KeepRowSets(RowSets{Tables: []string{"absent"}}); err == nil {
		t.Error("sets of a table that isn't there are kept")
	}
}

// TestRowSets_OutcomeUnknown_IsFoundOut: what is stored tells whether the COMMIT happened, and the
// triggers are on the next connection, too.
func TestRowSets_OutcomeUnknown_IsFoundOut(t *testing.T) {
	for name, happened := range map[string]bool{"it happened": true, "it didn't": false} {
		t.Run(name, func(t *testing.T) {
			e, db, _ := startUnsure(t, withSigned)
			sealSets(t, db)
			if err := db.KeepRowSets(signedTables); err != nil {
				t.Fatal(err)
			}
			add := func(b int) error {
				return db.Commit(func(tx *Tx) error {
					_, err := tx.Exec(internal(`INSERT INTO parents (a, b, mac) VALUES ('a', $1, x'01')`), b)
					return err
				}, nil)
			}
			if err := add(1); err != nil {
				t.Fatal(err)
			}
			e.breakNext.Store(happened)
			e.loseNext.Store(!happened)
			if err := add(2); err == nil {
				t.Fatal("an unknown outcome was acknowledged")
			}
			for deadline := time.Now().Add(time.Minute); db.Ready() != nil; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the store did not recover: ", db.Ready())
				}
			}
			keepsSets(t, db)
			if err := add(3); err != nil {
				t.Fatal(err)
			}
			keepsSets(t, db)
			found, err := db.CompareRowSets(signedTables)
			if want := map[bool]int64{true: 3, false: 2}[happened]; err != nil || found[1].Found != want {
				t.Errorf("there are %v, %v", found, err)
			}
		})
	}
}

// TestRowSets_NothingSignedChanges_NothingIsWritten: requests that only leave a record pay nothing.
func TestRowSets_NothingSignedChanges_NothingIsWritten(t *testing.T) {
	db := openSigned(t, filepath.Join(t.TempDir(), "db"))
	sealSets(t, db)
	if err := db.KeepRowSets(signedTables); err != nil {
		t.Fatal(err)
	}
	if err := db.committer.conn.script(`CREATE TEMP TABLE writes (n INTEGER);
		CREATE TEMP TRIGGER noted AFTER UPDATE ON main.row_sets BEGIN INSERT INTO writes VALUES (1); END`,
	); err != nil {
		t.Fatal(err)
	}
	for _, f := range []func(*Tx) error{nil, func(tx *Tx) error {
		_, err := tx.Exec(internal(`UPDATE parents SET seen = 1`))
		return err
	}, func(tx *Tx) error {
		if _, err := tx.Exec(internal(`INSERT INTO parents (a, b, mac) VALUES ('a', 1, x'01')`)); err != nil {
			return err
		}
		return Stale
	}} {
		if err := db.Commit(f, recordOf("x")); err != nil && !errors.Is(err, Stale) {
			t.Fatal(err)
		}
	}
	var writes int
	err := db.Commit(func(tx *Tx) error {
		return tx.Row(internal(`SELECT count(*) FROM temp.writes`), nil, &writes)
	}, nil)
	if err != nil || writes != 0 {
		t.Errorf("row_sets was written %d times: %v", writes, err)
	}
}
