// Command claviger keeps keys and secrets on a site's own PKCS#11 device and speaks AWS's
// protocols. One small file to each command; `claviger help` lists them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/trail"
	"claviger/internal/sandbox"
)

// row is one word of the command line. What takes flags tells of them itself; what takes more
// words has them here.
type row struct {
	name, words, short string
	run                func(context.Context, *env, []string) error
}

// env is the world a command runs in.
type env struct{ command.Env }

func commands() []row {
	return []row{
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
		{"audit", trail.Words(), "read the audit trail, search, export and prove it",
			func(ctx context.Context, e *env, args []string) error {
				return trail.Command(ctx, &e.Env, args)
			}},
		{"docs", "api|errors|openapi", "print the API's description", docs},
		{"version", "", "print the version and the commit it was built from", versionCommand},
	}
}

func main() {
	sandbox.Main() // not a command for people: a program of the site begins so
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	world := &env{command.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}}
	err := run(ctx, world, os.Args[1:])
	stop()
	os.Exit(exit.Report(os.Stderr, err))
}

func run(ctx context.Context, e *env, args []string) error {
	switch {
	case len(args) == 0, command.AsksHelp(args[0]) && (len(args) == 1 || command.AsksHelp(args[1])):
		usage(e.Stdout)
		return nil
	case command.AsksHelp(args[0]): // help COMMAND is COMMAND -h
		args = append(slices.Clone(args[1:]), "-h")
	case args[0] == "--version" || args[0] == "-version":
		args = []string{"version"}
	}
	for _, c := range commands() {
		if c.name == args[0] {
			if c.words != "" && len(args) > 1 && command.AsksHelp(args[1]) {
				fmt.Fprintf(e.Stdout, "Usage: claviger %s %s\n\n%s%s.\n", c.name, c.words,
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

func usage(w io.Writer) {
	fmt.Fprint(w, "Claviger keeps keys and secrets on your own HSM and speaks AWS's "+
		"protocols.\n\nUsage: claviger COMMAND\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-11s %s\n", c.name, c.short)
	}
	fmt.Fprint(w, "\n`claviger help COMMAND` says more. Start with `claviger dev`.\n")
}
