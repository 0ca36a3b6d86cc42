package store

import (
	"context"
	"strings"
	"testing"

	"github.com/mattn/go-sqlite3"
)

// FuzzPlaceholders holds this package's reading of a statement against SQLite's: where both accept
// a text, they must see the same placeholders.
func FuzzPlaceholders(f *testing.F) {
	for _, text := range []string{
		`SELECT $1, $2, $1`,
		`SELECT '$2', "$3", $1 -- $9`,
		`SELECT /* $2 */ [$3], $1`,
		`SELECT 'it''s', x'00', 1e5, $1->>'$.a'`,
		"SELECT `a``b` FROM (SELECT $1 AS \"a`b\")",
		`SELECT $1::a, $2(b)`,
		`SELECT $1%$1$1`,
	} {
		f.Add(text)
	}
	c, err := (&sqlite3.SQLiteDriver{}).Open(":memory:")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, ";") || strings.Contains(text, "\x00") {
			t.Skip("more than one statement, which CheckQueries refuses")
		}
		q := read(text)
		if q == nil {
			return
		}
		stmt, err := c.(*sqlite3.SQLiteConn).PrepareContext(context.Background(), text)
		if err != nil {
			return
		}
		defer stmt.Close()
		if n := stmt.NumInput(); n != q.params {
			t.Errorf("%q has %d placeholders for SQLite and %d here", text, n, q.params)
		}
	})
}

// read returns the statement, or nil if it is refused.
func read(text string) (q *Query) {
	defer func() {
		if v := recover(); v != nil {
			if _, refusal := v.(string); !refusal {
				panic(v)
			}
		}
	}()
	return internal(text)
}
