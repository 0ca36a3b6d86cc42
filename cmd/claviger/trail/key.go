package trail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"claviger/audit/tree"
	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/place"
)

func printKey(ctx context.Context, e *command.Env, args []string) error {
	f := e.Flags("audit key", "--config FILE|--database FILE",
		"Prints the public key by which what is signed over the trail is verified. An auditor notes it "+
			"down once, best when\nthe installation is made, and believes no other one: whoever can write to "+
			"the database can't make it say what\nthis key has not signed.\n\nThe server is asked if it is "+
			"running. Otherwise the token is opened as the server would.")
	path := f.String("config", "", "`file` of the configuration")
	database := f.String("database", "", "the `file` of a running server's database, instead")
	if err := command.Parse(f, args); err != nil {
		return err
	}
	key, err := askKey(ctx, e, f.Name(), *path, *database)
	if err == nil {
		fmt.Fprintln(e.Stdout, key)
	}
	return err
}

// askKey has the token say by which key the trail is verified.
func askKey(ctx context.Context, e *command.Env, command, path, database string) (string, error) {
	p := place.Place{Database: database}
	switch {
	case path == "" && database == "":
		return "", exit.UsageError("%s: --config FILE or --database FILE is needed", command)
	case database == "":
		var err error
		if p.Config, p.Log, err = e.Begin(path); err != nil {
			return "", err
		}
		p.Database = p.Config.Database
	}
	key, err := place.Have[string](ctx, p, control.Request{TrailKey: &control.TrailKey{}})
	if path == "" && errors.Is(err, control.ErrNoServer) {
		err = fmt.Errorf("%w. With --config FILE the token is opened instead", err)
	}
	return key, err
}

// readKey takes a key as it is said: itself, or the name of a file that holds it.
func readKey(said string) (*tree.Key, error) {
	if !strings.Contains(said, "+") {
		text, err := os.ReadFile(said)
		if err != nil {
			return nil, fmt.Errorf("%w, and no file that holds one: %w", tree.ErrKey, err)
		}
		said = string(text)
	}
	return tree.ParseKey(said)
}
