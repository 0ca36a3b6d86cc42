package main

import (
	"context"
	"strings"

	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/place"
)

const userWords = "create|list|delete|attach|detach [flags]"

var userActions = map[string]action{
	"create": {"NAME [--account ACCOUNT] [--policy ARN]... [--access-key]",
		"Makes a user, who may do what the managed policies allow that are named. An administrator's " +
			"is\narn:aws:iam::aws:policy/AdministratorAccess."},
	"list": {"[--account ACCOUNT]", "Lists the users of an account."},
	"delete": {"NAME [--account ACCOUNT]", "Deletes a user who has no access keys and policies any " +
		"more."},
	"attach": {"NAME --policy ARN [--account ACCOUNT]", "Attaches managed policies to a user."},
	"detach": {"NAME --policy ARN [--account ACCOUNT]", "Takes managed policies off a user."},
}

func userCommand(ctx context.Context, e *env, args []string) error {
	do, a, err := e.administer("user", userWords, userActions, args)
	if err != nil {
		return err
	}
	q, what := control.Users{Do: do}, "name one user; `claviger user list` shows them"
	a.withAccount(ofConfig)
	switch do {
	case "list":
		what = ""
	case "create", "attach", "detach":
		a.f.Func("policy", "the `ARN` of a managed policy; it may be said several times",
			func(arn string) error {
				q.Policies = append(q.Policies, arn)
				return nil
			})
	}
	if do == "create" {
		a.f.BoolVar(&q.Key, "access-key", false, "make an access key too; its secret is printed once")
	}
	if q.Name, err = a.parse(args[1:], what); err != nil {
		return err
	}
	if strings.HasSuffix(do, "tach") && len(q.Policies) == 0 {
		return exit.UsageError("%s: --policy ARN is needed", a.command)
	}
	p, err := a.open(e, true)
	if err != nil {
		return err
	}
	q.Account = a.account
	reply, err := place.Have[control.UsersReply](ctx, p, control.Request{Users: &q})
	if err != nil {
		return err
	}
	return q.Show(e.Stdout, reply)
}
