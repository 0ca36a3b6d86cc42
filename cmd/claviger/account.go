package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"claviger/identity"
	"claviger/service"
)

// accountRequest is one command about accounts, on its way to the server.
type accountRequest struct {
	Do     string // one of accountActions
	Number string
	Alias  string
	Key    bool // create: an access key of the root user too
}

// accountReply is what comes back.
type accountReply struct {
	Accounts []accountLine
	Made     *madeKey
}

// accountLine is one account as it is shown.
type accountLine struct {
	Number, Alias string
	Created       time.Time
}

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
	q, what := accountRequest{Do: do}, ""
	if do == "create" {
		what = "say the account's number, 12 digits"
		a.f.StringVar(&q.Alias, "alias", "", "an `alias` for the account, for people")
		a.f.BoolVar(&q.Key, "access-key", false,
			"make an access key of the account's root user too; its secret is printed once")
	}
	if q.Number, err = a.parse(args[1:], what); err != nil {
		return err
	}
	if do == "create" && !accountForm.MatchString(q.Number) {
		return usageError("an account's number has 12 digits, and %q is none", q.Number)
	}
	p, err := a.open(e, false)
	if err != nil {
		return err
	}
	reply, err := have[accountReply](ctx, p, controlRequest{Accounts: &q})
	if err != nil {
		return err
	}
	return q.show(e, reply)
}

// perform does what is asked, for the user who asks: the records say who.
func (q accountRequest) perform(ctx context.Context, s *service.Service, uid int) (
	reply accountReply, err error) {
	by := by("account "+q.Do, uid)
	switch q.Do {
	case "create":
		if err := checkNamespace(q.Number, []string{identity.GlobalRegion}); err != nil {
			return reply, err
		}
		id, secret, err := s.NewAccount(ctx, q.Number, q.Alias, q.Key, by)
		if id != "" {
			reply.Made = &madeKey{ID: id, Secret: secret, Principal: identity.RootUser(q.Number).ARN}
		}
		return reply, err
	case "list":
		all, err := s.Accounts(ctx, by)
		for _, a := range all {
			reply.Accounts = append(reply.Accounts, accountLine{Number: a.AccountNumber,
				Alias: a.AccountAlias, Created: a.CreateDate.Time})
		}
		return reply, err
	}
	return reply, fmt.Errorf("there is no command %q", q.Do)
}

// show prints the outcome.
func (q accountRequest) show(e *env, reply accountReply) error {
	if q.Do == "list" {
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ACCOUNT\tALIAS\tMADE")
		for _, a := range reply.Accounts {
			fmt.Fprintf(w, "%s\t%s\t%s\n", a.Number, a.Alias, a.Created.UTC().Format(time.RFC3339))
		}
		return w.Flush()
	}
	fmt.Fprintf(e.stdout, "Made the account %s.\n", q.Number)
	if reply.Made != nil {
		e.showKey(reply.Made)
	}
	return nil
}
