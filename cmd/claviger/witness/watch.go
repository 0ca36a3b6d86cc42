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
)

// Watch hands checkpoints on, again and again.
type Watch struct {
	// Open opens the database: anew each time, since another one may have its name by now.
	Open     func(context.Context) (*store.DB, error)
	Key      *tree.Key
	Places   []Place
	Every    time.Duration // 0: once
	Out, Err io.Writer
}

// Run works until ctx ends or something is an alarm.
func (w Watch) Run(ctx context.Context) error {
	for told := ""; ; {
		c, err := w.round(ctx)
		switch {
		case errors.Is(err, ErrAlarm):
			return exit.Mark(err, exit.ErrTrail)
		case ctx.Err() != nil:
			return nil
		case w.Every == 0 && err != nil:
			return err
		case w.Every == 0:
			fmt.Fprintf(w.Out, "The checkpoint of %d records is where it belongs.\n", c.Size)
			return nil
		case err != nil && err.Error() != told:
			fmt.Fprintln(w.Err, "claviger:", err)
			told = err.Error()
		case err == nil && told != "":
			fmt.Fprintln(w.Err, "claviger: all places take checkpoints again")
			told = ""
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.Every):
		}
	}
}

func (w Watch) round(ctx context.Context) (tree.Checkpoint, error) {
	db, err := w.Open(ctx)
	if err != nil {
		return tree.Checkpoint{}, err
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
			places = append(places, &Remote{URL: said})
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
