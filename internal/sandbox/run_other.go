//go:build !linux

package sandbox

import (
	"context"
	"fmt"
	"os"
)

// errUnsupported is that of platforms that have none of this.
var errUnsupported = fmt.Errorf("%w: programs are run on Linux alone", ErrSetup)

// Run runs a command to its end.
func Run(context.Context, Command) (Result, error) { return Result{}, errUnsupported }

// CanSwitch reports whether the service may run programs as others.
func CanSwitch() error { return errUnsupported }

func run([]string) { os.Exit(1) }
