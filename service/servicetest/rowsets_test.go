package servicetest_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"claviger/internal/install"
	"claviger/internal/rowmac"
	"claviger/service/servicetest"
	"claviger/store"
	"claviger/store/storetest"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// signedRow is a row of a signed table, by column.
type signedRow map[string]any

// signedTable is a table in a copy of the database, as somebody with the file edits it.
type signedTable struct {
	db      *sql.DB
	name    string
	signed  []string // columns, in the order in which they are signed
	columns []string // all of them
	key     []string
	sign    func(signedRow) []byte // as the service does, or did once
}

func newSignedTable(t *testing.T, db *sql.DB, table rowmac.Declared,
	signer *rowmac.Signer) *signedTable {
	t.Helper()
	s := &signedTable{db: db, name: table.Name(),
		signed:  strings.Split(strings.TrimSuffix(table.Columns(), ", mac"), ", "),
		columns: column(t, db, `SELECT name FROM pragma_table_info(?)`, table.Name()),
		key: column(t, db, `SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`,
			table.Name())}
	s.sign = func(row signedRow) []byte {
		var values []any
		for _, c := range s.signed {
			if row[c] == nil {
				row[c] = []byte(nil) // NULL is signed as no bytes
			}
			values = append(values, row[c])
		}
		return must(signer.Sign(t.Context(), s.name, values...))(t)
	}
	return s
}

// rows returns all rows.
func (s *signedTable) rows(t *testing.T) (all []signedRow) {
	t.Helper()
	found := must(s.db.Query(`SELECT ` + strings.Join(s.columns, ", ") + ` FROM ` + s.name))(t)
	defer found.Close()
	for found.Next() {
		values, dest := make([]any, len(s.columns)), make([]any, len(s.columns))
		for i := range values {
			dest[i] = &values[i]
		}
		accepted(t, found.Scan(dest...))
		row := signedRow{}
		for i, c := range s.columns {
			row[c] = values[i]
		}
		all = append(all, row)
	}
	return all
}

func (s *signedTable) remove(t *testing.T, row signedRow) {
	t.Helper()
	var where []string
	var args []any
	for _, c := range s.key {
		where, args = append(where, c+" = ?"), append(args, row[c])
	}
	must(s.db.Exec(`DELETE FROM `+s.name+` WHERE `+strings.Join(where, " AND "), args...))(t)
}

func (s *signedTable) add(t *testing.T, row signedRow) {
	t.Helper()
	var values []any
	for _, c := range s.columns {
		values = append(values, row[c])
	}
	_, err := s.db.Exec(`INSERT INTO `+s.name+` VALUES (?`+strings.Repeat(", ?", len(values)-1)+`)`,
		values...)
	accepted(t, err)
}

// another is a row that is signed like any of the service's, and differs in a column, and in those
// that the schema has no two rows alike in.
func (s *signedTable) another(t *testing.T, row signedRow, differs string) signedRow {
	t.Helper()
	other := signedRow{}
	for c, v := range row {
		other[c] = v
	}
	unique := column(t, s.db, `SELECT c.name FROM pragma_index_list(?) i, pragma_index_info(i.name) c
		WHERE i."unique" AND i.origin = 'c' AND c.name NOT IN ('account', 'region')`, s.name)
	for _, c := range append(unique, differs) {
		switch v := other[c].(type) {
		case int64:
			other[c] = v + 1
		case []byte:
			other[c] = append(slices.Clone(v), 0)
		case string:
			other[c] = v + "x"
		}
	}
	other["mac"] = s.sign(other)
	return other
}

// unkeyed is a signed column that isn't part of the key.
func (s *signedTable) unkeyed() string {
	return s.signed[slices.IndexFunc(s.signed, func(c string) bool {
		return !slices.Contains(s.key, c)
	})]
}

// setEdits are what somebody with the file, and with rows that the service has signed, can do to
// a table. It returns false where a table can't hold that.
var setEdits = map[string]func(t *testing.T, s *signedTable) bool{
	"a row deleted": func(t *testing.T, s *signedTable) bool {
		s.remove(t, s.rows(t)[0])
		return true
	},
	"all rows deleted": func(t *testing.T, s *signedTable) bool {
		for _, row := range s.rows(t) {
			s.remove(t, row)
		}
		return true
	},
	"an older version put back": func(t *testing.T, s *signedTable) bool {
		row := s.rows(t)[0]
		s.remove(t, row)
		s.add(t, s.another(t, row, s.unkeyed()))
		return true
	},
	"a deleted row added again": func(t *testing.T, s *signedTable) bool {
		if !slices.Contains(s.signed, s.key[len(s.key)-1]) {
			return false // there is one row, and the schema says so
		}
		s.add(t, s.another(t, s.rows(t)[0], s.key[len(s.key)-1]))
		return true
	},
	"a row of another copy of the database in its place": func(t *testing.T, s *signedTable) bool {
		if !slices.Contains(s.signed, s.key[len(s.key)-1]) {
			return false
		}
		row := s.rows(t)[0]
		s.remove(t, row)
		s.add(t, s.another(t, row, s.key[len(s.key)-1]))
		return true
	},
	"two rows exchanged": func(t *testing.T, s *signedTable) bool {
		rows := s.rows(t)
		if len(rows) < 2 {
			return false
		}
		for i := range 2 {
			s.remove(t, rows[i])
		}
		for i := range 2 {
			row := signedRow{}
			for c, v := range rows[1-i] {
				row[c] = v
			}
			for _, c := range s.key {
				row[c] = rows[i][c]
			}
			s.add(t, row)
		}
		return true
	},
}

// TestRowSets_EveryTable_EditIsRefused: whatever signed table it is, the service doesn't start with
// rows that it didn't leave, and names the table.
func TestRowSets_EveryTable_EditIsRefused(t *testing.T) {
	s := everySignedRow(t)
	db := must(store.OpenReader(t.Context(), s.Database))(t)
	defer db.Close()
	token := s.Service().Token
	in := must(install.Load(t.Context(), db, token))(t)
	type copied struct{ path, table, edit string }
	var copies []copied
	tried := map[string]int{}
	for _, table := range rowmac.Tables() {
		signed := newSignedTable(t, database(t, s.Database), table, in.SignerOf(table.Name(), token))
		if len(signed.rows(t)) == 0 {
			continue // that each has a row is for TestSignedRows_EditedColumn_IsRefused to say
		}
		for name, edit := range setEdits {
			path := copyOf(t, s)
			at := *signed
			at.db = database(t, path)
			if edit(t, &at) {
				copies = append(copies, copied{path, table.Name(), name})
				tried[name]++
			}
			accepted(t, at.db.Close())
		}
	}
	for name := range setEdits {
		if tried[name] < 4 {
			t.Errorf("%s was tried on %d tables", name, tried[name])
		}
	}
	untouched := copyOf(t, s)
	s.Restart(t, func() {
		if err := s.TryStart(t.Context(), untouched); err != nil {
			t.Errorf("nobody has edited it: %v", err)
		}
		for _, c := range copies {
			err := s.TryStart(t.Context(), c.path)
			if (c.table == "installation" || c.table == "service_keys") &&
				errors.Is(err, install.ErrChanged) {
				continue // it is found before the sets are
			}
			if !errors.Is(err, store.ErrRows) ||
				!strings.Contains(err.Error(), "table "+c.table+" holds") {
				t.Errorf("%s, in %s: %v", c.edit, c.table, err)
			}
		}
	})
}

// TestRowSets_Accepted_IsInTheTrail, and a row that was edited is never accepted.
func TestRowSets_Accepted_IsInTheTrail(t *testing.T) {
	s := servicetest.Start(t)
	key := createKey(t, s.KMS())
	createAlias(t, s.KMS(), "alias/lost", key.KeyId)
	mark := s.Mark(t)
	s.Restart(t, func() {
		storetest.Edit(t, s.Database, `DELETE FROM kms_aliases`)
		s.AcceptRows(t)
	})
	var found []string
	for _, r := range s.Trail(t, mark) {
		if strings.Contains(r.Line, `"eventName":"AcceptRows"`) {
			found = append(found, r.Line)
		}
	}
	if len(found) != 1 || !strings.Contains(found[0], "table kms_aliases holds 1 row fewer") {
		t.Errorf("the trail says %q", found)
	}
	copied := copyOf(t, s)
	storetest.Edit(t, copied, `UPDATE kms_keys SET description = 'other', mac = zeroblob(32)`)
	s.Restart(t, func() {
		seen, accepted := s.TryAccept(t, copied)
		if accepted || seen.Bad != 1 {
			t.Errorf("a row that was edited: accepted %t, %+v", accepted, seen)
		}
	})
}

// TestRowSets_WholeBackup_Starts: a database that is restored as a whole holds the rows that
// the service left at that time, and nothing tells that there were later ones.
func TestRowSets_WholeBackup_Starts(t *testing.T) {
	s := servicetest.Start(t)
	key := createKey(t, s.KMS())
	before := copyOf(t, s)
	must(s.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	createAlias(t, s.KMS(), "alias/later", key.KeyId)
	s.Restart(t, func() {
		if err := s.TryStart(t.Context(), before); err != nil {
			t.Errorf("a backup: %v", err)
		}
		db := database(t, s.Database)
		must(db.Exec(`ATTACH '` + before + `' AS old; DELETE FROM kms_keys;
			INSERT INTO kms_keys SELECT * FROM old.kms_keys`))(t)
		mixed := copyOf(t, s)
		must(db.Exec(`DELETE FROM row_sets; INSERT INTO row_sets SELECT * FROM old.row_sets`))(t)
		halfway := copyOf(t, s)
		accepted(t, db.Close())
		for path, table := range map[string]string{mixed: "kms_keys", halfway: "kms_aliases"} {
			err := s.TryStart(t.Context(), path)
			if !errors.Is(err, store.ErrRows) || !strings.Contains(err.Error(), table) {
				t.Errorf("a part of a backup, %s: %v", table, err)
			}
		}
		whole := must(os.ReadFile(before))(t)
		accepted(t, os.WriteFile(s.Database, whole, 0o600))
	})
	if state := stateOf(t, s.KMS(), key.KeyId); state != "Enabled" {
		t.Error(fmt.Sprint("it is another database: the key is ", state))
	}
}
