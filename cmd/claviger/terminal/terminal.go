// Package terminal is where a command was started: what is said there, how far something is, and
// whoever can be asked.
package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// Note says something that isn't the result.
func (t *Terminal) Note(format string, args ...any) {
	fmt.Fprintf(t.Err, format+"\n", args...)
}

// Why something isn't done that is asked about.
var (
	ErrUnanswered  = errors.New("nobody can be asked whether to do it: say --yes")
	ErrInterrupted = errors.New("it was interrupted, and nothing was done")
	errRefused     = errors.New("nothing was done")
)

// Confirm asks whether what was shown shall be done. Any answer but yes is an error.
func (t *Terminal) Confirm(ctx context.Context) error {
	if t.Ask == nil {
		return ErrUnanswered
	}
	yes, err := t.Ask(ctx, "Do this? Only yes is taken for it: ")
	switch {
	case ctx.Err() != nil:
		return ErrInterrupted
	case err != nil:
		return err
	case !yes:
		return errRefused
	}
	return nil
}
