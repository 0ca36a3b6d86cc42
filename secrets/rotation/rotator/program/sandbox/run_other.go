//go:build !linux

package sandbox

import (
	"context"
	"os"
)

// Run runs a command to its end.
func Run(context.Context, Command) (Result, error) { return Result{}, errUnsupported }

// CanSwitch reports whether the service may run programs as others.
func CanSwitch() error { return errUnsupported }

func run([]string) { os.Exit(1) }
