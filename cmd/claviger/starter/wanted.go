package starter

import (
	"context"
	"errors"
	"flag"
	"net/mail"
	"net/url"

	"claviger/cmd/claviger/params/remote"
	"claviger/cmd/claviger/terminal"

	"github.com/aws/smithy-go"
)

// Topic is the name of the topic unless another one is said.
const Topic = "claviger-alarms"

// What is done with the set.
const (
	enable  = "enable"
	list    = "list"
	disable = "disable"
)

// Wanted is what is said on the command line.
type Wanted struct {
	Do      string // enable, list or disable
	Remote  remote.Options
	Topic   string   // its name
	Emails  []string // that are subscribed to it
	URLs    []string // likewise
	Log     string   // name of a log group that the configuration declares, or nothing
	Deletes bool     // the rules, where they are disabled
	DryRun  bool
	Yes     bool // without asking
}

// About says what is done, for people. Not ok is something that there is not.
func (w *Wanted) About() (text string, ok bool) {
	text, ok = map[string]string{
		enable: "Puts a set of rules for EventBridge to begin with, and has them send to a topic. It shows " +
			"what it would\ndo, and asks first; what is done already is left alone.",
		list: "Shows the rules of the set, whether they are enabled, and where they send.",
		disable: "Disables the rules of the set, or deletes them. The topic and its subscriptions " +
			"stay.",
	}[w.Do]
	return text, ok
}

// Flags declares what can be said.
func (w *Wanted) Flags(f *flag.FlagSet) {
	f.StringVar(&w.Remote.Endpoint, "endpoint-url", "", "the service's `URL`")
	f.StringVar(&w.Remote.Region, "region", "", "the `Region`")
	f.StringVar(&w.Remote.Profile, "profile", "", "the `profile` of AWS's files")
	if w.Do == list {
		return
	}
	f.BoolVar(&w.DryRun, "dry-run", false, "show what would be done, and do nothing")
	f.BoolVar(&w.Yes, "yes", false, "do it without asking")
	if w.Do == disable {
		f.BoolVar(&w.Deletes, "delete", false, "delete the rules with their targets")
		return
	}
	f.StringVar(&w.Topic, "topic", w.Topic, "the `name` of the topic, which is made if there is none")
	f.Func("email", "an `address` that is subscribed to the topic; it may be said several times",
		w.addEmail)
	f.Func("url", "a `URL` that is subscribed to the topic; it may be said several times", w.addURL)
	f.StringVar(&w.Log, "log", "", "the `name` of a log file for events, declared in the "+
		"configuration, to which the rules\nsend as well: it needs no key of the token")
}

func (w *Wanted) addEmail(address string) error {
	if _, err := mail.ParseAddress(address); err != nil {
		return errors.New("that is no address")
	}
	w.Emails = append(w.Emails, address)
	return nil
}

func (w *Wanted) addURL(text string) error {
	at, err := url.Parse(text)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" {
		return errors.New("that is no URL: https://HOST/PATH")
	}
	w.URLs = append(w.URLs, text)
	return nil
}

// Asks reports whether somebody has to be there who answers.
func (w *Wanted) Asks() bool { return w.Do != list && !w.Yes && !w.DryRun }

// Run does it. What the service refuses is said in its own words.
func (w *Wanted) Run(ctx context.Context, t *terminal.Terminal) error {
	c, err := remote.Open(ctx, w.Remote)
	if err != nil {
		return err
	}
	s, err := Open(ctx, c.Config())
	if err == nil {
		err = s.perform(ctx, *w, t)
	}
	if refused := smithy.APIError(nil); errors.As(err, &refused) {
		return errors.New(remote.Said(err))
	}
	return err
}

func (s *Set) perform(ctx context.Context, w Wanted, t *terminal.Terminal) error {
	switch w.Do {
	case enable:
		return s.Enable(ctx, w, t)
	case disable:
		return s.Disable(ctx, w, t)
	}
	return s.List(ctx, t)
}
