package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os/user"
	"strconv"
	"strings"

	"claviger/service"
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
		return "", nil, usageError("%s: say what to do: claviger %s %s", command, command, words)
	}
	do = args[0]
	said, ok := actions[do]
	if !ok {
		return "", nil, usageError("%s: there is no %q: claviger %s %s", command, do, command, words)
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
	for {
		if err := readFlags(a.f, args); err != nil {
			return "", err
		}
		switch {
		case a.f.NArg() == 0 && name == "" && what != "":
			return "", usageError("%s: %s", a.command, what)
		case a.f.NArg() == 0:
			return name, nil
		case what == "" || name != "":
			return "", usageError("%s: unexpected argument %q", a.command, a.f.Arg(0))
		}
		name, args = a.f.Arg(0), a.f.Args()[1:]
	}
}

// place is where a command is performed.
type place struct {
	config   *config // nil: by the server that runs on the database, and nowhere else
	log      *slog.Logger
	database string
}

// open finds the place. Where an account is needed and none was said, it is the configuration's.
func (a *administering) open(e *env, needed bool) (p place, err error) {
	switch {
	case a.account != "" && !accountForm.MatchString(a.account):
		return p, usageError("--account must be 12 digits, and %q is not", a.account)
	case a.database != "" && needed && a.account == "":
		return p, usageError("--account is needed: only a configuration names one")
	case a.database != "":
		return place{database: a.database}, nil
	case a.path == "":
		return p, usageError("%s: --config FILE or --database FILE is needed", a.command)
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
func have[R any](ctx context.Context, p place, q controlRequest) (reply R, err error) {
	ask := func() error { return q.ask(ctx, p.database, &reply) }
	if p.config == nil {
		return reply, ask()
	}
	err = p.config.command(ctx, p.log, ask, func(s *service.Service) error {
		made, err := q.perform(ctx, s, -1)
		if r, ok := made.(R); ok {
			reply = r
		}
		return err
	})
	return reply, err
}

// by names the command and the user who gives it, for the records.
func by(command string, uid int) string { return "claviger " + command + " by " + userName(uid) }

// userName names a user of the operating system for the records, by number where it has no name. A
// negative one is this process's own.
func userName(uid int) string {
	number := strconv.Itoa(uid)
	u, err := user.LookupId(number)
	if uid < 0 {
		u, err = user.Current()
	}
	if err != nil {
		return number
	}
	return u.Username
}

// showKey prints an access key that was made.
func (e *env) showKey(k *madeKey) {
	fmt.Fprintf(e.stdout, "Made an access key of %s, shown this once:\n\nAWS_ACCESS_KEY_ID=%s\n"+
		"AWS_SECRET_ACCESS_KEY=%s\n", k.Principal, k.ID, k.Secret)
}

// madeKey is an access key that a command has made.
type madeKey struct{ ID, Secret, Principal string }
