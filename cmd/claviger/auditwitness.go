package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"claviger/audit/tree"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/witness"
)

func auditWitness(ctx context.Context, e *env, args []string) error {
	f := e.flags("audit witness",
		"--config FILE|--database FILE [--key KEY] --to PLACE [--to PLACE ...] [flags]\n"+
			"       claviger audit witness --listen ADDRESS --hold DIRECTORY --log KEY [--log KEY ...] [flags]",
		"Hands what the token has signed over the trail to places that nobody who can write to the "+
			"database reaches, and holds\nthe trail against what they have. Only so it is noticed that the "+
			"whole database was put back as it was. It ends with 35\nif that, or anything like it, has "+
			"happened. A PLACE is\n\n"+
			"  file:PATH               a file that is added to: on another machine, or where nothing is changed\n"+
			"  https://HOST/PREFIX     a witness of c2sp.org/tlog-witness, such as another Claviger that listens\n"+
			"  syslog                  this machine's; syslog:tcp:HOST:PORT and syslog:udp:HOST:PORT another's\n\n"+
			"With --listen it is such a witness for other installations. It needs neither token nor database.")
	w := evidenceFlags{command: f.Name()}
	f.StringVar(&w.path, "config", "", "`file` of the configuration")
	f.StringVar(&w.database, "database", "", "the database's `file`")
	f.StringVar(&w.key, "key", "", "what `claviger audit key` has printed, or a `file` that holds it")
	var to []string
	f.Func("to", "a `place`; it may be said several times", func(place string) error {
		to = append(to, place)
		return nil
	})
	every := f.Duration("every", time.Minute, "how `long` it waits between two checkpoints")
	once := f.Bool("once", false, "do it once, for cron")
	l := listening{Holder: &witness.Holder{}}
	l.flags(f.StringVar)
	f.Func("log", "with --listen, the `key` of an installation, or a file that holds it; several times",
		func(said string) error {
			key, err := readKey(said)
			l.Logs = append(l.Logs, key)
			return err
		})
	if err := parse(f, args); err != nil {
		return err
	}
	switch {
	case l.address != "" && (len(to) > 0 || w.path != "" || w.database != ""):
		return exit.UsageError("%s: with --listen it hands nothing on", w.command)
	case l.address != "":
		return l.serve(ctx, e)
	case len(to) == 0:
		return exit.UsageError("%s: say by --to where checkpoints go", w.command)
	case *every < time.Second:
		return exit.UsageError("%s: there is one checkpoint a second", w.command)
	}
	if *once {
		*every = 0
	}
	return e.handOn(ctx, w, to, *every)
}

// handOn hands checkpoints on, again and again or once if every is 0, and ends at an alarm.
func (e *env) handOn(ctx context.Context, w evidenceFlags, to []string, every time.Duration) error {
	db, err := w.open(ctx) // says first what is wrong with the command line
	if err != nil {
		return err
	}
	db.Close()
	key, err := e.trailKey(ctx, w)
	if err != nil {
		return err
	}
	w.key = key.String()
	places, err := placesOf(to, key)
	if err != nil {
		return err
	}
	for told := ""; ; {
		c, err := e.round(ctx, w, key, places)
		switch {
		case errors.Is(err, witness.ErrAlarm):
			return exit.Mark(err, exit.ErrTrail)
		case ctx.Err() != nil:
			return nil
		case every == 0 && err != nil:
			return err
		case every == 0:
			fmt.Fprintf(e.stdout, "The checkpoint of %d records is where it belongs.\n", c.Size)
			return nil
		case err != nil && err.Error() != told:
			fmt.Fprintln(e.stderr, "claviger:", err)
			told = err.Error()
		case err == nil && told != "":
			fmt.Fprintln(e.stderr, "claviger: all places take checkpoints again")
			told = ""
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}

// round opens the database anew, since another one may have its name by now.
func (e *env) round(ctx context.Context, w evidenceFlags, key *tree.Key,
	places []witness.Place) (tree.Checkpoint, error) {
	db, err := w.open(ctx)
	if err != nil {
		return tree.Checkpoint{}, err
	}
	defer db.Close()
	return witness.Round(ctx, db, key, places)
}

// placesOf reads where checkpoints go.
func placesOf(to []string, key *tree.Key) (places []witness.Place, err error) {
	for _, said := range to {
		kind, rest, _ := strings.Cut(said, ":")
		network, address, _ := strings.Cut(rest, ":")
		switch {
		case kind == "file" && rest != "":
			places = append(places, &witness.File{Path: rest, Key: key})
		case kind == "https" || kind == "http":
			places = append(places, &witness.Remote{URL: said})
		case said == "syslog":
			places = append(places, &witness.Syslog{})
		case kind == "syslog" && (network == "tcp" || network == "udp") && address != "":
			places = append(places, &witness.Syslog{Network: network, Address: address})
		default:
			return nil, exit.UsageError("audit witness: %q is no place: file:PATH, https://..., syslog", said)
		}
	}
	return places, nil
}

// listening is a witness for others.
type listening struct {
	*witness.Holder
	address, certificate, key string
}

func (l *listening) flags(text func(p *string, name, value, usage string)) {
	host, _ := os.Hostname()
	text(&l.address, "listen", "", "be a witness for others at this `address`")
	text(&l.Dir, "hold", "", "with --listen, the `directory` of what is held")
	text(&l.Name, "name", "claviger-witness/"+host, "with --listen, its `name` in its signatures")
	text(&l.certificate, "tls-certificate", "", "with --listen, a PEM `file`; without, plain HTTP")
	text(&l.key, "tls-key", "", "with --listen, a PEM `file`")
}

// serve answers until ctx ends.
func (l *listening) serve(ctx context.Context, e *env) error {
	if l.Dir == "" || len(l.Logs) == 0 {
		return exit.UsageError("audit witness: --listen needs --hold and --log")
	}
	public, err := l.Open()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "A witness at %s; its key is\n%s\n", listener.Addr(), public)
	server := &http.Server{Handler: l.Holder, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if l.certificate != "" {
		err = server.ServeTLS(listener, l.certificate, l.key)
	} else {
		err = server.Serve(listener)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}
