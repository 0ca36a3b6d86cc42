package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"strings"
	"time"

	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/service"
	"claviger/store"
)

// action is one of the words that a command about accounts, users or access keys is followed by.
type action struct{ args, about string }

// administering is what these commands have in common: by which server, and in which account.
type administering struct {
	command string // such as "access-key create"
	f       *flag.FlagSet

	path, database, account string
}

// administer reads the word behind a command, which is to be one of actions, and makes its flags.
// What it is about is said in words.
func (e *env) administer(command, words string, actions map[string]action, args []string) (
	do string, a *administering, err error) {
	if len(args) == 0 {
		return "", nil, exit.UsageError("%s: say what to do: claviger %s %s", command, command, words)
	}
	do = args[0]
	said, ok := actions[do]
	if !ok {
		return "", nil, exit.UsageError("%s: there is no %q: claviger %s %s", command, do, command, words)
	}
	a = &administering{command: command + " " + do}
	a.f = e.flags(a.command, strings.TrimSpace(said.args+" --config FILE|--database FILE"), said.about+
		"\n\nThe server may be running: it is asked then, and what changes holds for the next "+
		"request.\nOtherwise the token is opened as the server would.")
	a.f.StringVar(&a.path, "config", "", "`file` of the configuration")
	a.f.StringVar(&a.database, "database", "",
		"the `file` of a running server's database, instead of a configuration")
	return do, a, nil
}

// withAccount adds the flag by which the account is said.
func (a *administering) withAccount(otherwise string) {
	a.f.StringVar(&a.account, "account", "", "the account, 12 `digits`; "+otherwise)
}

// ofConfig is the account that is meant where none is said.
const ofConfig = "that of the configuration, unless it is said"

// parse reads the flags, and the one name between or behind them. what says whose name it is;
// without it there may be none.
func (a *administering) parse(args []string, what string) (name string, err error) {
	return parseName(a.f, args, what)
}

// place is where a command is performed.
type place struct {
	config   *config.Config // nil: by the server that runs on the database, and nowhere else
	log      *slog.Logger
	database string
}

// open finds the place. Where an account is needed and none was said, it is the configuration's.
func (a *administering) open(e *env, needed bool) (p place, err error) {
	switch {
	case a.account != "" && !config.IsAccount(a.account):
		return p, exit.UsageError("--account must be 12 digits, and %q is not", a.account)
	case a.database != "" && needed && a.account == "":
		return p, exit.UsageError("--account is needed: only a configuration names one")
	case a.database != "":
		return place{database: a.database}, nil
	case a.path == "":
		return p, exit.UsageError("%s: --config FILE or --database FILE is needed", a.command)
	}
	if p.config, p.log, err = e.begin(a.path); err != nil {
		return p, err
	}
	if needed && a.account == "" {
		a.account = p.config.Account
	}
	p.database = p.config.Database
	return p, nil
}

// have has the server that runs perform a command, or performs it here where none is running.
func have[R any](ctx context.Context, p place, q control.Request) (reply R, err error) {
	ask := func() error { return q.Ask(ctx, p.database, &reply) }
	if p.config == nil {
		return reply, ask()
	}
	err = p.perform(ctx, ask, func(s *service.Service) error {
		made, err := q.Perform(ctx, s, -1)
		if r, ok := made.(R); ok {
			reply = r
		}
		return err
	})
	return reply, err
}

// startTime is how long a server may have the database and not answer yet.
const startTime = 10 * time.Second

// perform has the server that runs do something by ask, or does it here where none is running. Here
// nothing else is done meanwhile.
func (p place) perform(ctx context.Context, ask func() error,
	here func(*service.Service) error) error {
	c := p.config
	clusters, err := c.ServiceClusters()
	if err != nil {
		return err
	}
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if err := ask(); !errors.Is(err, control.ErrNoServer) {
			return err
		}
		s, err := service.Open(ctx, service.Config{Database: c.Database, HSM: c.Device(),
			Clusters: clusters, Regions: c.Regions, Log: p.log, Version: version,
			Commit: builtFrom(), Idle: true})
		if errors.Is(err, store.ErrLocked) && time.Since(began) < startTime {
			continue // it is about to answer, or about to end
		}
		if err != nil {
			return err
		}
		return errors.Join(here(s), s.Close())
	}
}
