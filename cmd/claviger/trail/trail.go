// Package trail is the command audit: reading, searching, exporting and proving the audit trail.
package trail

import (
	"context"
	"strings"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/exit"
)

// actions are the words that audit is followed by, in the order in which they are told.
var actions = []struct {
	name string
	run  func(context.Context, *command.Env, []string) error
}{
	{"tail", tailTrail},
	{"key", printKey},
	{"verify", verifyTrail},
	{"prove", proveRecords},
	{"witness", witnessTrail},
	{"query", queryTrail},
	{"export", exportTrail},
}

// Words are those words for people.
func Words() string {
	var names []string
	for _, a := range actions {
		names = append(names, a.name)
	}
	return strings.Join(names, "|") + " [flags]"
}

// Command does what the word behind audit says.
func Command(ctx context.Context, e *command.Env, args []string) error {
	if len(args) == 0 {
		return exit.UsageError("audit: say what to do: claviger audit %s", Words())
	}
	for _, a := range actions {
		if a.name == args[0] {
			return a.run(ctx, e, args[1:])
		}
	}
	return exit.UsageError("audit: there is no %q: claviger audit %s", args[0], Words())
}
