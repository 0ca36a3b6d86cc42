package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"claviger/identity"
	"claviger/service"
)

// userRequest is one command about users, on its way to the server.
type userRequest struct {
	Do       string // one of userActions
	Account  string
	Name     string
	Policies []string // ARNs of managed policies that are attached or detached
	Key      bool     // create: an access key too
}

// userReply is what comes back.
type userReply struct {
	Users []userLine
	Made  *madeKey
}

// userLine is one user as it is shown.
type userLine struct {
	ARN, ID string
	Created time.Time
}

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
	q, what := userRequest{Do: do}, "name one user; `claviger user list` shows them"
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
		return usageError("%s: --policy ARN is needed", a.command)
	}
	p, err := a.open(e, true)
	if err != nil {
		return err
	}
	q.Account = a.account
	reply, err := have[userReply](ctx, p, controlRequest{Users: &q})
	if err != nil {
		return err
	}
	return q.show(e, reply)
}

// perform does what is asked, for the user who asks: the records say who.
func (q userRequest) perform(ctx context.Context, s *service.Service, uid int) (
	reply userReply, err error) {
	if err := checkNamespace(q.Account, []string{identity.GlobalRegion}); err != nil {
		return reply, err
	}
	by := by("user "+q.Do, uid)
	switch q.Do {
	case "create":
		return q.create(ctx, s, by)
	case "list":
		users, err := s.Users(ctx, q.Account, by)
		for _, u := range users {
			reply.Users = append(reply.Users, userLine{ARN: u.Arn, ID: u.UserId,
				Created: u.CreateDate.Time})
		}
		return reply, err
	case "delete":
		return reply, s.DeleteUser(ctx, q.Account, q.Name, by)
	case "attach":
		return reply, q.attach(ctx, s, by)
	case "detach":
		for _, arn := range q.Policies {
			if err := s.DetachUserPolicy(ctx, q.Account, q.Name, arn, by); err != nil {
				return reply, err
			}
		}
		return reply, nil
	}
	return reply, fmt.Errorf("there is no command %q", q.Do)
}

// create says how far it came: the user may be there with less than was asked for.
func (q userRequest) create(ctx context.Context, s *service.Service, by string) (
	reply userReply, err error) {
	if err := s.CreateUser(ctx, q.Account, q.Name, by); err != nil {
		return reply, err
	}
	if err := q.attach(ctx, s, by); err != nil {
		return reply, fmt.Errorf("the user was made, but not all policies are attached: %w", err)
	}
	if !q.Key {
		return reply, nil
	}
	reply.Made, err = makeKey(ctx, s, q.Account, q.Name, by)
	if err != nil {
		err = fmt.Errorf("the user was made, but no access key: %w", err)
	}
	return reply, err
}

func (q userRequest) attach(ctx context.Context, s *service.Service, by string) error {
	for _, arn := range q.Policies {
		if err := s.AttachUserPolicy(ctx, q.Account, q.Name, arn, by); err != nil {
			return err
		}
	}
	return nil
}

// show prints the outcome.
func (q userRequest) show(e *env, reply userReply) error {
	switch q.Do {
	case "list":
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "USER\tID\tMADE")
		for _, u := range reply.Users {
			fmt.Fprintf(w, "%s\t%s\t%s\n", u.ARN, u.ID, u.Created.UTC().Format(time.RFC3339))
		}
		return w.Flush()
	case "create":
		fmt.Fprintf(e.stdout, "Made the user %s of account %s.\n", q.Name, q.Account)
		switch {
		case reply.Made != nil:
			e.showKey(reply.Made)
		case q.Key:
			return errors.New("the server made no access key")
		}
		return nil
	}
	fmt.Fprintf(e.stdout, "%s: %s.\n", q.Name,
		map[string]string{"delete": "deleted", "attach": "attached", "detach": "detached"}[q.Do])
	return nil
}
