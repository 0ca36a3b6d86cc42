package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"claviger/identity"
	"claviger/service"
)

// keyRequest is one command about access keys, on its way to the server.
type keyRequest struct {
	Do      string // one of keyActions
	Account string // list: of this one only; else whose user's
	User    string // the user; nothing is the account's root user, and for list all
	ID      string // of the access key, for disable, enable and delete
	Finish  bool   // of rotate
}

// keyReply is what comes back.
type keyReply struct {
	Keys []keyLine // of list; the one that rotate ends with
	Made *madeKey
	Done string // what rotate has done with the old key: disabled or deleted
}

// keyLine is one access key as it is shown.
type keyLine struct {
	ID, Status, Principal, Used string
	Created                     time.Time
}

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
	q, what := keyRequest{Do: do}, ""
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
	reply, err := have[keyReply](ctx, p, controlRequest{Keys: &q})
	if err != nil {
		return err
	}
	return q.show(e, reply)
}

// perform does what is asked, for the user who asks: the records say who.
func (q keyRequest) perform(ctx context.Context, s *service.Service, uid int) (
	reply keyReply, err error) {
	by := by("access-key "+q.Do, uid)
	switch q.Do {
	case "list":
		return q.list(ctx, s, by)
	case "create", "rotate":
		if err := checkNamespace(q.Account, []string{identity.GlobalRegion}); err != nil {
			return reply, err
		}
		if q.Finish {
			id, done, err := s.FinishRotation(ctx, q.Account, q.User, by)
			return keyReply{Keys: []keyLine{{ID: id}}, Done: done}, err
		}
		reply.Made, err = makeKey(ctx, s, q.Account, q.User, by)
		return reply, err
	case "disable":
		return reply, s.SetAccessKeyStatus(ctx, q.ID, identity.Inactive, by)
	case "enable":
		return reply, s.SetAccessKeyStatus(ctx, q.ID, identity.Active, by)
	case "delete":
		return reply, s.DeleteAccessKey(ctx, q.ID, by)
	}
	return reply, fmt.Errorf("there is no command %q", q.Do)
}

// makeKey makes an access key for a user, or for the account's root user.
func makeKey(ctx context.Context, s *service.Service, account, user, by string) (*madeKey, error) {
	id, secret, err := s.CreateAccessKey(ctx, account, user, by)
	if err != nil {
		return nil, err
	}
	principal := identity.RootUser(account).ARN
	if user != "" {
		principal = "user " + user + " of account " + account
	}
	return &madeKey{ID: id, Secret: secret, Principal: principal}, nil
}

func (q keyRequest) list(ctx context.Context, s *service.Service, by string) (
	reply keyReply, err error) {
	keys, err := s.AccessKeys(ctx, q.Account, by)
	for _, k := range keys {
		_, user, ok := strings.Cut(k.Owner, ":user/")
		name := user[strings.LastIndex(user, "/")+1:]
		if q.User != "" && (!ok || !strings.EqualFold(name, q.User)) {
			continue
		}
		line := keyLine{ID: k.ID, Status: k.Status, Principal: k.Owner, Created: k.Created, Used: "never"}
		if !k.Used.IsZero() {
			line.Used = k.Used.UTC().Format(time.RFC3339)
		}
		reply.Keys = append(reply.Keys, line)
	}
	return reply, err
}

// whose is how the command line says whose keys are meant.
func (q keyRequest) whose() string {
	said := " --account " + q.Account
	if q.User != "" {
		said += " --user " + q.User
	}
	return said
}

// show prints the outcome.
func (q keyRequest) show(e *env, reply keyReply) error {
	switch {
	case q.Do == "list":
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ACCESS KEY\tSTATUS\tMADE\tUSED LAST\tPRINCIPAL")
		for _, k := range reply.Keys {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Status,
				k.Created.UTC().Format(time.RFC3339), k.Used, k.Principal)
		}
		return w.Flush()
	case q.Finish && len(reply.Keys) == 1:
		fmt.Fprintf(e.stdout, "%s is %s.\n", reply.Keys[0].ID, reply.Done)
		if reply.Done == "disabled" {
			fmt.Fprint(e.stdout, "Once nothing misses it, the same command deletes it.\n")
		}
		return nil
	case reply.Made != nil:
		e.showKey(reply.Made)
		if q.Do == "rotate" {
			fmt.Fprintf(e.stdout, "\nOnce it is in use: claviger access-key rotate --finish%s\n", q.whose())
		}
		return nil
	}
	fmt.Fprintf(e.stdout, "%s is %s.\n", q.ID, strings.TrimSuffix(q.Do, "e")+"ed")
	return nil
}
