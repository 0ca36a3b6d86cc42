package main

import (
	"context"

	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/place"
)

const keyWords = "create|list|disable|enable|delete|rotate [flags]"

var keyActions = map[string]action{
	"create": {"[--account ACCOUNT] [--user NAME]",
		"Makes an access key for a user, or for the account's root user if none is named. Its secret " +
			"is printed once."},
	"list": {"[--account ACCOUNT] [--user NAME]",
		"Lists the access keys, of all accounts or of one, and when they signed last."},
	"disable": {"ACCESS-KEY-ID", "Makes an access key inactive: requests that it signs are refused " +
		"from now on, until it is enabled."},
	"enable": {"ACCESS-KEY-ID", "Makes an inactive access key active again."},
	"delete": {"ACCESS-KEY-ID", "Deletes an access key for good: requests that it signs are refused " +
		"from now on."},
	"rotate": {"[--account ACCOUNT] [--user NAME] [--finish]",
		"Makes the second access key of a user, or of the account's root user if none is named. With " +
			"--finish, once the new\none has signed, the old one is disabled, and deleted if it is " +
			"disabled already."},
}

func accessKeyCommand(ctx context.Context, e *env, args []string) error {
	do, a, err := e.administer("access-key", keyWords, keyActions, args)
	if err != nil {
		return err
	}
	q, what := control.Keys{Do: do}, ""
	switch do {
	case "list":
		a.withAccount("all of them, unless it is said")
	case "create", "rotate":
		a.withAccount(ofConfig)
	default:
		what = "name one access key by its id; `claviger access-key list` shows them"
	}
	if what == "" {
		a.f.StringVar(&q.User, "user", "", "the user's `name`")
	}
	if do == "rotate" {
		a.f.BoolVar(&q.Finish, "finish", false,
			"the new key is in use: disable the old one, or delete it")
	}
	if q.ID, err = a.parse(args[1:], what); err != nil {
		return err
	}
	p, err := a.open(e, do == "create" || do == "rotate")
	if err != nil {
		return err
	}
	q.Account = a.account
	reply, err := place.Have[control.KeysReply](ctx, p, control.Request{Keys: &q})
	if err != nil {
		return err
	}
	return q.Show(e.Stdout, reply)
}
