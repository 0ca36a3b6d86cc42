package rowmac

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"claviger/store"
)

const ofEveryTable = "every row of every signed table is looked at"

var qPrimaryKey = store.Wide(`SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk`,
	ofEveryTable)

// page is how many rows are read before the token is asked.
const page = 256

// Inspect reads and verifies every row of the table and counts them. bad is called with the primary
// key of each that is not as the service stored it. Any other failure ends the reading.
func (t *Table[R]) Inspect(ctx context.Context, s *Signer, from store.Reader,
	bad func(key []any, why error)) (rows int, err error) {
	var columns []string
	err = from.Rows(qPrimaryKey, []any{t.name}, func(scan func(...any) error) error {
		var column string
		err := scan(&column)
		columns = append(columns, column)
		return err
	})
	if err != nil {
		return 0, err
	}
	first, next := t.pages(columns)
	for q, after := first, []any(nil); ; q = next {
		found, err := t.readPage(from, q, after, len(columns))
		if err != nil {
			return rows, err
		}
		for _, row := range found {
			why := row.why
			if why == nil {
				why = row.Verify(ctx, s)
			}
			if why != nil && row.why == nil && !errors.Is(why, ErrEdited) {
				return rows, why // the token's failure says nothing of the row
			}
			if why != nil {
				bad(row.key, why)
			}
		}
		if rows += len(found); len(found) < page {
			return rows, nil
		}
		after = found[page-1].key
	}
}

// pages are the queries of the first page and of the one after a key.
func (t *Table[R]) pages(key []string) (first, next *store.Query) {
	columns := strings.Join(key, ", ")
	text := "SELECT " + t.Columns() + ", " + columns + " FROM " + t.name
	order := fmt.Sprintf(" ORDER BY %s LIMIT %d", columns, page)
	after := fmt.Sprintf(" WHERE (%s) > (%s)", columns,
		strings.Join(placeholders(len(key)), ", "))
	return store.Wide(text+order, ofEveryTable), store.Wide(text+after+order, ofEveryTable)
}

// keyed is a row with its primary key, and why it can't be read.
type keyed struct {
	Read
	key []any
	why error
}

func (t *Table[R]) readPage(from store.Reader, q *store.Query, after []any, columns int) (
	found []keyed, err error) {
	err = from.Rows(q, after, func(scan func(...any) error) error {
		one := keyed{key: make([]any, columns)}
		beside := make([]any, columns)
		for i := range beside {
			beside[i] = &one.key[i]
		}
		scanned := false
		one.Read, one.why = t.Scan(func(dest ...any) error {
			err := scan(dest...)
			scanned = err == nil
			return err
		}, new(R), beside...)
		if !scanned {
			return one.why
		}
		found = append(found, one)
		return nil
	})
	return found, err
}
