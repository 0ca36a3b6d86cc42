package servicetest_test

import (
	"database/sql"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"claviger/store"
	"claviger/store/storetest"
)

// TestQueries_EveryStatement_IsSearchedByTheBestIndex: SQLite knows no numbers of our rows, and
// takes a part of the primary key for as good as an index that says more. A listing of what belongs
// to one thing then reads what belongs to all, and is fast until there is much. So what a statement
// wants equal to its arguments has to be searched by as far as an index has it: INDEXED BY says so.
func TestQueries_EveryStatement_IsSearchedByTheBestIndex(t *testing.T) {
	path := filepath.Join(storetest.Dir(t), "claviger.db")
	storetest.Open(t, path)
	db, err := sql.Open("sqlite3", path)
	accepted(t, err)
	defer db.Close()
	indexes := indexesOf(t, db)
	searched := 0
	for _, q := range store.Queries() {
		equal := equalities(q.String())
		for _, step := range plan(t, db, q) {
			m := planStep.FindStringSubmatch(step)
			if m == nil {
				continue // what is made of rows that were found
			}
			searched++
			best := 0
			for _, index := range indexes[table(q.String(), m[1])] {
				best = max(best, leading(index, equal))
			}
			if n := strings.Count(step, "=?"); n < best {
				t.Errorf("%s is searched by %d columns where an index has %d of them: %s: %s", q.Where(),
					n, best, step, q)
			}
		}
	}
	if searched < 150 {
		t.Errorf("only %d searches were looked at", searched)
	}
}

var (
	planStep = regexp.MustCompile(`^(?:SEARCH|SCAN) (\w+)`)
	equality = regexp.MustCompile(`(\w+) = \$`)
	aliased  = regexp.MustCompile(`(?:FROM|JOIN) (\w+) (\w+)`)
)

// equalities are the columns that a statement wants equal to its arguments.
func equalities(text string) map[string]bool {
	equal := map[string]bool{}
	_, where, _ := strings.Cut(text, "WHERE")
	for _, m := range equality.FindAllStringSubmatch(where, -1) {
		equal[m[1]] = true
	}
	return equal
}

// table returns what a plan calls by an alias.
func table(text, name string) string {
	for _, m := range aliased.FindAllStringSubmatch(text, -1) {
		if m[2] == name {
			return m[1]
		}
	}
	return name
}

// leading counts how many columns of an index are wanted equal before the first that is not.
func leading(index []string, equal map[string]bool) int {
	for i, c := range index {
		if !equal[c] {
			return i
		}
	}
	return len(index)
}

// indexesOf returns the columns of every index, by table.
func indexesOf(t *testing.T, db *sql.DB) map[string][][]string {
	t.Helper()
	all := map[string][][]string{}
	for _, name := range column(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table'`) {
		for _, index := range column(t, db, `SELECT name FROM pragma_index_list(?)`, name) {
			all[name] = append(all[name],
				column(t, db, `SELECT name FROM pragma_index_info(?) ORDER BY seqno`, index))
		}
	}
	return all
}

// plan returns how SQLite would find what a statement asks for.
func plan(t *testing.T, db *sql.DB, q *store.Query) (steps []string) {
	t.Helper()
	rows, err := db.Query("EXPLAIN QUERY PLAN "+q.String(), make([]any, q.Params())...)
	accepted(t, err)
	defer rows.Close()
	for rows.Next() {
		var step string
		accepted(t, rows.Scan(new(int), new(int), new(int), &step))
		steps = append(steps, step)
	}
	accepted(t, rows.Err())
	return steps
}
