package main

import (
	"context"
	"errors"
	"flag"
	"net/mail"
	"net/url"

	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/params/remote"
	"claviger/cmd/claviger/starter"
	"claviger/cmd/claviger/terminal"
)

const alarmsWords = "enable|list|disable [flags]"

var alarmsActions = map[string]action{
	"enable": {"[--email ADDRESS] [--url URL] [flags]",
		"Puts a set of rules for EventBridge to begin with, and has them send to a topic. It shows what " +
			"it would do, and\nasks first; what is done already is left alone."},
	"list": {"[flags]", "Shows the rules of the set, whether they are enabled, and where they send."},
	"disable": {"[--delete] [flags]",
		"Disables the rules of the set, or deletes them. The topic and its subscriptions stay."},
}

// alarming is what is said of the set.
type alarming struct {
	f      *flag.FlagSet
	remote remote.Options
	starter.Wanted
	deletes bool
}

func alarmsCommand(ctx context.Context, e *env, args []string) error {
	if len(args) == 0 {
		return exit.UsageError("alarms: say what to do: claviger alarms %s", alarmsWords)
	}
	said, ok := alarmsActions[args[0]]
	if !ok {
		return exit.UsageError("alarms: there is no %q: claviger alarms %s", args[0], alarmsWords)
	}
	a := &alarming{f: e.flags("alarms "+args[0], said.args, said.about+paramsService)}
	a.f.StringVar(&a.remote.Endpoint, "endpoint-url", "", "the service's `URL`")
	a.f.StringVar(&a.remote.Region, "region", "", "the `Region`")
	a.f.StringVar(&a.remote.Profile, "profile", "", "the `profile` of AWS's files")
	if args[0] != "list" {
		a.f.BoolVar(&a.DryRun, "dry-run", false, "show what would be done, and do nothing")
		a.f.BoolVar(&a.Yes, "yes", false, "do it without asking")
	}
	switch args[0] {
	case "enable":
		a.wants()
	case "disable":
		a.f.BoolVar(&a.deletes, "delete", false, "delete the rules with their targets")
	}
	if err := parse(a.f, args[1:]); err != nil {
		return err
	}
	t := e.terminal()
	if t.Ask == nil && !a.Yes && !a.DryRun && args[0] != "list" {
		return exit.UsageError("%s: %w", a.f.Name(), terminal.ErrUnanswered)
	}
	set, err := a.open(ctx)
	if err != nil {
		return err
	}
	switch args[0] {
	case "enable":
		err = set.Enable(ctx, a.Wanted, t)
	case "disable":
		err = set.Disable(ctx, a.deletes, a.DryRun, a.Yes, t)
	default:
		err = set.List(ctx, t)
	}
	if err != nil {
		return errors.New(remote.Said(err))
	}
	return nil
}

// wants are the flags that say who hears of it.
func (a *alarming) wants() {
	a.f.StringVar(&a.Topic, "topic", "claviger-alarms", "the `name` of the topic, which is made if "+
		"there is none")
	a.f.Func("email", "an `address` that is subscribed to the topic; it may be said several times",
		func(address string) error {
			if _, err := mail.ParseAddress(address); err != nil {
				return errors.New("that is no address")
			}
			a.Emails = append(a.Emails, address)
			return nil
		})
	a.f.Func("url", "a `URL` that is subscribed to the topic; it may be said several times",
		func(text string) error {
			if at, err := url.Parse(text); err != nil || at.Host == "" || at.Scheme != "https" &&
				at.Scheme != "http" {
				return errors.New("that is no URL: https://HOST/PATH")
			}
			a.URLs = append(a.URLs, text)
			return nil
		})
	a.f.StringVar(&a.Log, "log", "", "the `name` of a log file for events of the configuration, to "+
		"which the rules send as well: it needs\nno key of the token")
}

func (a *alarming) open(ctx context.Context) (*starter.Set, error) {
	c, err := remote.Open(ctx, a.remote)
	if errors.Is(err, remote.ErrEndpoint) || errors.Is(err, remote.ErrRegion) ||
		errors.Is(err, remote.ErrPlain) {
		return nil, exit.UsageError("%s: %w", a.f.Name(), err)
	}
	if err != nil {
		return nil, err
	}
	return starter.Open(ctx, c.Config())
}
