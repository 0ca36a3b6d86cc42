package command

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"claviger/cmd/claviger/terminal"

	"golang.org/x/sys/unix"
)

// Terminal is where the command was started. Somebody can be asked if the standard input is a
// terminal.
func (e *Env) Terminal() *terminal.Terminal {
	t := &terminal.Terminal{Out: e.Stdout, Err: e.Stderr, Bar: IsTerminal(e.Stderr)}
	if IsTerminal(e.Stdin) {
		t.Ask = e.Ask
	}
	return t
}

// IsTerminal reports whether a file is one that a person looks at.
func IsTerminal(file any) bool {
	f, ok := file.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// Ask asks a question and waits for the line that answers it, or for ctx to end.
func (e *Env) Ask(ctx context.Context, question string) (bool, error) {
	fmt.Fprint(e.Stderr, question)
	answered := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(e.Stdin).ReadString('\n') // no answer is no yes
		answered <- line
	}()
	select {
	case line := <-answered:
		return strings.TrimSpace(line) == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(e.Stderr)
		return false, ctx.Err()
	}
}
