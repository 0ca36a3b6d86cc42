package sandbox

import (
	"context"
	"fmt"
	"time"
)

// checking is how long a sandbox without a program may take.
const checking = 10 * time.Second

// Try makes the sandbox of a command without its program, and returns what this machine gives of
// it. Where less than all of it will do, it finds out what there is; else that is an error.
func Try(ctx context.Context, c Command, bestEffort bool) (there Features, err error) {
	made := func(with Features) error {
		within, cancel := context.WithTimeout(ctx, checking)
		defer cancel()
		c.Program, c.Features = "", with
		_, err := Run(within, c)
		return err
	}
	err = made(All)
	if err == nil {
		return All, nil
	}
	if !bestEffort {
		return there, fmt.Errorf("programs need more than this machine gives, and the sandbox is "+
			"required: %w", err)
	}
	there.Namespaces = made(Features{Namespaces: true}) == nil
	there.Landlock = made(Features{Landlock: true}) == nil
	there.Seccomp = made(Features{Seccomp: true}) == nil
	return there, made(there)
}
