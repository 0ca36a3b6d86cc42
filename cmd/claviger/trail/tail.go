package trail

import (
	"context"
	"flag"
	"time"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/tail"
)

func tailTrail(ctx context.Context, e *command.Env, args []string) error {
	f := e.Flags("audit tail",
		"--config FILE|--database FILE [-n N | --after BATCH] [-f] [--batches]",
		"Prints the audit trail's records, oldest first, one JSON document a line. The server may be "+
			"running.")
	path := f.String("config", "", "`file` of the configuration")
	t := tail.Tail{Out: e.Stdout, Notes: e.Stderr, Every: 250 * time.Millisecond}
	f.StringVar(&t.Database, "database", "", "the database's `file`, instead of a configuration")
	f.IntVar(&t.Last, "n", 10, "how `many` records to begin with; 0 for all")
	f.Int64Var(&t.After, "after", -1, "begin behind this `batch`, where a shipper stopped; 0 for all")
	f.BoolVar(&t.Follow, "f", false, "wait for more")
	f.BoolVar(&t.Batches, "batches", false, "begin each record with its batch: {\"batch\":12,...}")
	if err := command.Parse(f, args); err != nil {
		return err
	}
	said := map[string]bool{}
	f.Visit(func(x *flag.Flag) { said[x.Name] = true })
	switch {
	case t.Database == "" && *path == "":
		return exit.UsageError("audit tail: --config FILE or --database FILE is needed")
	case said["n"] && said["after"]:
		return exit.UsageError("audit tail: -n counts from the end and --after from a batch: say one")
	case t.Last < 0, said["after"] && t.After < 0:
		return exit.UsageError("audit tail: there are no negative numbers of records and batches")
	}
	if t.Database == "" {
		c, err := config.Read(*path)
		if err != nil {
			return err
		}
		t.Database = c.Database
	}
	if err := checkDatabase(t.Database); err != nil {
		return err
	}
	return t.Run(ctx)
}
