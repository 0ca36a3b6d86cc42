package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
	"claviger/store"
)

func auditCommand(ctx context.Context, e *env, args []string) error {
	if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") {
		args = []string{"tail", "-h"}
	}
	if len(args) == 0 || args[0] != "tail" {
		return exit.UsageError("audit: say what to do: claviger audit tail")
	}
	f := e.flags("audit tail", "--config FILE|--database FILE [-n N] [-f]",
		"Prints the audit trail's records, oldest first, one JSON document a line. The server may be "+
			"running.")
	path := f.String("config", "", "`file` of the configuration")
	database := f.String("database", "", "the database's `file`, instead of a configuration")
	last := f.Int("n", 10, "how `many` records to begin with; 0 for all")
	follow := f.Bool("f", false, "wait for more")
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	if *database == "" && *path == "" {
		return exit.UsageError("audit tail: --config FILE or --database FILE is needed")
	}
	if *database == "" {
		c, err := config.Read(*path)
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

// tail prints the last records of the trail, all if last is 0, and then those that follow if asked.
func tail(ctx context.Context, e *env, db *store.DB, last int, follow bool) error {
	end, err := db.TrailEnd()
	if err != nil {
		return err
	}
	kept, err := newest(db, end, last)
	if err != nil {
		return err
	}
	for _, line := range kept {
		fmt.Fprintln(e.stdout, line)
	}
	for follow {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(250 * time.Millisecond):
		}
		err := db.Trail(end, func(batch int64, _ time.Time, records []byte) error {
			end = batch
			for line := range lines(records) {
				fmt.Fprintln(e.stdout, line)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var errEnd = errors.New("the end of what was asked for")

// newest returns the last records up to a batch. Every batch holds one at least, so no more batches
// than records have to be read.
func newest(db *store.DB, end int64, last int) (kept []string, err error) {
	from := int64(0)
	if last > 0 {
		from = max(0, end-int64(last))
	}
	err = db.Trail(from, func(batch int64, _ time.Time, records []byte) error {
		if batch > end {
			return errEnd
		}
		kept = slices.AppendSeq(kept, lines(records))
		return nil
	})
	if errors.Is(err, errEnd) {
		err = nil
	}
	if last > 0 && len(kept) > last {
		kept = kept[len(kept)-last:]
	}
	return kept, err
}

// lines yields the records of a batch.
func lines(records []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range bytes.SplitSeq(records, []byte("\n")) {
			if len(line) > 0 && !yield(string(line)) {
				return
			}
		}
	}
}
