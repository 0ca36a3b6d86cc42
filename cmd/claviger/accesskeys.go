package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os/user"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"claviger/identity"
	"claviger/service"
)

// keyRequest is one command about access keys, on its way to the server.
type keyRequest struct {
	Do      string // list, create, disable, enable or delete
	Account string // list: of this one only; create: whose root user's
	ID      string // of the access key, but for list and create
}

// keyReply is what comes back.
type keyReply struct {
	Keys   []keyLine
	Secret string // of the one key that was made
}

// keyLine is one access key as it is shown.
type keyLine struct {
	ID, Status, Principal string
	Created               time.Time
}

// keyCommands are the commands by their first word.
var keyCommands = map[string]struct{ args, about string }{
	"list": {"[--account ACCOUNT]", "Lists the access keys, of all accounts or of one."},
	"create": {"[--account ACCOUNT]", "Makes another access key of the account's root user, whose " +
		"secret is printed once."},
	"disable": {"ACCESS-KEY-ID", "Makes an access key inactive: requests that it signs are refused " +
		"from now on, until it is enabled."},
	"enable": {"ACCESS-KEY-ID", "Makes an inactive access key active again."},
	"delete": {"ACCESS-KEY-ID", "Deletes an access key for good: requests that it signs are refused " +
		"from now on."},
}

const keyWords = "list|create|disable|enable|delete [flags]"

func accessKeysCommand(ctx context.Context, e *env, args []string) error {
	if len(args) == 0 {
		return usageError("access-keys: say what to do: claviger access-keys %s", keyWords)
	}
	command, ok := keyCommands[args[0]]
	if !ok {
		return usageError("access-keys: there is no %q: claviger access-keys %s", args[0], keyWords)
	}
	f := e.flags("access-keys "+args[0], "--config FILE|--database FILE "+command.args,
		command.about+"\n\nThe server may be running: it is asked then, and what changes holds for the "+
			"next request.\nOtherwise the token is opened as the server would.")
	path := f.String("config", "", "`file` of the configuration")
	database := f.String("database", "", "the `file` of a running server's database, instead of a "+
		"configuration")
	q := keyRequest{Do: args[0]}
	if q.Do == "list" || q.Do == "create" {
		f.StringVar(&q.Account, "account", "", "the account, 12 `digits`")
	}
	if err := q.parse(f, args[1:]); err != nil {
		return err
	}
	reply, err := q.run(ctx, e, *path, *database)
	if err != nil {
		return err
	}
	return q.show(e, reply)
}

// parse reads the flags, and the access key's id where there is one.
func (q *keyRequest) parse(f *flag.FlagSet, args []string) error {
	if q.Do == "list" || q.Do == "create" {
		return parse(f, args)
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError("%s: %v", f.Name(), err)
	}
	if f.NArg() != 1 {
		return usageError("%s: name one access key by its id; `claviger access-keys list` shows them",
			f.Name())
	}
	q.ID = f.Arg(0)
	return nil
}

// run has the server do it, or does it here where none is running.
func (q *keyRequest) run(ctx context.Context, e *env, path, database string) (
	reply keyReply, err error) {
	ask := func(database string) error {
		return controlRequest{Keys: q}.ask(ctx, database, &reply)
	}
	switch {
	case q.Account != "" && !accountForm.MatchString(q.Account):
		return reply, usageError("--account must be 12 digits, and %q is not", q.Account)
	case q.Do == "create" && q.Account == "" && database != "":
		return reply, usageError("--account is needed: only a configuration names one")
	case database != "":
		return reply, ask(database)
	case path == "":
		return reply, usageError("access-keys: --config FILE or --database FILE is needed")
	}
	c, log, err := e.begin(path)
	if err != nil {
		return reply, err
	}
	if q.Do == "create" && q.Account == "" {
		q.Account = c.Account
	}
	err = c.command(ctx, log, func() error { return ask(c.Database) },
		func(s *service.Service) (err error) {
			reply, err = q.perform(ctx, s, -1)
			return err
		})
	return reply, err
}

// perform does what is asked, for the user who asks: the records say who. A negative user is this
// process's own.
func (q keyRequest) perform(ctx context.Context, s *service.Service, uid int) (
	reply keyReply, err error) {
	by := "claviger access-keys " + q.Do + " by " + userName(uid)
	switch q.Do {
	case "list":
		return q.list(ctx, s, by)
	case "create":
		if err := checkNamespace(q.Account, []string{identity.GlobalRegion}); err != nil {
			return reply, err
		}
		id, secret, err := s.CreateAccessKey(ctx, q.Account, "", by)
		return keyReply{Keys: []keyLine{{ID: id, Status: identity.Active,
			Principal: identity.RootUser(q.Account).ARN}}, Secret: secret}, err
	case "disable":
		return reply, s.SetAccessKeyStatus(ctx, q.ID, identity.Inactive, by)
	case "enable":
		return reply, s.SetAccessKeyStatus(ctx, q.ID, identity.Active, by)
	case "delete":
		return reply, s.DeleteAccessKey(ctx, q.ID, by)
	}
	return reply, fmt.Errorf("there is no command %q", q.Do)
}

func (q keyRequest) list(ctx context.Context, s *service.Service, by string) (
	reply keyReply, err error) {
	keys, err := s.AccessKeys(ctx, q.Account, by)
	for _, k := range keys {
		reply.Keys = append(reply.Keys, keyLine{ID: k.ID, Status: k.Status,
			Principal: k.Owner, Created: k.Created})
	}
	return reply, err
}

// userName names a user of the operating system for the records, by number where it has no name.
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

// show prints the outcome.
func (q keyRequest) show(e *env, reply keyReply) error {
	switch q.Do {
	case "list":
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ACCESS KEY\tSTATUS\tMADE\tPRINCIPAL")
		for _, k := range reply.Keys {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, k.Status,
				k.Created.UTC().Format(time.RFC3339), k.Principal)
		}
		return w.Flush()
	case "create":
		if len(reply.Keys) != 1 {
			return errors.New("the server made no access key")
		}
		fmt.Fprintf(e.stdout, "Made an access key of %s, shown this once:\n\nAWS_ACCESS_KEY_ID=%s\n"+
			"AWS_SECRET_ACCESS_KEY=%s\n", reply.Keys[0].Principal, reply.Keys[0].ID, reply.Secret)
		return nil
	}
	fmt.Fprintf(e.stdout, "%s is %s.\n", q.ID, strings.TrimSuffix(q.Do, "e")+"ed")
	return nil
}
