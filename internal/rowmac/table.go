package rowmac

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"claviger/store"
)

// Table is a table whose rows are signed: R is what a row is read into.
type Table[R any] struct {
	name    string
	fields  func(*R) []Column
	columns []string
}

// Declare makes a Table. fields returns the signed columns of a row in the order in which they are
// signed, each with a pointer to its value. It belongs in a package-level variable: [Tables] lists
// what was declared.
func Declare[R any](name string, fields func(*R) []Column) *Table[R] {
	t := &Table[R]{name: name, fields: fields}
	for _, c := range fields(new(R)) {
		t.columns = append(t.columns, c.name)
	}
	declared.Lock()
	defer declared.Unlock()
	declared.tables = append(declared.tables, t)
	return t
}

// Columns is what a query selects to have a row read by [Table.Scan]: the signed columns and the
// MAC. Columns that are not signed may follow.
func (t *Table[R]) Columns() string { return strings.Join(t.columns, ", ") + ", mac" }

// Insert is the statement that stores a row, with the values of [Table.Sign]. Columns that are not
// signed are written as beside, with 0 for each: they count or date what happens later.
func (t *Table[R]) Insert(beside ...string) string {
	columns := append(slices.Clone(t.columns), "mac")
	values := append(placeholders(len(columns)), slices.Repeat([]string{"0"}, len(beside))...)
	return t.insert(append(columns, beside...), values)
}

// insert is the statement that stores a row with these texts as values.
func (t *Table[R]) insert(columns, values []string) string {
	return "INSERT INTO " + t.name + " (" + strings.Join(columns, ", ") + ") VALUES (" +
		strings.Join(values, ", ") + ")"
}

// placeholders returns $1 to $n.
func placeholders(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("$%d", i+1)
	}
	return all
}

// Upsert is [Table.Insert] that writes over a row which has the same first columns, as many as key.
func (t *Table[R]) Upsert(key int) string {
	var sets []string
	for _, column := range append(slices.Clone(t.columns[key:]), "mac") {
		sets = append(sets, column+" = excluded."+column)
	}
	return t.Insert() + " ON CONFLICT (" + strings.Join(t.columns[:key], ", ") +
		") DO UPDATE SET " + strings.Join(sets, ", ")
}

// Update is the statement that stores a changed row over the revision before it, with the values
// that [Over] puts in order. The first columns, as many as key, say which row it is; the column rev
// is its revision.
func (t *Table[R]) Update(key int) string {
	// behind the signed columns and the MAC
	return t.UpdateWith(key) + fmt.Sprintf(" AND rev = $%d", len(t.columns)+2)
}

// Over puts the values of [Table.Sign] into the order of [Table.Update]. before is the revision
// that the row must still have.
func Over(values []any, key int, before int64) []any {
	return append(KeyLast(values, key), before)
}

// Values returns what the signed columns hold for a row.
func (t *Table[R]) Values(row *R) (values []any) {
	values = make([]any, 0, len(t.columns)+1) // and room for the MAC
	fields := t.fields(row)
	for i := range fields {
		values = append(values, fields[i].value())
	}
	return values
}

// Sign returns the values of a row in the order of [Table.Columns], its new MAC the last. It may
// ask the token, so no rows may be open and no transaction.
func (t *Table[R]) Sign(ctx context.Context, s *Signer, row *R) (values []any, err error) {
	values = t.Values(row)
	mac, err := s.Sign(ctx, t.name, values...)
	return append(values, mac), err
}

// Read is a row as it was read and not verified yet.
type Read struct {
	table  string
	stored []any // the signed columns, byte for byte as they rest
	mac    []byte
}

// Verify asks whether the row is as the service stored it. It may ask the token, so no rows may be
// open and no transaction.
func (r Read) Verify(ctx context.Context, s *Signer) error {
	return s.Verify(ctx, r.mac, r.table, r.stored...)
}

// Scan reads a row that a query of [Table.Columns] found; what the query selects behind them goes
// into beside. The row must not be believed before what Scan returns is verified.
func (t *Table[R]) Scan(scan func(...any) error, row *R, beside ...any) (Read, error) {
	fields := t.fields(row)
	read := Read{table: t.name, stored: make([]any, len(fields))}
	dest := make([]any, 0, len(fields)+1+len(beside))
	for i := range fields {
		dest = append(dest, fields[i].dest())
	}
	if err := scan(append(append(dest, &read.mac), beside...)...); err != nil {
		return read, err
	}
	for i := range fields {
		read.stored[i] = fields[i].stored()
	}
	for i := range fields {
		if err := fields[i].decode(); err != nil {
			return read, &unreadable{t.name, fields[i].name, err}
		}
	}
	return read, nil
}

// unreadable is what is wrong with a row that was found and holds what no column of it can.
type unreadable struct {
	table, column string
	cause         error
}

func (u *unreadable) Error() string {
	return fmt.Sprintf("column %s of table %s can't be read: %v", u.column, u.table, u.cause)
}

func (u *unreadable) Unwrap() error { return u.cause }

// Is says that the row was edited, whatever its MAC says.
func (u *unreadable) Is(target error) bool { return target == ErrEdited }

// scanned returns what a Scan has failed with, and tells of a row that can't be read.
func (t *Table[R]) scanned(s *Signer, err error) error {
	if u := new(*unreadable); errors.As(err, u) {
		return s.refuse(t.name, err)
	}
	return err
}

// Load reads the one row that q finds and verifies it, or returns [store.NoRow].
func (t *Table[R]) Load(ctx context.Context, s *Signer, from store.Reader, q *store.Query,
	args []any, beside ...any) (*R, error) {
	row := new(R)
	read, err := t.Scan(func(dest ...any) error { return from.Row(q, args, dest...) }, row, beside...)
	if err != nil {
		return nil, t.scanned(s, err)
	}
	if err := read.Verify(ctx, s); err != nil {
		return nil, err
	}
	return row, nil
}

// Select reads all rows that q finds and verifies them then: the token is
// never asked with rows open.
func (t *Table[R]) Select(ctx context.Context, s *Signer, from store.Reader, q *store.Query,
	args ...any) (rows []*R, err error) {
	var reads []Read
	err = from.Rows(q, args, func(scan func(...any) error) error {
		row := new(R)
		read, err := t.Scan(scan, row)
		rows, reads = append(rows, row), append(reads, read)
		return err
	})
	if err != nil {
		return nil, t.scanned(s, err)
	}
	for _, read := range reads {
		if err := read.Verify(ctx, s); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// Declared is a table of signed rows, whatever its rows are read into.
type Declared interface {
	Name() string
	Columns() string
	// Inspect is [Table.Inspect].
	Inspect(ctx context.Context, s *Signer, from store.Reader,
		bad func(key []any, why error)) (rows int, err error)
}

var declared struct {
	sync.Mutex
	tables []Declared
}

// Tables returns every table that was declared.
func Tables() []Declared {
	declared.Lock()
	defer declared.Unlock()
	return slices.Clone(declared.tables)
}

// Name implements [Declared].
func (t *Table[R]) Name() string { return t.name }
