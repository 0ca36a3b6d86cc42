package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"claviger/cmd/claviger/terminal"

	"golang.org/x/sys/unix"
)

// terminal is where the command was started. Somebody can be asked if the standard input is a
// terminal.
func (e *env) terminal() *terminal.Terminal {
	t := &terminal.Terminal{Out: e.stdout, Err: e.stderr, Bar: isTerminal(e.stderr)}
	if isTerminal(e.stdin) {
		t.Ask = e.ask
	}
	return t
}

func isTerminal(file any) bool {
	f, ok := file.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// ask asks a question and waits for the line that answers it, or for ctx to end.
func (e *env) ask(ctx context.Context, question string) (bool, error) {
	fmt.Fprint(e.stderr, question)
	answered := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(e.stdin).ReadString('\n') // no answer is no yes
		answered <- line
	}()
	select {
	case line := <-answered:
		return strings.TrimSpace(line) == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(e.stderr)
		return false, ctx.Err()
	}
}
