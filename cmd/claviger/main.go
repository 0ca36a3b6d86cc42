// Command claviger keeps keys and secrets on a site's own PKCS#11 device and speaks AWS's
// protocols. One small file to each command; `claviger help` lists them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"claviger/cmd/claviger/exit"
	"claviger/internal/sandbox"
)

// command is one word of the command line. What takes flags tells of them itself; what takes more
// words has them here.
type command struct {
	name, words, short string
	run                func(context.Context, *env, []string) error
}

// env is the world a command runs in.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	level          slog.LevelVar // of the log
}

func commands() []command {
	return []command{
		{"dev", "", "start a service to play with: makes everything it needs", dev},
		{"init", "", "make the root key and the database of a production service", initialize},
		{"serve", "", "serve what init has made", serve},
		{"doctor", "", "look at a device and say what the service will do with it", doctor},
		{"clusters", "reset [flags]", "let a cluster's password be tried again", clustersCommand},
		{"account", accountWords, "make and list accounts", accountCommand},
		{"user", userWords, "make, list and delete users, and give them policies", userCommand},
		{"access-key", keyWords, "make, list, disable, enable, delete and rotate access keys",
			accessKeyCommand},
		{"revoke", "", "end sessions before their time", revokeCommand},
		{"secrets", secretsWords, "say why the rotation of a secret failed, and what to do",
			secretsCommand},
		{"params", paramsWords, "make parameters of a file, or a file of parameters", paramsCommand},
		{"alarms", alarmsWords, "put a set of rules that tell of trouble", alarmsCommand},
		{"events", eventsWords, "say what waits for receivers outside, or have it tried again",
			eventsCommand},
		{"clock", clockWords, "say whether the clock is believed, or have it believed", clockCommand},
		{"policy", "lint [flags] FILE...", "say what is wrong with policies, and what never matches",
			policyCommand},
		{"backup", "", "back up the database, beside a running server or without one", backupCommand},
		{"restore", "", "prove what a backup is, and put it in the database's place", restoreCommand},
		{"audit", auditWords(), "read the audit trail, search, export and prove it", auditCommand},
		{"docs", "api|errors|openapi", "print the API's description", docs},
		{"version", "", "print the version and the commit it was built from", versionCommand},
	}
}

func main() {
	sandbox.Main() // not a command for people: a program of the site begins so
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, &env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(exit.Report(os.Stderr, err))
}

func run(ctx context.Context, e *env, args []string) error {
	switch {
	case len(args) == 0, asksHelp(args[0]) && (len(args) == 1 || asksHelp(args[1])):
		usage(e.stdout)
		return nil
	case asksHelp(args[0]): // help COMMAND is COMMAND -h
		args = append(slices.Clone(args[1:]), "-h")
	case args[0] == "--version" || args[0] == "-version":
		args = []string{"version"}
	}
	for _, c := range commands() {
		if c.name == args[0] {
			if c.words != "" && len(args) > 1 && asksHelp(args[1]) {
				fmt.Fprintf(e.stdout, "Usage: claviger %s %s\n\n%s%s.\n", c.name, c.words,
					strings.ToUpper(c.short[:1]), c.short[1:])
				return nil
			}
			err := c.run(ctx, e, args[1:])
			if errors.Is(err, flag.ErrHelp) {
				return nil
			}
			return err
		}
	}
	return exit.UsageError("there is no command %q; `claviger help` lists them", args[0])
}

func asksHelp(word string) bool { return word == "help" || word == "-h" || word == "--help" }

func usage(w io.Writer) {
	fmt.Fprint(w, "Claviger keeps keys and secrets on your own HSM and speaks AWS's "+
		"protocols.\n\nUsage: claviger COMMAND\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-11s %s\n", c.name, c.short)
	}
	fmt.Fprint(w, "\n`claviger help COMMAND` says more. Start with `claviger dev`.\n")
}

// flags returns a flag set that prints its help to stdout when asked, and says
// what is wrong in one sentence.
func (e *env) flags(name, args, about string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {
		fmt.Fprintf(e.stdout, "Usage: claviger %s\n\n%s\n\n", strings.TrimSpace(name+" "+args), about)
		f.SetOutput(e.stdout)
		f.PrintDefaults()
		f.SetOutput(io.Discard)
	}
	return f
}

// readFlags reads the flags up to the first word that is none.
func readFlags(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return exit.UsageError("%s: %v", f.Name(), err)
}

// parse reads the flags and refuses what is left over.
func parse(f *flag.FlagSet, args []string) error {
	if err := readFlags(f, args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return exit.UsageError("%s: unexpected argument %q", f.Name(), f.Arg(0))
	}
	return nil
}

// parseName reads the flags, and the one name between or behind them. what says whose name it is;
// without it there may be none.
func parseName(f *flag.FlagSet, args []string, what string) (name string, err error) {
	for {
		if err := readFlags(f, args); err != nil {
			return "", err
		}
		switch {
		case f.NArg() == 0 && name == "" && what != "":
			return "", exit.UsageError("%s: %s", f.Name(), what)
		case f.NArg() == 0:
			return name, nil
		case what == "" || name != "":
			return "", exit.UsageError("%s: unexpected argument %q", f.Name(), f.Arg(0))
		}
		name, args = f.Arg(0), f.Args()[1:]
	}
}
