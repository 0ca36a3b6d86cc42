package main

import (
	"context"
	"time"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/place"
)

const revokeWords = "--role ARN [--before TIME]|--session ACCESS-KEY-ID [flags]"

func revokeCommand(ctx context.Context, e *env, args []string) error {
	f := e.Flags("revoke", "--config FILE|--database FILE "+revokeWords,
		"Ends sessions before their time: those of a role, or one. Requests that they sign are "+
			"refused from now on.\nThe server may be running: it is asked then. Otherwise the token is "+
			"opened as the server would.")
	path := f.String("config", "", "`file` of the configuration")
	database := f.String("database", "", "the `file` of a running server's database, instead of a "+
		"configuration")
	var q control.Revoke
	f.StringVar(&q.Role, "role", "", "the `ARN` of the role whose sessions end")
	before := f.String("before", "", "the `time` (RFC 3339) up to which sessions of the role began "+
		"that end; without it all do")
	f.StringVar(&q.Session, "session", "", "the `id` of the access key of one session: ASIA...")
	if err := command.Parse(f, args); err != nil {
		return err
	}
	if (q.Role == "") == (q.Session == "") || *before != "" && q.Role == "" {
		return exit.UsageError("revoke: say whose sessions end: claviger revoke %s", revokeWords)
	}
	if *before != "" {
		var err error
		if q.Before, err = time.Parse(time.RFC3339, *before); err != nil {
			return exit.UsageError("--before must be a time such as 2026-11-28T12:00:00Z, and %q is not",
				*before)
		}
	}
	p, err := (&administering{command: "revoke", path: *path, database: *database}).open(e, false)
	if err != nil {
		return err
	}
	if _, err := place.Have[any](ctx, p, control.Request{Revoke: &q}); err != nil {
		return err
	}
	return q.Show(e.Stdout)
}
