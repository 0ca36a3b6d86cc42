package findings

import (
	"errors"
	"fmt"
	"io"

	"claviger/internal/install"
)

// Rows prints a line for each table, and one for each of the first rows that are wrong.
func Rows(w io.Writer, database string, found *install.Inspection) {
	fmt.Fprintf(w, "\ndatabase  %s\n", database)
	for _, t := range found.Tables {
		state := ""
		if t.Set.Changed {
			state = "  CHANGED: " + t.Set.String()
		}
		fmt.Fprintf(w, "  %-24s %8d verified%s\n", t.Name, t.Rows-t.Bad, state)
		for _, row := range t.Some {
			fmt.Fprintf(w, "    WRONG: %s: %v\n", row.Key, cause(row.Why))
		}
		if more := t.Bad - len(t.Some); more > 0 {
			fmt.Fprintf(w, "    WRONG: %d more\n", more)
		}
	}
	if found.Sets != nil {
		fmt.Fprintf(w, "  %v\n", found.Sets)
	}
}

// cause is the innermost reason, which says nothing twice.
func cause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
