package main

import (
	"context"
	"fmt"
	"time"

	"claviger/service"
)

// revokeRequest ends sessions, on its way to the server.
type revokeRequest struct {
	Role    string    // ARN
	Before  time.Time // of the role's sessions those that began earlier; zero: all
	Session string    // id of its access key
}

const revokeWords = "--role ARN [--before TIME]|--session ACCESS-KEY-ID [flags]"

func revokeCommand(ctx context.Context, e *env, args []string) error {
	f := e.flags("revoke", "--config FILE|--database FILE "+revokeWords,
		"Ends sessions before their time: those of a role, or one. Requests that they sign are "+
			"refused from now on.\nThe server may be running: it is asked then. Otherwise the token is "+
			"opened as the server would.")
	path := f.String("config", "", "`file` of the configuration")
	database := f.String("database", "", "the `file` of a running server's database, instead of a "+
		"configuration")
	var q revokeRequest
	f.StringVar(&q.Role, "role", "", "the `ARN` of the role whose sessions end")
	before := f.String("before", "", "the `time` (RFC 3339) up to which sessions of the role began "+
		"that end; without it all do")
	f.StringVar(&q.Session, "session", "", "the `id` of the access key of one session: ASIA...")
	if err := parse(f, args); err != nil {
		return err
	}
	if (q.Role == "") == (q.Session == "") || *before != "" && q.Role == "" {
		return usageError("revoke: say whose sessions end: claviger revoke %s", revokeWords)
	}
	if *before != "" {
		var err error
		if q.Before, err = time.Parse(time.RFC3339, *before); err != nil {
			return usageError("--before must be a time such as 2026-11-28T12:00:00Z, and %q is not",
				*before)
		}
	}
	if err := q.run(ctx, e, *path, *database); err != nil {
		return err
	}
	return q.show(e)
}

// run has the server do it, or does it here where none is running.
func (q *revokeRequest) run(ctx context.Context, e *env, path, database string) error {
	ask := func(database string) error {
		return controlRequest{Revoke: q}.ask(ctx, database, new(any))
	}
	switch {
	case database != "":
		return ask(database)
	case path == "":
		return usageError("revoke: --config FILE or --database FILE is needed")
	}
	c, log, err := e.begin(path)
	if err != nil {
		return err
	}
	return c.command(ctx, log, func() error { return ask(c.Database) },
		func(s *service.Service) error { return q.perform(ctx, s, -1) })
}

// perform does what is asked, for the user who asks.
func (q *revokeRequest) perform(ctx context.Context, s *service.Service, uid int) error {
	by := "claviger revoke by " + userName(uid)
	if q.Session != "" {
		return s.RevokeSession(ctx, q.Session, by)
	}
	return s.RevokeRole(ctx, q.Role, q.Before, by)
}

func (q *revokeRequest) show(e *env) error {
	what := "The session " + q.Session + " is over."
	if q.Role != "" {
		what = "The sessions of " + q.Role + " are over."
	}
	if !q.Before.IsZero() {
		what = "The sessions of " + q.Role + " that began up to " +
			q.Before.UTC().Format(time.RFC3339) + " are over."
	}
	_, err := fmt.Fprintln(e.stdout, what)
	return err
}
