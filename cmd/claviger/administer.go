package main

import (
	"flag"
	"strings"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/place"
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
	a.f = e.Flags(a.command, strings.TrimSpace(said.args+" --config FILE|--database FILE"), said.about+
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
	return command.ParseName(a.f, args, what)
}

// open finds the place. Where an account is needed and none was said, it is the configuration's.
func (a *administering) open(e *env, needed bool) (p place.Place, err error) {
	switch {
	case a.account != "" && !config.IsAccount(a.account):
		return p, exit.UsageError("--account must be 12 digits, and %q is not", a.account)
	case a.database != "" && needed && a.account == "":
		return p, exit.UsageError("--account is needed: only a configuration names one")
	case a.database != "":
		return place.Place{Database: a.database}, nil
	case a.path == "":
		return p, exit.UsageError("%s: --config FILE or --database FILE is needed", a.command)
	}
	if p.Config, p.Log, err = e.Begin(a.path); err != nil {
		return p, err
	}
	if needed && a.account == "" {
		a.account = p.Config.Account
	}
	p.Database = p.Config.Database
	return p, nil
}
