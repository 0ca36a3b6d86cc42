package main

import (
	"context"
	"time"

	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/query"
)

const queryAbout = "Prints the records of the audit trail that have all of what is asked for, the " +
	"newest first: a table on a terminal,\nand else one JSON document a line. The server may be " +
	"running; its index is used as far as there is one.\n\n" +
	"  claviger audit query --config FILE --resource alias/orders --error AccessDenied --since 7d"

func auditQuery(ctx context.Context, e *env, args []string) error {
	f := e.flags("audit query", "--config FILE|--database FILE [flags]", queryAbout)
	path := f.String("config", "", "`file` of the configuration")
	q := query.Query{Out: e.stdout, Notes: e.stderr, Table: isTerminal(e.stdout)}
	q.Wide = true
	f.StringVar(&q.Database, "database", "", "the database's `file`, instead of a configuration")
	f.IntVar(&q.Most, "n", 50, "how `many` records at most; 0 for all")
	q.Flags(f, time.Now())
	if err := parse(f, args); err != nil {
		return err
	}
	switch {
	case q.Database == "" && *path == "":
		return exit.UsageError("audit query: --config FILE or --database FILE is needed")
	case q.Most < 0:
		return exit.UsageError("audit query: there are no negative numbers of records")
	case !q.From.IsZero() && !q.To.IsZero() && q.From.After(q.To):
		return exit.UsageError("audit query: --since is after --until")
	}
	if q.Database == "" {
		c, err := config.Read(*path)
		if err != nil {
			return err
		}
		q.Database = c.Database
	}
	return q.Run(ctx)
}

