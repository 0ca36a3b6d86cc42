package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"claviger/internal/install"
	"claviger/service"
)

// inspect looks at every signed row of the database, and accepts them if that is asked.
func (c *config) inspect(ctx context.Context, w io.Writer, log *slog.Logger, accept bool) error {
	asked := service.Config{Database: c.Database, HSM: c.device(), Regions: c.Regions, Log: log,
		Now: time.Now}
	if !accept {
		found, err := service.Inspect(ctx, asked)
		if err != nil {
			return err
		}
		c.printInspection(w, found)
		return found.Err()
	}
	found, accepted, err := service.AcceptRows(ctx, asked, c.Account,
		"claviger doctor --accept by "+userName(-1))
	if err != nil {
		return err
	}
	c.printInspection(w, found)
	switch {
	case accepted:
		fmt.Fprintln(w, "accepted: the service starts with these rows, and the trail has a record of it")
		return nil
	case found.Bad > 0:
		return fmt.Errorf("rows that were edited can't be accepted: %w", found.Err())
	}
	fmt.Fprintln(w, "there is nothing to accept")
	return nil
}

// printInspection prints a line for each table, and one for each row that is wrong.
func (c *config) printInspection(w io.Writer, found *install.Inspection) {
	fmt.Fprintf(w, "\ndatabase  %s\n", c.Database)
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
