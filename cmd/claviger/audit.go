package main

import (
	"context"
	"strings"

	"claviger/cmd/claviger/exit"
)

// auditActions are the words that audit is followed by, in the order in which they are told.
var auditActions = []struct {
	name string
	run  func(context.Context, *env, []string) error
}{
	{"tail", auditTail},
	{"key", auditKey},
	{"verify", auditVerify},
	{"prove", auditProve},
	{"witness", auditWitness},
	{"query", auditQuery},
	{"export", auditExport},
}

// auditWords are those words for people.
func auditWords() string {
	var names []string
	for _, a := range auditActions {
		names = append(names, a.name)
	}
	return strings.Join(names, "|") + " [flags]"
}

func auditCommand(ctx context.Context, e *env, args []string) error {
	if len(args) == 0 {
		return exit.UsageError("audit: say what to do: claviger audit %s", auditWords())
	}
	for _, a := range auditActions {
		if a.name == args[0] {
			return a.run(ctx, e, args[1:])
		}
	}
	return exit.UsageError("audit: there is no %q: claviger audit %s", args[0], auditWords())
}
