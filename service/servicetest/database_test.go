package servicetest_test

import (
	"database/sql"
	"sort"
	"strings"
	"testing"

	"claviger/store"
	"claviger/store/storetest"

	_ "github.com/mattn/go-sqlite3"
)

// database opens a server's database as somebody who can get at the file does.
func database(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=5000")
	accepted(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// moving are the tables and columns that change without a change: the trail and its tree, what is
// believed of the time, the one digest of all signed rows, which has that in it, the bookkeeping of
// what was used and how often, and what is on its way to receivers, with how far that is.
var moving = map[string]bool{"trail": true, "tree_tiles": true,
	"tree_checkpoints": true, "heartbeat": true, "clock": true, "row_sets": true,
	"accessed": true, "kms_uses": true, "kms_last_used": true, "used": true, "used_service": true,
	"used_region": true, "deliveries": true, "dead_letters": true, "outbox": true,
	"event_cursors": true, "alarm_state": true}

// snapshot returns all that the database says about keys, secrets, callers and
// jobs, one row a line.
func snapshot(t testing.TB, db *sql.DB) string {
	t.Helper()
	var all []string
	for _, table := range column(t, db,
		`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`) {
		if moving[table] {
			continue
		}
		var columns []string
		for _, c := range column(t, db, `SELECT name FROM pragma_table_info('`+table+`')`) {
			if !moving[c] {
				columns = append(columns, "quote("+c+")")
			}
		}
		rows := column(t, db, `SELECT `+strings.Join(columns, ` || ' ' || `)+` FROM `+table)
		sort.Strings(rows)
		for _, r := range rows {
			all = append(all, table+": "+r)
		}
	}
	return strings.Join(all, "\n")
}

// column returns the first column of what a query answers.
func column(t testing.TB, db *sql.DB, query string, args ...any) (out []string) {
	t.Helper()
	rows, err := db.Query(query, args...)
	accepted(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		accepted(t, rows.Scan(&s))
		out = append(out, s)
	}
	accepted(t, rows.Err())
	return out
}

// unchanged fails the test if anything in the database differs from before, and shows what.
func unchanged(t testing.TB, db *sql.DB, before string) {
	t.Helper()
	after := snapshot(t, db)
	if after == before {
		return
	}
	old := map[string]bool{}
	for line := range strings.SplitSeq(before, "\n") {
		old[line] = true
	}
	var diff []string
	for line := range strings.SplitSeq(after, "\n") {
		if !old[line] {
			diff = append(diff, "+ "+line)
		}
		delete(old, line)
	}
	for line := range old {
		diff = append(diff, "- "+line)
	}
	t.Errorf("something was changed:\n%s", strings.Join(diff, "\n"))
}

// Every statement of every domain is understood by the database, and stays within one account and
// Region, or one account where AWS has no Region, unless it says why it can't.
func TestQueries_EveryStatement_KeepsToItsScope(t *testing.T) {
	for _, err := range storetest.CheckQueries(store.Queries()) {
		t.Error(err)
	}
}
