package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
)

// A trigger, a view in a table's place, a constraint that gives way or an index that leaves rows
// out makes the database do something else than it is told, and say that it was done. Rows are
// signed, the schema can't be: it is compared with what the migrations make.

// object is a row of sqlite_schema: a table, an index, a trigger or a view.
type object struct {
	kind, name, table string
	sql               string // as it was written; empty for the indexes of constraints
}

func (o object) String() string {
	if o.kind == "table" || o.kind == "view" {
		return o.kind + " " + o.name
	}
	return o.kind + " " + o.name + " on " + o.table
}

func compareObjects(a, b object) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name),
		cmp.Compare(a.table, b.table))
}

// schema is what the database must look like: the steps that make it, and what they make.
type schema struct {
	steps   []migration
	objects []object // in order
	foreign bool     // of a file that no server has open: its settings don't matter
}

// settings are what a database file says for itself of how it is written and read, and how the
// connections of this package have it.
var settings = []struct {
	query *Query
	want  string
}{
	{internal("PRAGMA journal_mode"), "wal"},
	{internal("PRAGMA encoding"), "UTF-8"},
}

// forgetSchema has SQLite read the schema again: what it has in mind then is what was compared.
const forgetSchema = "PRAGMA writable_schema = RESET"

var (
	schemaVersion = internal("PRAGMA schema_version")
	schemaObjects = internal(`SELECT type, name, tbl_name, coalesce(sql, ''), rootpage
		FROM sqlite_schema`)
	recallSchema = internal("SELECT count(*) FROM sqlite_schema")
	beginReading = internal("BEGIN DEFERRED")
)

// ownSchema is that of the program.
var ownSchema = sync.OnceValues(func() (*schema, error) { return newSchema(embedded) })

// schemaOf returns the schema that migrations make; nil are the program's own.
func schemaOf(migrations fs.FS) (*schema, error) {
	if migrations == nil {
		return ownSchema()
	}
	return newSchema(migrations)
}

func newSchema(migrations fs.FS) (*schema, error) {
	steps, err := loadMigrations(migrations, "migrations/"+new(sqlite).migrations())
	if err != nil {
		return nil, err
	}
	return schemaAfter(steps)
}

// schemaAfter runs steps on an empty database in memory, and looks at what they make.
func schemaAfter(steps []migration) (*schema, error) {
	conn, err := newConnection(context.Background(), new(sqlite), blank)
	if err != nil {
		return nil, err
	}
	defer conn.close()
	if _, err := conn.exec(migrationTable); err != nil {
		return nil, err
	}
	for _, step := range steps {
		if err := conn.transact(func() error { return step.apply(conn) }); err != nil {
			return nil, fmt.Errorf("migration %s: %w", step.name, err)
		}
	}
	s := &schema{steps: steps}
	s.objects, err = readObjects(conn)
	return s, err
}

// readObjects returns what a database holds, in order. Two objects that share a page are refused:
// one would be read as the other.
func readObjects(conn *connection) (all []object, err error) {
	pages := map[int64]object{}
	err = conn.rows(schemaObjects, nil, func(scan func(...any) error) error {
		var o object
		var page int64
		if err := scan(&o.kind, &o.name, &o.table, &o.sql, &page); err != nil {
			return err
		}
		if other, taken := pages[page]; taken && page != 0 {
			return fmt.Errorf("%w: %s and %s are one", ErrSchema, other, o)
		}
		pages[page] = o
		all = append(all, o)
		return nil
	})
	slices.SortFunc(all, compareObjects)
	return all, err
}

// compare refuses a database that is not what the schema says, and names the object.
func (s *schema) compare(conn *connection) error {
	found, err := readObjects(conn)
	if err != nil {
		return err
	}
	for i, j := 0, 0; i < len(s.objects) || j < len(found); i, j = i+1, j+1 {
		order := 0
		switch {
		case i == len(s.objects):
			order = 1
		case j == len(found):
			order = -1
		default:
			order = compareObjects(s.objects[i], found[j])
		}
		switch {
		case order < 0:
			return fmt.Errorf("%w: %s is missing", ErrSchema, s.objects[i])
		case order > 0:
			return fmt.Errorf("%w: %s is none of its own", ErrSchema, found[j])
		case s.objects[i].sql != found[j].sql:
			return fmt.Errorf("%w: %s is another one", ErrSchema, found[j])
		}
	}
	if s.foreign {
		return nil
	}
	return s.compareSettings(conn)
}

func (s *schema) compareSettings(conn *connection) error {
	for _, setting := range settings {
		var got string
		if err := conn.row(setting.query, nil, []any{&got}); err != nil {
			return err
		}
		if got != setting.want {
			return fmt.Errorf("%w: %s says %s", ErrSchema, setting.query, got)
		}
	}
	return nil
}

// inspect compares the schema as a connection sees it in the transaction that is open, and has
// SQLite take that one for its statements.
func (s *schema) inspect(conn *connection) error {
	conn.inspected = false
	var version int64
	err := conn.row(schemaVersion, nil, []any{&version})
	if err == nil {
		err = s.compare(conn)
	}
	if err == nil {
		err = conn.script(forgetSchema)
	}
	if err == nil {
		err = conn.row(recallSchema, nil, []any{new(int64)})
	}
	conn.inspected, conn.version = err == nil, version
	return err
}

// hold is [schema.inspect] in a transaction of its own, so that nobody changes the schema between
// two looks at it.
func (s *schema) hold(conn *connection) error {
	if _, err := conn.exec(beginReading); err != nil {
		return err
	}
	err := s.inspect(conn)
	_, ended := conn.exec(rollback)
	return errors.Join(err, ended)
}

// moved reports whether the schema may be another than the one that was inspected. SQLite itself
// tells by the same number that its statements have to be prepared again.
func (s *schema) moved(conn *connection) (bool, error) {
	var version int64
	err := conn.row(schemaVersion, nil, []any{&version})
	return !conn.inspected || version != conn.version, err
}
