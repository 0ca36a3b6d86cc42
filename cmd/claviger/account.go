package main

import (
	"context"

	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/place"
)

const accountWords = "create|list [flags]"

var accountActions = map[string]action{
	"create": {"NUMBER [--alias ALIAS] [--access-key]",
		"Makes an account of the installation. What is in one account is nothing to any other."},
	"list": {"", "Lists the accounts of the installation."},
}

func accountCommand(ctx context.Context, e *env, args []string) error {
	do, a, err := e.administer("account", accountWords, accountActions, args)
	if err != nil {
		return err
	}
	q, what := control.Accounts{Do: do}, ""
	if do == "create" {
		what = "say the account's number, 12 digits"
		a.f.StringVar(&q.Alias, "alias", "", "an `alias` for the account, for people")
		a.f.BoolVar(&q.Key, "access-key", false,
			"make an access key of the account's root user too; its secret is printed once")
	}
	if q.Number, err = a.parse(args[1:], what); err != nil {
		return err
	}
	if do == "create" && !config.IsAccount(q.Number) {
		return exit.UsageError("an account's number has 12 digits, and %q is none", q.Number)
	}
	p, err := a.open(e, false)
	if err != nil {
		return err
	}
	reply, err := place.Have[control.AccountsReply](ctx, p, control.Request{Accounts: &q})
	if err != nil {
		return err
	}
	return q.Show(e.Stdout, reply)
}
