package jobs_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"claviger/store"
	"claviger/store/storetest"
)

// What is due is found by an index of kind and time, so that 10,000 schedules cost a look no more
// than what is due of them.
func TestRun_ManySchedules_DueOnesAreFoundByIndex(t *testing.T) {
	path := filepath.Join(storetest.Dir(t), "claviger.db")
	storetest.Open(t, path)
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	looked := 0
	for _, q := range store.Queries() {
		text := q.String()
		if !strings.Contains(text, "FROM jobs") || !strings.Contains(text, "LIMIT") {
			continue
		}
		looked++
		rows, err := db.Query("EXPLAIN QUERY PLAN "+text, make([]any, q.Params())...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var step string
			if err := rows.Scan(new(int), new(int), new(int), &step); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, step)
		}
		rows.Close()
		want := "(kind=? AND due<?)"
		if !strings.Contains(text, "due") {
			want = "(kind>?)" // which kinds there are
		}
		if len(plan) != 1 || !strings.HasPrefix(plan[0], "SEARCH jobs USING") ||
			!strings.Contains(plan[0], "INDEX jobs_by_kind "+want) {
			t.Errorf("%s: %s", text, fmt.Sprintf("%q", plan))
		}
	}
	if looked != 2 {
		t.Errorf("%d statements look for work, want one for the kinds and one for what is due", looked)
	}
}
