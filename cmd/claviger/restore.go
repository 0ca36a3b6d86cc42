package main

import (
	"context"
	"fmt"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/terminal"
	"claviger/internal/backup"
	"claviger/service"
)

// restoring says what is to be done with a backup.
type restoring struct {
	file              string
	check, quick, yes bool
}

func restoreCommand(ctx context.Context, e *env, args []string) error {
	f := e.Flags("restore", "FILE --config FILE [--check] [--quick] [--yes]",
		"Proves that a backup is whole, that the token opens it, and that a server would start with it. "+
			"Then it says what will be\nlost, asks, and puts the backup in the place of the database, which "+
			"is kept beside it. No server may be running, unless\n--check is said.")
	path := f.String("config", "", "`file` of the configuration")
	var q restoring
	f.BoolVar(&q.check, "check", false, "prove it, and change nothing")
	f.BoolVar(&q.quick, "quick", false, "don't have the token verify each signed row, one call for each: "+
		"the manifest says already\nthat all are as they were when the backup was made")
	f.BoolVar(&q.yes, "yes", false, "do it without asking")
	var err error
	if q.file, err = command.ParseName(f, args, "name a backup"); err != nil {
		return err
	}
	if *path == "" {
		return exit.UsageError("restore: --config FILE is needed")
	}
	t := e.Terminal()
	if t.Ask == nil && !q.yes && !q.check {
		return exit.UsageError("restore: %w", terminal.ErrUnanswered)
	}
	c, log, err := e.Begin(*path)
	if err != nil {
		return err
	}
	asked := service.Config{Database: c.Database, HSM: c.Device(), Regions: c.Regions, Log: log}
	bars := &stages{terminal: t}
	defer bars.end()
	if q.check {
		m, err := service.CheckBackup(ctx, asked, q.file, q.quick, bars.watch)
		if err != nil {
			return fmt.Errorf("%s: %w", q.file, err)
		}
		bars.end()
		q.proved(e, m)
		return nil
	}
	return q.restore(ctx, e, c, asked, bars)
}

// proved says what is known of a backup.
func (q restoring) proved(e *env, m *backup.Manifest) {
	said := "every page and every signed row is"
	if q.quick {
		said = "every page is"
	}
	fmt.Fprintf(e.Stdout, "%s is a backup that this token opens, and %s as the service left it.\n",
		q.file, said)
	showBackup(e, m)
}

func (q restoring) restore(ctx context.Context, e *env, c *config.Config, asked service.Config,
	bars *stages) error {
	agree := func(ctx context.Context, o *backup.Outlook) error {
		bars.end()
		q.proved(e, &o.Backup)
		showOutlook(e, c.Database, o)
		if q.yes {
			return nil
		}
		return bars.terminal.Confirm(ctx)
	}
	kept, err := service.Restore(ctx, asked, service.Restoring{File: q.file, Quick: q.quick,
		Account: c.Account, By: "claviger restore by " + control.UserName(-1), Watch: bars.watch,
		Agree: agree})
	bars.end()
	if err != nil {
		return fmt.Errorf("%s: %w", q.file, err)
	}
	fmt.Fprintf(e.Stdout, "Restored %s, and the trail has a record of it. Start the server.\n",
		c.Database)
	if kept != "" {
		fmt.Fprintf(e.Stdout, "What was there is kept as %s: delete it once nobody needs it.\n", kept)
	}
	return nil
}

// showOutlook says what a restore leads to.
func showOutlook(e *env, database string, o *backup.Outlook) {
	w := e.Stdout
	fmt.Fprintf(w, "\n%s will be as it was at %s.\n", database, command.When(o.Backup.Made))
	switch ahead := o.Ahead(); {
	case !o.Present:
		fmt.Fprintln(w, "There is none in its place.")
	case o.Closed != nil:
		fmt.Fprintf(w, "The one in its place can't be read, so that nothing is known of what is lost: %v\n",
			o.Closed)
	case o.Apart:
		fmt.Fprintf(w, "The one in its place has gone another way before batch %d, and on to batch %d, of %s: "+
			"none of that is in the backup.\n", o.Backup.Trail.Batch, o.End.Batch, command.When(o.End.At))
	case ahead > 0:
		fmt.Fprintf(w, "The trail of the one in its place goes on for %d records more, up to %s. "+
			"What is in them will be undone.\n", ahead, command.When(o.End.At))
		if len(o.Lost) > 0 {
			fmt.Fprintf(w, "Changes among it: %s\n", backup.Counted(o.Lost))
		}
	case ahead < 0:
		fmt.Fprintf(w, "The one in its place is older: its trail ends with record %d, of %s.\n",
			o.End.Record, command.When(o.End.At))
	default:
		fmt.Fprintln(w, "The one in its place has the same trail, and nothing more.")
	}
	if len(o.Due) > 0 {
		fmt.Fprintf(w, "Due by now, and done as soon as a server believes the time: %s\n", backup.Counted(o.Due))
	}
	fmt.Fprintln(w, "Keys, secrets, access keys and permissions that were taken away since are there again.")
}
