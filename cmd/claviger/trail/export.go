package trail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/place"
	"claviger/store"
	"claviger/trail/export"
)

func exportTrail(ctx context.Context, e *command.Env, args []string) (err error) {
	f := e.Flags("audit export", "DIRECTORY --config FILE [--now]",
		"Writes what came into the trail since the last time as CloudTrail's log files, with a signed "+
			"digest for each hour that\nis over, account and Region. The directory is laid out as the "+
			"bucket that trail.bucket of the configuration names.\nHave it run each hour.\n\nThe server "+
			"may be running, and goes on: it is asked to have digests signed. Otherwise the token is opened "+
			"as the\nserver would.")
	path := f.String("config", "", "`file` of the configuration")
	now := f.Bool("now", false, "end the last digest now, and not with the last full hour")
	dir, err := command.ParseName(f, args, "name the directory to write to")
	if err != nil {
		return err
	}
	c, log, err := e.Begin(*path)
	if err != nil {
		return err
	}
	t, err := c.ServiceTrail()
	if err != nil {
		return err
	}
	if t.Exported == nil {
		return exit.ConfigError("%s: trail.bucket is missing: digests name the bucket that they are "+
			"for, and are signed with it", *path)
	}
	db, err := store.OpenReader(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	done, err := export.Export{Records: db, Dir: dir, Trail: *t.Exported, Region: c.Regions[0],
		Until: time.Now(), Now: *now,
		Sign: func(ctx context.Context, chains []export.Chain) ([][]export.Signed, error) {
			here := place.Place{Config: c, Log: log, Database: c.Database}
			return place.Have[[][]export.Signed](ctx, here, control.Request{
				Digests: &control.Digests{Account: c.Account, Trail: *t.Exported, Chains: chains}})
		}}.Run(ctx)
	if err != nil {
		return fmt.Errorf("the export is not complete; the next one goes on from there: %w", err)
	}
	fmt.Fprintf(e.Stdout, "Exported %d records in %d log files, with %d digests.\n", done.Records,
		done.LogFiles, done.Digests)
	if !done.Newest.IsZero() {
		fmt.Fprintf(e.Stdout, "The newest digests end at %s.\n", command.When(done.Newest))
	}
	return nil
}
