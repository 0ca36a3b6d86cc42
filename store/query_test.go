package store

import (
	"slices"
	"strings"
	"testing"
)

func TestQuery_Placeholders_AreInOrderOfFirstAppearance(t *testing.T) {
	for text, params := range map[string]int{
		`SELECT 1`:                                 0,
		`SELECT $1, $2, $1`:                        2,
		`SELECT '$2', "$3", $1 -- $9` + "\n, $2":   2,
		`SELECT 'it''s $2' /* $2 */, $1`:           1,
		`SELECT json_extract(x, '$.a') WHERE y=$1`: 1,
	} {
		if got := internal(text).Params(); got != params {
			t.Errorf("%s: %d placeholders, want %d", text, got, params)
		}
	}
	for _, text := range []string{
		`SELECT $2, $1`, `SELECT $1, $3`, `SELECT ?`, `SELECT :name`, `SELECT @name`, `SELECT $name`,
		`SELECT $0`,
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was accepted", text)
				}
			}()
			internal(text)
		}()
	}
}

func TestQuery_WideWithoutReason_Panics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a statement without limits needs no reason")
		}
	}()
	Wide(`SELECT count(*) FROM trail`, "")
}

func TestQuery_Declarations_AreListedWithPlaceAndScope(t *testing.T) {
	for q, scope := range map[*Query]Scope{
		listed: Everywhere, listedInAccount: InAccount, listedInRegion: InRegion,
	} {
		i := slices.Index(Queries(), q)
		if i < 0 || !strings.HasPrefix(q.Where(), "store/query_test.go:") || q.Scope() != scope {
			t.Errorf("%s: index %d, declared at %q with scope %d", q, i, q.Where(), q.Scope())
		}
	}
}

var (
	listed          = Wide(`SELECT count(*) FROM trail`, "a test")
	listedInAccount = AccountSQL(`SELECT 1`)
	listedInRegion  = SQL(`SELECT 2`)
)
