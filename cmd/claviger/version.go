package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"claviger/cmd/claviger/command"
)

// version and commit are set by the build: -ldflags "-X main.version=... -X main.commit=...".
var (
	version = "development"
	commit  string // as builtFrom says it, if the build left it out
)

func versionCommand(_ context.Context, e *env, args []string) error {
	f := e.Flags("version", "", "Prints the version, the commit it was built from, and by which Go.")
	if err := command.Parse(f, args); err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "claviger %s\ncommit %s\n%s %s/%s\n", version, builtFrom(),
		runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// builtFrom returns the commit of the source: what the build said, or what Go noted of the working
// copy, with "+changes" where that differed from its commit.
func builtFrom() string {
	if commit != "" {
		return commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return noted(info.Settings)
}

func noted(settings []debug.BuildSetting) string {
	from, changes := "unknown", ""
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			from = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changes = "+changes"
		}
	}
	return from + changes
}
