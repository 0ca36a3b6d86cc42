package findings

import (
	"errors"
	"fmt"
	"io"

	"claviger/internal/install"
)

// Rows prints a line for each table, and one for each row that is wrong.
func Rows(w io.Writer, database string, found *install.Inspection) {
	fmt.Fprintf(w, "\ndatabase  %s\n", database)
	for _, t := range found.Tables {
		state := ""
		if t.Set.Changed {
			state = "  CHANGED: " + t.Set.String()
		}
		fmt.Fprintf(w, "  %-24s %8d verified%s\n", t.Name, t.Rows-len(t.Bad), state)
		for _, row := range t.Bad {
			fmt.Fprintf(w, "    WRONG: %s: %v\n", row.Key, cause(row.Why))
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
