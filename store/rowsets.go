package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"claviger/internal/rowset"
)

// Every row of a signed table says of itself that the service wrote it, and none that it is still
// there. So the committer keeps a digest of all rows of each such table, and stores it in row_sets
// with each transaction that changes one. Which rows a statement changes SQLite says itself, by
// triggers on the committer's connection, into a temporary table: what is rolled back, a savepoint
// or half a statement, is rolled back there too.

// RowSets are the tables whose sets of rows are kept. Each has a primary key and a column mac.
type RowSets struct {
	Secret []byte // of the digests
	Tables []string
}

// RowSet is what a table holds, and what the service left in it.
type RowSet struct {
	Table       string
	Found, Left int64 // rows
	Changed     bool  // the rows are others than those that the service left, or more, or fewer
}

// String says what is off.
func (s RowSet) String() string {
	switch more := s.Found - s.Left; {
	case more > 0:
		return fmt.Sprintf("table %s holds %s more than the service left in it", s.Table, count(more))
	case more < 0:
		return fmt.Sprintf("table %s holds %s fewer than the service left in it", s.Table, count(-more))
	case s.Changed:
		return fmt.Sprintf("table %s holds other rows than the service left in it", s.Table)
	}
	return fmt.Sprintf("table %s holds the %s that the service left in it", s.Table, count(s.Found))
}

func count(rows int64) string {
	if rows == 1 {
		return "1 row"
	}
	return fmt.Sprint(rows, " rows")
}

var (
	rowChangesTable = internal(`CREATE TABLE IF NOT EXISTS temp.row_changes
		(name TEXT NOT NULL, added INTEGER NOT NULL, row BLOB NOT NULL)`)
	rowChanges       = internal(`SELECT name, added, row FROM temp.row_changes`)
	forgetRowChanges = internal(`DELETE FROM temp.row_changes`)
	primaryKey       = internal(`SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk`)
	readRowSets      = internal(`SELECT sets, seal FROM row_sets`)
	storeRowSets     = internal(`INSERT INTO row_sets (one, sets, seal) VALUES (1, $1, $2)
		ON CONFLICT (one) DO UPDATE SET sets = excluded.sets, seal = excluded.seal`)
)

// KeepRowSets compares the rows of the tables with those that the service left, fails with
// [ErrRows] if they are others, and keeps the sets from here on. Nothing may have changed these
// tables since the database was opened. Doing it again begins anew.
func (db *DB) KeepRowSets(r RowSets) error {
	return db.Commit(func(tx *Tx) error {
		k, found, err := r.compare(tx.conn)
		if err == nil {
			err = off(found)
		}
		if err == nil {
			err = k.attach(tx.conn)
		}
		if err != nil {
			return err
		}
		tx.After(func() { db.committer.sets = k })
		return nil
	}, nil)
}

// CompareRowSets compares the rows of the tables, at one moment, with those that the service left.
// It fails with [ErrRows] if they are others, and finds nothing if what the service left can't be
// told.
func (db *DB) CompareRowSets(r RowSets) (found []RowSet, err error) {
	err = db.read(func(conn *connection) error {
		if _, err := conn.exec(beginReading); err != nil {
			return err
		}
		_, found, err = r.compare(conn)
		_, ended := conn.exec(rollback)
		return errors.Join(err, ended)
	})
	if err != nil {
		return nil, err
	}
	return found, off(found)
}

// SealRowSets stores the sets as they are found: of a new installation, or at the command of
// somebody who answers for them. It comes before [DB.KeepRowSets].
func (t *Tx) SealRowSets(r RowSets) error {
	if err := t.usable(); err != nil {
		return err
	}
	k, err := r.open(t.conn)
	if err != nil {
		return err
	}
	lines, err := k.stored(t.conn)
	if err != nil && !errors.Is(err, ErrRows) {
		return err
	}
	sets, err := k.scan(t.conn)
	if err != nil {
		return err
	}
	return t.check(k.store(t.conn, k.state(sets, lines)))
}

// off is the error of sets that are not what the service left.
func off(found []RowSet) error {
	var all []string
	for _, s := range found {
		if s.Changed {
			all = append(all, s.String())
		}
	}
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrRows, strings.Join(all, "; "))
}

// rowSets are the sets as the newest transaction left them. They are the committer's.
type rowSets struct {
	key    *rowset.Key
	tables []signedTable
	now    *setState
	next   *setState // as the transaction at hand leaves them; nil: as they are
}

// setState is one state of all sets. It isn't changed once it is made.
type setState struct {
	sets  map[string]rowset.Set
	lines []rowset.Line // what is stored, in order of the tables' names
	text  string
	seal  []byte
}

// signedTable is one of the tables.
type signedTable struct {
	name string
	key  []string // columns
	scan *Query   // MAC and key of all rows
}

// open looks the tables up.
func (r RowSets) open(conn *connection) (*rowSets, error) {
	k := &rowSets{key: rowset.NewKey(r.Secret)}
	for _, name := range slices.Sorted(slices.Values(r.Tables)) {
		t := signedTable{name: name}
		err := conn.rows(primaryKey, []any{name}, func(scan func(...any) error) error {
			var column string
			err := scan(&column)
			t.key = append(t.key, column)
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(t.key) == 0 {
			return nil, fmt.Errorf("store: there is no table %s with a primary key", name)
		}
		t.scan = internal("SELECT mac, " + strings.Join(t.key, ", ") + " FROM " + name)
		k.tables = append(k.tables, t)
	}
	return k, nil
}

// compare reads the tables as the connection sees them.
func (r RowSets) compare(conn *connection) (k *rowSets, found []RowSet, err error) {
	if k, err = r.open(conn); err != nil {
		return nil, nil, err
	}
	lines, err := k.stored(conn)
	if err != nil {
		return nil, nil, err
	}
	sets, err := k.scan(conn)
	if err != nil {
		return nil, nil, err
	}
	left := map[string]rowset.Line{}
	for _, l := range lines {
		left[l.Table] = l
	}
	for _, t := range k.tables {
		// The MAC is over all lines, so a table without one is new in this version, and empty.
		line, known := left[t.name]
		if !known {
			line = k.key.Line(t.name, rowset.Set{})
		}
		found = append(found, RowSet{Table: t.name, Found: sets[t.name].Rows, Left: line.Rows,
			Changed: line != k.key.Line(t.name, sets[t.name])})
	}
	k.now = k.state(sets, lines)
	return k, found, nil
}

// stored returns what row_sets holds.
func (k *rowSets) stored(conn *connection) (lines []rowset.Line, err error) {
	var text string
	var seal []byte
	err = conn.row(readRowSets, nil, []any{&text, &seal})
	if errors.Is(err, NoRow) {
		return nil, fmt.Errorf("%w: the row of table row_sets is missing", ErrRows)
	}
	if err != nil {
		return nil, err
	}
	if lines, err = k.key.Read(text, seal); err != nil {
		return nil, fmt.Errorf("%w: the row of table row_sets was changed: %w", ErrRows, err)
	}
	return lines, nil
}

// scan digests all rows of all tables.
func (k *rowSets) scan(conn *connection) (map[string]rowset.Set, error) {
	sets := map[string]rowset.Set{}
	for _, t := range k.tables {
		var set rowset.Set
		var mac, row []byte
		key := make([]any, len(t.key))
		dest := []any{&mac}
		for i := range key {
			dest = append(dest, &key[i])
		}
		err := conn.rows(t.scan, nil, func(scan func(...any) error) (err error) {
			if err = scan(dest...); err != nil {
				return err
			}
			if row, err = rowset.AppendRow(row[:0], t.name, mac, key); err != nil {
				return err
			}
			set.Add(k.key.Digest(row))
			return nil
		})
		if err != nil {
			return nil, err
		}
		sets[t.name] = set
	}
	return sets, nil
}

// state returns the state of these sets. What lines say of other tables, which this program
// doesn't know or doesn't need, stays.
func (k *rowSets) state(sets map[string]rowset.Set, lines []rowset.Line) *setState {
	s := &setState{sets: sets}
	for table, set := range sets {
		s.lines = append(s.lines, k.key.Line(table, set))
	}
	for _, l := range lines {
		if _, ours := sets[l.Table]; !ours {
			s.lines = append(s.lines, l)
		}
	}
	slices.SortFunc(s.lines, func(a, b rowset.Line) int { return strings.Compare(a.Table, b.Table) })
	s.text, s.seal = k.key.Sign(s.lines)
	return s
}

func (k *rowSets) store(conn *connection, s *setState) error {
	_, err := conn.exec(storeRowSets, s.text, s.seal)
	return err
}

// attach has the connection take down every change of the tables. A REPLACE deletes rows, and says
// so to triggers only where these are recursive: the engine's settings have that.
func (k *rowSets) attach(conn *connection) error {
	if _, err := conn.exec(rowChangesTable); err != nil {
		return err
	}
	for _, t := range k.tables {
		if err := conn.script(t.triggers()); err != nil {
			return err
		}
	}
	return nil
}

// triggers are temporary: they belong to the connection, and to no schema that is compared. An
// UPDATE that leaves key and MAC as they are, of what isn't signed, is no change.
func (t signedTable) triggers() string {
	columns := func(of string) string {
		return of + ".mac, " + of + "." + strings.Join(t.key, ", "+of+".")
	}
	note := func(of string, added int) string {
		return fmt.Sprintf("INSERT INTO row_changes (name, added, row) VALUES ('%s', %d, %s('%s', %s)); ",
			t.name, added, rowChanged, t.name, columns(of))
	}
	var b strings.Builder
	for _, x := range []struct{ event, when, do string }{
		{"INSERT", "", note("NEW", 1)},
		{"DELETE", "", note("OLD", 0)},
		{"UPDATE", "WHEN (" + columns("OLD") + ") IS NOT (" + columns("NEW") + ") ",
			note("OLD", 0) + note("NEW", 1)},
	} {
		name := "row_changes_" + t.name + "_" + x.event
		fmt.Fprintf(&b, "DROP TRIGGER IF EXISTS temp.%s;\nCREATE TEMP TRIGGER %s AFTER %s ON main.%s "+
			"%sBEGIN %sEND;\n", name, name, x.event, t.name, x.when, x.do)
	}
	return b.String()
}

// rowChanged is the name of [connection.rowChanged] in SQL.
const rowChanged = "row_changed"

// rowChanged encodes a row for temp.row_changes, and notes that there may be something in it.
func (c *connection) rowChanged(table string, mac []byte, key ...any) ([]byte, error) {
	c.changed = true
	return rowset.AppendRow(nil, table, mac, key)
}

// write stores the sets as the transaction at hand leaves them, if it changes any. It is the last
// thing that is done in it.
func (k *rowSets) write(conn *connection) error {
	if k == nil {
		return nil
	}
	k.next = nil
	if !conn.changed {
		return nil
	}
	conn.changed = false
	sets, changes := maps.Clone(k.now.sets), 0
	err := conn.rows(rowChanges, nil, func(scan func(...any) error) error {
		var table string
		var added bool
		var row []byte
		if err := scan(&table, &added, &row); err != nil {
			return err
		}
		set := sets[table]
		if added {
			set.Add(k.key.Digest(row))
		} else {
			set.Remove(k.key.Digest(row))
		}
		sets[table] = set
		changes++
		return nil
	})
	if err != nil || changes == 0 {
		return err
	}
	if _, err := conn.exec(forgetRowChanges); err != nil {
		return err
	}
	next := k.now.after(k.key, sets)
	if err := k.store(conn, next); err != nil {
		return err
	}
	k.next = next
	return nil
}

// after is the state in which some sets are other ones. Only their lines are made anew.
func (s *setState) after(key *rowset.Key, sets map[string]rowset.Set) *setState {
	next := &setState{sets: sets, lines: slices.Clone(s.lines)}
	for i, l := range next.lines {
		if set, ours := sets[l.Table]; ours && set != s.sets[l.Table] {
			next.lines[i] = key.Line(l.Table, set)
		}
	}
	next.text, next.seal = key.Sign(next.lines)
	return next
}

// committed follows a COMMIT.
func (k *rowSets) committed() {
	if k != nil && k.next != nil {
		k.now, k.next = k.next, nil
	}
}

// settle begins on another connection. If the last transaction's outcome is unknown, what is stored
// tells it: by now it is one or the other.
func (k *rowSets) settle(conn *connection) error {
	if k == nil {
		return nil
	}
	if k.next != nil {
		var text string
		if err := conn.row(readRowSets, nil, []any{&text, new([]byte)}); err != nil {
			return err
		}
		switch text {
		case k.next.text:
			k.now = k.next
		case k.now.text:
		default:
			return fmt.Errorf("%w: the row of table row_sets was changed", ErrRows)
		}
		k.next = nil
	}
	return k.attach(conn)
}
