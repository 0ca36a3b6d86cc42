package trail

import (
	"context"
	"errors"
	"time"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/witness"
	"claviger/service"
	"claviger/trail/witnessed"
)

const witnessArgs = "--config FILE|--database FILE [--key KEY] --to PLACE [--to PLACE ...] [flags]\n" +
	"       claviger audit witness --listen ADDRESS --hold DIRECTORY --log KEY [--log KEY ...] [flags]"

const witnessAbout = "Hands what the token has signed over the trail to places that nobody who can write to the " +
	"database reaches, and holds\nthe trail against what they have. Only so it is noticed that the " +
	"whole database was put back as it was. It ends with 35\nif that, or anything like it, has " +
	"happened. A PLACE is\n\n" +
	"  file:PATH               a file that is added to: on another machine, or where nothing is changed\n" +
	"  https://HOST/PREFIX#KEY a witness of c2sp.org/tlog-witness, such as another Claviger that listens, and\n" +
	"                          its key: what it hasn't signed is no answer\n" +
	"  syslog                  this machine's; syslog:tcp:HOST:PORT and syslog:udp:HOST:PORT another's\n\n" +
	"A server that runs on the database is told of each place, and has it in its metrics and " +
	"events.\n\n" +
	"With --listen it is such a witness for other installations. It needs neither token nor database."

func witnessTrail(ctx context.Context, e *command.Env, args []string) error {
	f := e.Flags("audit witness", witnessArgs, witnessAbout)
	w := evidenceFlags{command: f.Name()}
	f.StringVar(&w.path, "config", "", "`file` of the configuration")
	f.StringVar(&w.database, "database", "", "the database's `file`")
	f.StringVar(&w.key, "key", "", "the `key` that claviger audit key has printed, or a file that holds it")
	var to []string
	f.Func("to", "a `place`; it may be said several times", func(place string) error {
		to = append(to, place)
		return nil
	})
	every := f.Duration("every", time.Minute, "how `long` it waits between two checkpoints")
	once := f.Bool("once", false, "do it once, for cron")
	metrics := f.String("metrics-file", "", "a `file` to write its metrics to, such as node_exporter's "+
		"textfile collector reads: for a witness\nthat reaches no server")
	l := witness.Listening{Holder: &witness.Holder{}}
	l.Flags(f.StringVar)
	var logs []string
	f.Func("log", "with --listen, the `key` of an installation, or a file that holds it; several times",
		func(said string) error {
			logs = append(logs, said)
			return nil
		})
	if err := command.Parse(f, args); err != nil {
		return err
	}
	switch {
	case l.Address != "" && (len(to) > 0 || w.path != "" || w.database != ""):
		return exit.UsageError("%s: with --listen it hands nothing on", w.command)
	case l.Address == "" && (l.Dir != "" || len(logs) > 0):
		return exit.UsageError("%s: --hold and --log are for a witness that listens: say --listen ADDRESS",
			w.command)
	case l.Address != "":
		return listen(ctx, e, l, logs)
	case len(to) == 0:
		return exit.UsageError("%s: say by --to where checkpoints go", w.command)
	case *every < time.Second:
		return exit.UsageError("%s: there is one checkpoint a second", w.command)
	}
	if *once {
		*every = 0
	}
	db, err := w.open(ctx) // says first what is wrong with the command line
	if err != nil {
		return err
	}
	db.Close()
	key, err := trailKey(ctx, e, w)
	if err != nil {
		return err
	}
	w.key = key.String()
	places, err := witness.PlacesOf(to, key)
	if err != nil {
		return err
	}
	return witness.Watch{Open: w.open, Key: key, Places: places, Every: *every, Out: e.Stdout,
		Err: e.Stderr, Tell: tell(w.database, *metrics)}.Run(ctx)
}

// listen is a witness for the logs of some keys.
func listen(ctx context.Context, e *command.Env, l witness.Listening, keys []string) error {
	for _, said := range keys {
		key, err := readKey(said)
		if err != nil {
			return err
		}
		l.Logs = append(l.Logs, key)
	}
	return l.Serve(ctx, e.Stdout)
}

// tell tells how the places stand to the server of a database, and to a file if there is to be one.
func tell(database, file string) func(context.Context, []witnessed.Report) error {
	board := new(witnessed.Board)
	return func(ctx context.Context, reports []witnessed.Report) error {
		err := control.Witnessed{Reports: reports}.Tell(ctx, database)
		if file == "" {
			return err
		}
		return errors.Join(err, board.Take(time.Now(), reports), service.WriteWitnessMetrics(file, board))
	}
}
