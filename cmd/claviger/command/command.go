// Package command is the world that commands of the command line run in, and how they read it.
package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
)

// Env is the world a command runs in.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Level          slog.LevelVar // of the log
}

// Flags returns a flag set that prints its help to stdout when asked, and says
// what is wrong in one sentence.
func (e *Env) Flags(name, args, about string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {
		fmt.Fprintf(e.Stdout, "Usage: claviger %s\n\n%s\n\n", strings.TrimSpace(name+" "+args), about)
		f.SetOutput(e.Stdout)
		f.PrintDefaults()
		f.SetOutput(io.Discard)
	}
	return f
}

// ReadFlags reads the flags up to the first word that is none.
func ReadFlags(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return exit.UsageError("%s: %v", f.Name(), err)
}

// Parse reads the flags and refuses what is left over.
func Parse(f *flag.FlagSet, args []string) error {
	if err := ReadFlags(f, args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return exit.UsageError("%s: unexpected argument %q", f.Name(), f.Arg(0))
	}
	return nil
}

// ParseName reads the flags, and the one name between or behind them. what says whose name it is;
// without it there may be none.
func ParseName(f *flag.FlagSet, args []string, what string) (name string, err error) {
	for {
		if err := ReadFlags(f, args); err != nil {
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

// AsksHelp reports whether a word asks for help.
func AsksHelp(word string) bool { return word == "help" || word == "-h" || word == "--help" }

// Begin is how the commands that work on an installation start: the configuration, its log, and a
// process that gives away no memory.
func (e *Env) Begin(path string) (*config.Config, *slog.Logger, error) {
	c, err := config.Read(path)
	if err != nil {
		return nil, nil, err
	}
	log, err := e.NewLog(c.Log.Format, c.Log.Level)
	if err != nil {
		return nil, nil, err
	}
	Harden(log)
	return c, log, nil
}

// When is a time for people, to the second.
func When(t time.Time) string { return t.UTC().Format(time.RFC3339) }
