package trail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"claviger/audit/tree"
	"claviger/audit/verify"
	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/evidence"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/terminal"
	"claviger/store"
	"claviger/trail/treerows"
)

// evidenceFlags say which trail is meant, and by which key it is verified.
type evidenceFlags struct {
	command, path, database, key string
}

func verifyTrail(ctx context.Context, e *command.Env, args []string) error {
	f := e.Flags("audit verify", "[--config FILE|--database FILE] [--records FILE] [--key KEY] [flags]",
		"Holds every record of the trail against what the token has signed over it, and says of each "+
			"fault where it is. It asks\nneither server nor token, unless --config is said without --key, "+
			"and needs nothing but the key: give it a copy of the\ndatabase (a backup is one), or the lines "+
			"that `claviger audit tail` has printed.\n\nIt ends with 35 if something is wrong.")
	w := evidenceFlags{command: f.Name()}
	f.StringVar(&w.path, "config", "", "`file` of the configuration")
	f.StringVar(&w.database, "database", "", "the database's `file`, or a copy of it, or a backup")
	records := f.String("records", "", "`file` of records as they were printed, one a line, instead of "+
		"the database's. With a database its\ntree tells of each; without one they must begin with the "+
		"first record, and --checkpoint is needed")
	first := f.Int64("first", 1, "the `number` of the first of these records")
	f.StringVar(&w.key, "key", "", "the `key` that claviger audit key has printed, or a file that holds it")
	o := verify.Options{}
	var checkpoints []string
	f.Func("checkpoint", "a `file` of checkpoints that were kept elsewhere, as witnesses do: the trail "+
		"must have them.\nIt may be said several times", func(name string) error {
		checkpoints = append(checkpoints, name)
		return nil
	})
	f.BoolVar(&o.Whole, "whole", false, "the oldest records must be there, too: none was removed for "+
		"its age")
	f.BoolVar(&o.Closed, "closed", false, "no record may be behind the newest checkpoint: the server "+
		"had ended")
	if err := command.Parse(f, args); err != nil {
		return err
	}
	held, err := w.held(checkpoints, *records, *first)
	if err != nil {
		return err
	}
	o.Held = held
	trail, done, err := w.trail(ctx, *records, *first)
	if err != nil {
		return err
	}
	defer done()
	if o.Key, err = trailKey(ctx, e, w); err != nil {
		return err
	}
	o.Bare, o.Part = w.database == "", *records != "" && w.database != ""
	began := time.Now()
	r, err := verified(ctx, e, trail, o)
	if err != nil {
		return err
	}
	if *records != "" && r.OK() && r.Records == 0 {
		return fmt.Errorf("%s holds no record: nothing was verified", *records)
	}
	evidence.Show(e.Stdout, r, o.Key, time.Since(began))
	if !r.OK() {
		return exit.Mark(errors.New("the trail is not what was signed"), exit.ErrTrail)
	}
	return nil
}

// verified verifies a trail, and shows how far it is.
func verified(ctx context.Context, e *command.Env, trail verify.Trail, o verify.Options) (
	*verify.Report, error) {
	var bar *terminal.Progress
	o.Tell = func(done, total int64) {
		if bar == nil {
			bar = e.Terminal().NewProgress("records", total)
		}
		bar.Set(done)
	}
	r, err := verify.Verify(ctx, trail, o)
	if bar != nil {
		bar.End()
	}
	return r, err
}

// held reads the checkpoints that were kept elsewhere, once the flags fit each other.
func (w *evidenceFlags) held(files []string, records string, first int64) (
	all [][]byte, err error) {
	isAlone := w.database == "" && w.path == ""
	switch {
	case first < 1:
		return nil, exit.UsageError("%s: records are numbered from 1", w.command)
	case first > 1 && (records == "" || isAlone):
		return nil, exit.UsageError("%s: --first is for --records beside a database: without one they "+
			"must begin with the first record", w.command)
	case records != "" && isAlone && w.key != "" && len(files) == 0:
		return nil, exit.UsageError("%s: --checkpoint is needed, as a witness has kept it, or a "+
			"database: nothing else says what was signed", w.command)
	}
	for _, name := range files {
		notes, err := evidence.ReadCheckpoints(name)
		if err != nil {
			return nil, err
		}
		all = append(all, notes...)
	}
	return all, nil
}

// trail opens what is to be verified.
func (w *evidenceFlags) trail(ctx context.Context, records string, first int64) (
	trail verify.Trail, done func(), err error) {
	done = func() {}
	if records == "" || w.database != "" || w.path != "" {
		db, err := w.open(ctx)
		if err != nil {
			return nil, nil, err
		}
		trail, done = treerows.Open(db), func() { db.Close() }
	} else if w.key == "" {
		return nil, nil, exit.UsageError("%s: --key is needed", w.command)
	}
	if records == "" {
		return trail, done, nil
	}
	file, err := os.Open(records)
	if err != nil {
		done()
		return nil, nil, err
	}
	closed := done
	return &evidence.Lines{From: file, First: first, Beside: trail},
		func() { file.Close(); closed() }, nil
}

// open opens the database for reading.
func (w *evidenceFlags) open(ctx context.Context) (*store.DB, error) {
	switch {
	case w.database == "" && w.path == "":
		return nil, exit.UsageError("%s: --config FILE or --database FILE is needed", w.command)
	case w.path == "" && w.key == "":
		return nil, exit.UsageError("%s: --key is needed, as `claviger audit key` has printed it: a key "+
			"that the database itself names would prove nothing", w.command)
	case w.database == "":
		c, err := config.Read(w.path)
		if err != nil {
			return nil, err
		}
		w.database = c.Database
	}
	if err := checkDatabase(w.database); err != nil {
		return nil, err
	}
	if _, err := os.Stat(w.database + "-wal"); errors.Is(err, fs.ErrNotExist) {
		return store.OpenCopy(w.database) // nobody has it open, and nothing is left beside it
	}
	return store.OpenReader(ctx, w.database)
}

// trailKey is the key that was said, or the one that the token has.
func trailKey(ctx context.Context, e *command.Env, w evidenceFlags) (*tree.Key, error) {
	if w.key == "" {
		said, err := askKey(ctx, e, w.command, w.path, "")
		if err != nil {
			return nil, fmt.Errorf("the token can't be asked for the key, and --key was not said: %w", err)
		}
		w.key = said
	}
	return readKey(w.key)
}
