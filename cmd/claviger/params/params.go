// Package params imports and exports parameters: it makes the parameters below a path those of a
// file, or a file those below a path.
package params

import (
	"context"
	"errors"
	"fmt"
	"io"

	"claviger/cmd/claviger/params/plan"
	"claviger/cmd/claviger/params/remote"
)

// Terminal is where is said what happens.
type Terminal struct {
	Out, Err io.Writer
	// Bar says that Err can show a line that changes.
	Bar bool
	// Ask asks whoever sits there a question that is answered by yes or otherwise. It is nil if
	// nobody does.
	Ask func(ctx context.Context, question string) (bool, error)
}

// note says something that isn't the result.
func (t *Terminal) note(format string, args ...any) {
	fmt.Fprintf(t.Err, format+"\n", args...)
}

// said is the service's refusal in its own words, or whatever else went wrong.
func said(err error) error { return errors.New(remote.Said(err)) }

// current returns what is below a path, if possible with the values of SecureStrings.
func current(ctx context.Context, c *remote.Client, t *Terminal, path string) ([]plan.Current,
	error) {
	there, err := c.Below(ctx, path, true)
	if !remote.Closed(err) {
		return there, err
	}
	open, other := c.Below(ctx, path, false)
	if other != nil {
		return nil, other
	}
	t.note("SecureStrings can't be decrypted, and count as changed: %s", remote.Said(err))
	return open, nil
}
