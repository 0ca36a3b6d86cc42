package rowmac

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"claviger/store"
	"claviger/store/storetest"
)

var addThing = store.Wide(things.Insert(), ofEveryTable)

// openThings opens a database with so many things, keyed by two columns in the opposite order.
func openThings(t *testing.T, s *Signer, n int) (db *store.DB, path string) {
	t.Helper()
	path = filepath.Join(storetest.Dir(t), "db")
	db, err := store.Open(t.Context(), store.Config{Path: path,
		Migrations: storetest.WithTables(`CREATE TABLE things (id TEXT NOT NULL, rev INTEGER NOT NULL,
			state TEXT NOT NULL, blob BLOB, tags TEXT NOT NULL, labels TEXT NOT NULL,
			hidden INTEGER NOT NULL, created INTEGER NOT NULL, mac BLOB NOT NULL,
			PRIMARY KEY (rev, id)) STRICT, WITHOUT ROWID`)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	err = db.Commit(func(tx *store.Tx) error {
		for i := range n {
			one := aThing()
			one.ID, one.Rev = fmt.Sprintf("%04d", i), int64(i%7)
			values, err := things.Sign(t.Context(), s, one)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(addThing, values...); err != nil {
				return err
			}
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return db, path
}

// TestInspect_ManyRows_NamesTheEditedOnes, whether they can be read or not, and counts each once.
func TestInspect_ManyRows_NamesTheEditedOnes(t *testing.T) {
	for _, n := range []int{0, 1, page - 1, page, page + 1, 3*page + 5} {
		s := new(counting).signer("one")
		db, path := openThings(t, s, n)
		var want []string
		if n > page {
			storetest.Edit(t, path, `UPDATE things SET state = 'Enabled ' WHERE id = '0100'`)
			storetest.Edit(t, path, `UPDATE things SET tags = '[' WHERE id = '0008'`)
			want = []string{"[1 0008]", "[2 0100]"}
		}
		var bad []string
		rows, err := things.Inspect(t.Context(), s, db, func(key []any, why error) {
			if why == nil {
				t.Error("a row is wrong for no reason")
			}
			bad = append(bad, fmt.Sprint(key))
		})
		if err != nil || rows != n || !slices.Equal(bad, want) {
			t.Errorf("of %d rows %d were looked at, and %v are wrong: %v", n, rows, bad, err)
		}
	}
}

// TestInspect_TokenUnavailable_SaysNothingOfTheRow: a device that is away is no edit.
func TestInspect_TokenUnavailable_SaysNothingOfTheRow(t *testing.T) {
	db, _ := openThings(t, new(counting).signer("one"), 2)
	away := errors.New("the token is away")
	_, err := things.Inspect(t.Context(), (&counting{err: away}).signer("one"), db,
		func([]any, error) { t.Error("a row is called wrong") })
	if !errors.Is(err, away) {
		t.Errorf("it says %v", err)
	}
}
