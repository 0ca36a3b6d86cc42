package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"claviger/audit/tree"
	"claviger/cmd/claviger/exit"
	"claviger/store"
	"claviger/trail/witnessed"
)

// Watch hands checkpoints on, again and again.
type Watch struct {
	// Open opens the database: anew each time, since another one may have its name by now.
	Open     func(context.Context) (*store.DB, error)
	Key      *tree.Key
	Places   []Place
	Every    time.Duration // 0: once
	Out, Err io.Writer
	// Tell hands on how the places have answered, to whoever rings for it.
	Tell func(context.Context, []witnessed.Report) error
}

// Run works until ctx ends or something is an alarm.
func (w Watch) Run(ctx context.Context) error {
	places := notice{to: w.Err, over: "all places take checkpoints again"}
	bell := notice{to: w.Err, over: "how the places stand is told again"}
	for {
		out := w.round(ctx)
		alarm := errors.Is(out.Err, ErrAlarm)
		if ctx.Err() != nil && !alarm { // who was cut off is no place that can't be reached
			return nil
		}
		err := w.Tell(ctx, out.Reports)
		if err != nil {
			err = fmt.Errorf("how the places stand can't be told: %w", err)
		}
		bell.say(err)
		switch {
		case alarm:
			return exit.Mark(out.Err, exit.ErrTrail)
		case w.Every == 0 && out.Err != nil:
			return out.Err
		case w.Every == 0:
			fmt.Fprintf(w.Out, "The checkpoint of %d records is where it belongs.\n", out.Records)
			return nil
		}
		places.say(out.Err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.Every):
		}
	}
}

// notice says once what is wrong, and once that it is over.
type notice struct {
	to   io.Writer
	over string
	said string
}

func (n *notice) say(err error) {
	switch {
	case err != nil && err.Error() != n.said:
		fmt.Fprintln(n.to, "claviger:", err)
		n.said = err.Error()
	case err == nil && n.said != "":
		fmt.Fprintln(n.to, "claviger:", n.over)
		n.said = ""
	}
}

func (w Watch) round(ctx context.Context) (out Outcome) {
	db, err := w.Open(ctx)
	if err != nil {
		out.report(witnessed.Database, err)
		return out
	}
	defer db.Close()
	return Round(ctx, db, w.Key, w.Places)
}

// PlacesOf reads where checkpoints go, as the command line says it.
func PlacesOf(to []string, key *tree.Key) (places []Place, err error) {
	for _, said := range to {
		kind, rest, _ := strings.Cut(said, ":")
		network, address, _ := strings.Cut(rest, ":")
		switch {
		case kind == "file" && rest != "":
			places = append(places, &File{Path: rest, Key: key})
		case kind == "https" || kind == "http":
			url, name, _ := strings.Cut(said, "#")
			witness, err := tree.ParseWitnessKey(name)
			if err != nil {
				return nil, exit.UsageError("audit witness: %s needs the witness's key behind it, as %s#KEY: %v",
					url, url, err)
			}
			places = append(places, &Remote{URL: url, Key: witness})
		case said == "syslog":
			places = append(places, &Syslog{})
		case kind == "syslog" && (network == "tcp" || network == "udp") && address != "":
			places = append(places, &Syslog{Network: network, Address: address})
		default:
			return nil, exit.UsageError("audit witness: %q is no place: file:PATH, https://..., syslog", said)
		}
	}
	return places, nil
}
