package install

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"claviger/internal/rowmac"
	"claviger/store"
)

// Inspection is what a walk through all signed tables has found.
type Inspection struct {
	Tables []Inspected
	Bad    int   // rows that are not as the service stored them
	Sets   error // what is off with the sets of rows, an [store.ErrRows], or nil
}

// Inspected is what was found in one table.
type Inspected struct {
	Name string
	Rows int
	Bad  int          // of them
	Some []BadRow     // the first of the bad ones
	Set  store.RowSet // empty if what the service left can't be told
}

// mostNamed is how many bad rows of a table are named. A person looks at some; a table of which all
// were edited may be larger than the memory.
const mostNamed = 100

// BadRow is a row whose signature doesn't fit, or that can't be read.
type BadRow struct {
	Key string // the columns of the primary key with blanks between
	Why error
}

// Err says in one sentence what is wrong, if anything is.
func (i *Inspection) Err() error {
	switch {
	case i.Bad == 0:
		return i.Sets
	case i.Sets == nil:
		return fmt.Errorf("%w: %d of them were edited", store.ErrRows, i.Bad)
	}
	return fmt.Errorf("%w; and %d rows were edited", i.Sets, i.Bad)
}

// Inspect verifies every row of every signed table and compares the sets of rows. A server may be
// running on the database. The token is asked once for each row.
func (in *Installation) Inspect(ctx context.Context, db *store.DB, token Token) (
	*Inspection, error) {
	found, err := db.CompareRowSets(in.RowSets)
	if err != nil && !errors.Is(err, store.ErrRows) {
		return nil, err
	}
	i := &Inspection{Sets: err}
	for _, table := range rowmac.Tables() {
		one := Inspected{Name: table.Name()}
		for _, set := range found {
			if set.Table == one.Name {
				one.Set = set
			}
		}
		one.Rows, err = table.Inspect(ctx, in.SignerOf(one.Name, token), db,
			func(key []any, why error) {
				if one.Bad++; one.Bad <= mostNamed {
					one.Some = append(one.Some, BadRow{Key: keyText(key), Why: why})
				}
			})
		if err != nil {
			return nil, err
		}
		i.Bad += one.Bad
		i.Tables = append(i.Tables, one)
	}
	return i, nil
}

// SignerOf returns what signs the rows of a table: those of this package are signed by the
// authenticator.
func (in *Installation) SignerOf(table string, token Token) *rowmac.Signer {
	if table == selves.Name() || table == serviceKeys.Name() {
		return Signer(in.ID, token)
	}
	return in.Rows
}

// keyText is a primary key for people.
func keyText(key []any) string {
	var parts []string
	for _, column := range key {
		if b, ok := column.([]byte); ok {
			column = fmt.Sprintf("%x", b)
		}
		parts = append(parts, fmt.Sprint(column))
	}
	return strings.Join(parts, " ")
}
