package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"claviger/store"
)

func auditCommand(ctx context.Context, e *env, args []string) error {
	if len(args) == 0 || args[0] != "tail" {
		return usageError("audit: say what to do: claviger audit tail")
	}
	f := e.flags("audit tail", "--config FILE|--database FILE [-n N] [-f]", "Prints the audit trail's records, oldest first, one JSON document a line. The server may be running.")
	path := f.String("config", "", "`file` of the configuration")
	database := f.String("database", "", "the database's `file`, instead of a configuration")
	last := f.Int("n", 10, "how `many` records to begin with; 0 for all")
	follow := f.Bool("f", false, "wait for more")
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	if *database == "" {
		c, err := readConfig(*path)
		if err != nil {
			return err
		}
		*database = c.Database
	}
	db, err := store.OpenReader(ctx, *database)
	if err != nil {
		return err
	}
	defer db.Close()
	return tail(ctx, e, db, *last, *follow)
}

// tail prints the last records of the trail and, if asked, those that follow.
func tail(ctx context.Context, e *env, db *store.DB, last int, follow bool) error {
	var kept []string
	at := int64(0)
	show := func(line string) {
		kept = append(kept, line)
		if last > 0 && len(kept) > last {
			kept = kept[1:]
		}
	}
	read := func() error {
		return db.Trail(at, func(batch int64, _ time.Time, records []byte) error {
			at = batch
			for line := range lines(records) {
				show(line)
			}
			return nil
		})
	}
	if err := read(); err != nil {
		return err
	}
	for _, line := range kept {
		fmt.Fprintln(e.stdout, line)
	}
	show = func(line string) { fmt.Fprintln(e.stdout, line) }
	for follow {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(250 * time.Millisecond):
		}
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

// lines yields the records of a batch.
func lines(records []byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		for line := range bytes.SplitSeq(records, []byte("\n")) {
			if len(line) > 0 && !yield(string(line)) {
				return
			}
		}
	}
}
