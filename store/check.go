package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// CheckQueries prepares every query against the program's own schema and returns what is wrong with them: a
// statement the database doesn't understand, one that would begin or end transactions, and one that reaches
// beyond an account and Region though it was declared by [SQL].
//
// The reach is read from SQLite's query plan: a table whose key begins (account, region) must be searched by both,
// through its key or through an index that begins with them. An INSERT must name both columns. A table with
// another key belongs to the whole service, and so do its queries.
func CheckQueries(queries []*Query) []error {
	c, err := newChecker()
	if err != nil {
		return []error{err}
	}
	defer c.session.close()
	var all []error
	for _, q := range queries {
		if err := c.check(q); err != nil {
			all = append(all, fmt.Errorf("%s: %w: %s", q.at, err, q.text))
		}
	}
	return all
}

// checker holds an empty database with the program's schema.
type checker struct {
	session *session
	tables  map[string]bool // every table, and whether its key begins (account, region)
	touched map[string]bool // tables of the statement at hand, and whether it inserts into them
}

// memory is SQLite without a file, which tells the checker what a statement touches.
type memory struct {
	*sqlite
	touched map[string]bool
}

// connect opens a database of its own in memory. The authorizer hears of every table while a statement is prepared.
func (m memory) connect(context.Context, role) (driver.Conn, error) {
	open := &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		c.RegisterAuthorizer(func(action int, table, _, _ string) int {
			switch action {
			case sqlite3.SQLITE_READ, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE:
				m.touched[table] = m.touched[table] || action == sqlite3.SQLITE_INSERT
			}
			return sqlite3.SQLITE_OK
		})
		return nil
	}}
	return open.Open(":memory:")
}

// newChecker migrates an empty database, so that queries are held against the schema that a server would have.
func newChecker() (*checker, error) {
	c := &checker{tables: map[string]bool{}, touched: map[string]bool{}}
	known, err := loadMigrations(embedded, "migrations/sqlite")
	if err != nil {
		return nil, err
	}
	if c.session, err = newSession(context.Background(), memory{touched: c.touched}, writing); err != nil {
		return nil, err
	}
	err = migrate(c.session, known)
	if err == nil {
		err = c.readSchema()
	}
	if err != nil {
		return nil, errors.Join(err, c.session.close())
	}
	return c, nil
}

var keyColumns = internal(`SELECT t.name, coalesce(group_concat(c.name ORDER BY c.pk), '')
	FROM sqlite_schema AS t LEFT JOIN pragma_table_info(t.name) AS c ON c.pk > 0
	WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' GROUP BY t.name`)

// readSchema finds out which tables belong to accounts and Regions, from their primary keys.
func (c *checker) readSchema() error {
	return c.session.rows(keyColumns, nil, func(scan func(...any) error) error {
		var table, key string
		err := scan(&table, &key)
		c.tables[table] = strings.HasPrefix(key+",", "account,region,")
		return err
	})
}

// forbidden are the words that have no place in a statement which shares its transaction with strangers.
var forbidden = []string{"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "ATTACH", "DETACH",
	"VACUUM", "CREATE", "DROP", "ALTER", "REINDEX", "ANALYZE", "EXPLAIN"}

// check returns the first thing that is wrong with q. Wide only lifts the rule of account and Region.
func (c *checker) check(q *Query) error {
	text := words(q.text)
	for i, word := range text {
		upper := strings.ToUpper(word)
		if i == 0 && slices.Contains(forbidden, upper) || upper == "ROLLBACK" || word == ";" {
			return fmt.Errorf("%s is not for queries", word)
		}
	}
	clear(c.touched)
	plan, err := c.plan(q)
	if err != nil || q.wide != "" {
		return err
	}
	for table := range c.touched {
		if namespaced, known := c.tables[table]; known && !namespaced {
			return fmt.Errorf("the key of %s doesn't begin (account, region): declare it with Wide", table)
		}
	}
	for _, step := range plan {
		if err := c.checkStep(text, step); err != nil {
			return err
		}
	}
	return c.checkInsert(text)
}

// plan returns the lines of EXPLAIN QUERY PLAN.
func (c *checker) plan(q *Query) ([]string, error) {
	var plan []string
	rows, err := c.session.conn.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+q.text, make([]any, q.params)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
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

var access = regexp.MustCompile(`^(?:SCAN|SEARCH) (\w+)`)

// checkStep looks at one access of the plan. Steps on subqueries and constant rows name no table; what a subquery
// reads has a line of its own.
func (c *checker) checkStep(text []string, step string) error {
	match := access.FindStringSubmatch(step)
	if match == nil || match[1] == "CONSTANT" || strings.Contains(step, "VIRTUAL TABLE") {
		return nil
	}
	table, ok := c.resolve(text, match[1])
	switch {
	case !ok:
		return fmt.Errorf("no telling which table %q is", match[1])
	case table != "" && !strings.Contains(step, "(account=? AND region=?"):
		return fmt.Errorf("%s is not searched by account and region: %s", table, step)
	}
	return nil
}

// resolve returns the table behind the name in a plan: the table itself or an alias of it, or "" for the name of
// a common table expression.
func (c *checker) resolve(text []string, name string) (string, bool) {
	if _, ok := c.tables[name]; ok {
		return name, true
	}
	for i, word := range text {
		rest := text[i+1:]
		as := len(rest) > 0 && strings.EqualFold(rest[0], "AS")
		if as {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			break
		}
		if _, ok := c.tables[word]; ok && strings.EqualFold(rest[0], name) {
			return word, true
		}
		if as && rest[0] == "(" && strings.EqualFold(word, name) {
			return "", true
		}
	}
	return "", false
}

// checkInsert demands that the columns of an INSERT, which has no plan, are written out with account and region.
func (c *checker) checkInsert(text []string) error {
	for table, inserts := range c.touched {
		if inserts && c.tables[table] && !namesBoth(text, table) {
			return fmt.Errorf("the columns of %s are not written out with account and region", table)
		}
	}
	return nil
}

// namesBoth reports whether the text holds INTO table (columns), with account and region among the columns.
func namesBoth(text []string, table string) bool {
	for i, word := range text[:max(0, len(text)-3)] {
		if !strings.EqualFold(word, "INTO") || text[i+1] != table || text[i+2] != "(" {
			continue
		}
		columns := text[i+3:]
		columns = columns[:max(0, slices.Index(columns, ")"))]
		return slices.Contains(columns, "account") && slices.Contains(columns, "region")
	}
	return false
}
