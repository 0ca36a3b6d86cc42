package main

import (
	"context"
	"errors"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/params/remote"
	"claviger/cmd/claviger/starter"
	"claviger/cmd/claviger/terminal"
)

const alarmsWords = "enable|list|disable [flags]"

func alarmsCommand(ctx context.Context, e *env, args []string) error {
	if len(args) == 0 {
		return exit.UsageError("alarms: say what to do: claviger alarms %s", alarmsWords)
	}
	w := &starter.Wanted{Do: args[0], Topic: starter.Topic}
	about, ok := w.About()
	if !ok {
		return exit.UsageError("alarms: there is no %q: claviger alarms %s", args[0], alarmsWords)
	}
	f := e.Flags("alarms "+args[0], "[flags]", about+paramsService)
	w.Flags(f)
	if err := command.Parse(f, args[1:]); err != nil {
		return err
	}
	t := e.Terminal()
	if t.Ask == nil && w.Asks() {
		return exit.UsageError("%s: %w", f.Name(), terminal.ErrUnanswered)
	}
	err := w.Run(ctx, t)
	if errors.Is(err, remote.ErrEndpoint) || errors.Is(err, remote.ErrRegion) ||
		errors.Is(err, remote.ErrPlain) {
		return exit.UsageError("%s: %w", f.Name(), err)
	}
	return err
}
