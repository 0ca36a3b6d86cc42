// Package program delivers events to programs of the site's own. A rule names one as a function,
// and the configuration says which program that is: a caller names no path.
//
// The program gets the event on its standard input and has taken it when it ends with 0. It is
// confined by [claviger/internal/sandbox], and has no credentials, no files but the system's
// programs, and no network but what the configuration names. What it prints is not kept.
package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"claviger/events/rule"
	"claviger/internal/delivery"
	"claviger/internal/sandbox"
)

// Program is one that the configuration declares.
type Program struct {
	Path       string // absolute; none but root and the service's user may write it
	Arguments  []string
	User       string        // name, uid or uid:gid, none of root's; empty: the service's own
	Timeout    time.Duration // then everything is killed; a minute is the most
	Network    []string      // host:port that it may reach
	BestEffort bool          // take the parts of the sandbox that this machine gives
}

// limits are those of an event's program. It reads one text and calls somebody.
var limits = sandbox.Limits{Memory: 1 << 30, CPU: time.Minute, Files: 256, Processes: 64,
	Disk: 16 << 20}

// Receiver delivers to programs. [New] makes it.
type Receiver struct{ programs map[string]*runner }

// runner runs one program.
type runner struct {
	command sandbox.Command
	timeout time.Duration
	unfit   error // why it can't be run on this machine
}

// New tries the sandbox of each program, by the names of functions. One that can't be run here
// fails the deliveries to it and nothing else.
func New(ctx context.Context, all map[string]Program, log *slog.Logger) *Receiver {
	r := &Receiver{programs: map[string]*runner{}}
	for name, p := range all {
		one := &runner{timeout: p.Timeout, command: sandbox.Command{Program: p.Path,
			Arguments:   p.Arguments,
			Environment: []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"},
			Limits:      limits, Read: []string{p.Path}, Destinations: p.Network}}
		if one.unfit = one.check(ctx, p); one.unfit != nil {
			log.Error("a program of events can't be used", "program", name, "error", one.unfit)
		}
		r.programs[name] = one
	}
	return r
}

func (r *runner) check(ctx context.Context, p Program) (err error) {
	if err := sandbox.Trusted(p.Path); err != nil {
		return err
	}
	for _, d := range p.Network {
		if err := sandbox.CheckDestination(d); err != nil {
			return fmt.Errorf("network: %w", err)
		}
	}
	if r.command.User, err = sandbox.UserOf(p.User); err != nil {
		return err
	}
	r.command.Features, err = sandbox.Try(ctx, r.command, p.BestEffort)
	return err
}

// Deliver implements [delivery.Receiver].
func (r *Receiver) Deliver(ctx context.Context, m delivery.Message) error {
	_, name, _, _ := rule.ReadTarget(m.Receiver)
	p := r.programs[name]
	if p == nil {
		return &delivery.Failure{Code: delivery.NoResource, Permanent: true,
			Text: "the configuration declares no program of this name"}
	}
	err := p.unfit
	if err == nil {
		err = sandbox.Trusted(p.command.Program)
	}
	if err != nil {
		return &delivery.Failure{Code: delivery.NoPermissions, Cause: err,
			Text: "the program can't be run on the service's machine"}
	}
	within, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	c := p.command
	c.Input = m.Body
	result, err := sandbox.Run(within, c)
	switch {
	case errors.Is(err, sandbox.ErrSetup):
		return &delivery.Failure{Code: delivery.InternalError, Cause: err,
			Text: "the program can't be started"}
	case errors.Is(err, context.DeadlineExceeded):
		return &delivery.Failure{Code: delivery.TimedOut, Cause: err,
			Text: "the program did not end within " + p.timeout.String()}
	case err != nil:
		return err
	case result.Status != 0:
		return &delivery.Failure{Code: delivery.ErrorFromTarget,
			Text: fmt.Sprintf("the program ended with status %d", result.Status)}
	}
	return nil
}
