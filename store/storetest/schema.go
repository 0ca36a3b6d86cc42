package storetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"claviger/store"

	"github.com/mattn/go-sqlite3"
)

// schema is an empty SQLite database in memory with the program's tables, which tells what a
// statement would do to them. Queries are held against it because a server has this very schema.
type schema struct {
	db      *sql.DB
	tables  map[string]store.Scope // by the primary key of each
	touched map[string]bool        // tables of the statement at hand, and whether it inserts
}

// openSchema applies the store's migrations to a database of its own.
func openSchema() (*schema, error) {
	s := &schema{tables: map[string]store.Scope{}, touched: map[string]bool{}}
	s.db = sql.OpenDB(inMemory{&sqlite3.SQLiteDriver{ConnectHook: s.listen}})
	s.db.SetMaxOpenConns(1) // each connection would have a database of its own
	if err := s.build(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *schema) build() error {
	steps, err := fs.Glob(store.Migrations(), "migrations/sqlite/*.sql")
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		return errors.New("storetest: the store has no migrations")
	}
	for _, step := range steps { // sorted, and so in order of their numbers
		if err := s.apply(step); err != nil {
			return err
		}
	}
	return s.read()
}

func (s *schema) close() error { return s.db.Close() }

// apply runs one step of the migrations.
func (s *schema) apply(step string) error {
	text, err := fs.ReadFile(store.Migrations(), step)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(string(text))
	return err
}

// inMemory is how database/sql opens the one connection.
type inMemory struct{ driver *sqlite3.SQLiteDriver }

func (m inMemory) Connect(context.Context) (driver.Conn, error) { return m.driver.Open(":memory:") }
func (m inMemory) Driver() driver.Driver                        { return m.driver }

// listen has SQLite name every table that a statement touches while it prepares the statement:
// views, triggers and quoted names are resolved by then, as the text alone would not show.
func (s *schema) listen(c *sqlite3.SQLiteConn) error {
	c.RegisterAuthorizer(func(action int, table, _, _ string) int {
		switch action {
		case sqlite3.SQLITE_READ, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE:
			s.touched[table] = s.touched[table] || action == sqlite3.SQLITE_INSERT
		}
		return sqlite3.SQLITE_OK
	})
	return nil
}

// touchedTables returns them in order, so that a statement has the same error every time.
func (s *schema) touchedTables() []string { return slices.Sorted(maps.Keys(s.touched)) }

const keyColumns = `SELECT t.name, coalesce(group_concat(c.name ORDER BY c.pk), '')
	FROM sqlite_schema AS t LEFT JOIN pragma_table_info(t.name) AS c ON c.pk > 0
	WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' GROUP BY t.name`

// read finds out which tables belong to what scope.
func (s *schema) read() error {
	rows, err := s.db.Query(keyColumns)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table, key string
		if err := rows.Scan(&table, &key); err != nil {
			return err
		}
		s.tables[table] = scopeOf(strings.Split(key, ","))
	}
	return rows.Err()
}

// plan returns the lines of EXPLAIN QUERY PLAN, and leaves in touched what the statement touches.
func (s *schema) plan(q *store.Query) ([]string, error) {
	clear(s.touched)
	rows, err := s.db.Query("EXPLAIN QUERY PLAN "+q.String(), make([]any, q.Params())...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		plan = append(plan, detail)
	}
	return plan, rows.Err()
}
