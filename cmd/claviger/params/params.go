// Package params imports and exports parameters: it makes the parameters below a path those of a
// file, or a file those below a path.
package params

import (
	"context"
	"errors"

	"claviger/cmd/claviger/params/plan"
	"claviger/cmd/claviger/params/remote"
	"claviger/cmd/claviger/terminal"
)

// said is the service's refusal in its own words, or whatever else went wrong.
func said(err error) error { return errors.New(remote.Said(err)) }

// current returns what is below a path, if possible with the values of SecureStrings.
func current(ctx context.Context, c *remote.Client, t *terminal.Terminal, path string) (
	[]plan.Current, error) {
	there, err := c.Below(ctx, path, true)
	if !remote.Closed(err) {
		return there, err
	}
	open, other := c.Below(ctx, path, false)
	if other != nil {
		return nil, other
	}
	t.Note("SecureStrings can't be decrypted, and count as changed: %s", remote.Said(err))
	return open, nil
}
