package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"claviger/audit/tree"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
)

func auditKey(ctx context.Context, e *env, args []string) error {
	f := e.flags("audit key", "--config FILE|--database FILE",
		"Prints the public key by which what is signed over the trail is verified. An auditor notes it "+
			"down once, best when\nthe installation is made, and believes no other one: whoever can write to "+
			"the database can't make it say what\nthis key has not signed.\n\nThe server is asked if it is "+
			"running. Otherwise the token is opened as the server would.")
	path := f.String("config", "", "`file` of the configuration")
	database := f.String("database", "", "the `file` of a running server's database, instead")
	if err := parse(f, args); err != nil {
		return err
	}
	key, err := e.askKey(ctx, f.Name(), *path, *database)
	if err == nil {
		fmt.Fprintln(e.stdout, key)
	}
	return err
}

// askKey has the token say by which key the trail is verified.
func (e *env) askKey(ctx context.Context, command, path, database string) (string, error) {
	p := place{database: database}
	switch {
	case path == "" && database == "":
		return "", exit.UsageError("%s: --config FILE or --database FILE is needed", command)
	case database == "":
		var err error
		if p.config, p.log, err = e.begin(path); err != nil {
			return "", err
		}
		p.database = p.config.Database
	}
	return have[string](ctx, p, control.Request{TrailKey: &control.TrailKey{}})
}

// readKey takes a key as it is said: itself, or the name of a file that holds it.
func readKey(said string) (*tree.Key, error) {
	if !strings.Contains(said, "+") {
		text, err := os.ReadFile(said)
		if err != nil {
			return nil, err
		}
		said = string(text)
	}
	return tree.ParseKey(said)
}
