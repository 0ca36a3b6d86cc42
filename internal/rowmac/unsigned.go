package rowmac

import (
	"fmt"
	"slices"
	"strings"
)

// A row may have columns that its MAC does not cover: counters, or a large value that a signed
// digest stands for. Their values are stored along with the signed ones.

// InsertWith is the statement that stores a row whose unsigned columns have values from the
// beginning. They follow the values of [Table.Sign].
func (t *Table[R]) InsertWith(unsigned ...string) string {
	columns := slices.Concat(t.columns, []string{"mac"}, unsigned)
	return t.insert(columns, placeholders(len(columns)))
}

// UpdateWith is the statement that stores a changed row that has no revision of its own. Another
// row must fence it: one that is changed in the same transaction, against its revision. The first
// columns, as many as key, say which row it is. The values are those of [Table.Sign] and of the
// unsigned columns, in the order of [KeyLast].
func (t *Table[R]) UpdateWith(key int, unsigned ...string) string {
	columns := slices.Concat(t.columns[key:], []string{"mac"}, unsigned, t.columns[:key])
	equal := make([]string, len(columns))
	for i, column := range columns {
		equal[i] = fmt.Sprintf("%s = $%d", column, i+1)
	}
	set := len(columns) - key
	return "UPDATE " + t.name + " SET " + strings.Join(equal[:set], ", ") +
		" WHERE " + strings.Join(equal[set:], " AND ")
}

// KeyLast puts values into the order of [Table.UpdateWith]: the first ones, as many as key, behind
// the others.
func KeyLast(values []any, key int) []any { return slices.Concat(values[key:], values[:key]) }

// Edited is the error for a row whose unsigned value is not the one that its signed digest stands
// for. The caller learns nothing, the log says which table.
func (t *Table[R]) Edited() error { return errEdited(t.name) }
