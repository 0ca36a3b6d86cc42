// Package program is the rotator of kind exec: a program of the site's own that performs each step
// of a rotation. It gets the event as JSON on standard input, and in its environment short-lived
// credentials by which it may do what AWS's own rotation functions do, for the one secret. It ends
// with 0 when the step is done. What it prints is kept for whoever asks why a rotation failed.
//
// The program is confined by package sandbox, and a rotator that asks for the whole of the sandbox
// isn't started on a machine that gives less. What each program gets:
//
//   - a user that isn't root
//   - nothing of the service's environment, and no descriptor but the standard three
//   - an empty directory, which is gone when it ends
//   - connections to the service and to the destinations that the configuration names, by TCP
//   - limits of time, memory, CPU time, descriptors, processes and files
//
// A program that shares the service's user is held off the service's files by Landlock alone: a
// user of its own is better, and takes a service that may switch users.
package program

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"claviger/internal/sandbox"
	"claviger/secrets/rotation/rotator"
)

// Credentials makes what a program may sign its requests by. The engine of rotations does.
type Credentials interface {
	// ForRotation returns credentials that outlive a step and open nothing but what the rotation of
	// one secret takes.
	ForRotation(ctx context.Context, of rotator.Secret) (Session, error)
}

// Session is short-lived credentials as AWS's SDKs take them from the environment.
type Session struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
}

// Function runs a program. It is safe for use by several goroutines.
type Function struct {
	config      Config
	user        sandbox.User
	features    sandbox.Features
	reach       []string // the service's own endpoint and what the configuration names
	environment []string // the same for every run
	credentials Credentials
}

// Lacks names the parts of the sandbox that this machine doesn't give. It is empty unless the
// configuration takes what there is.
func (f *Function) Lacks() []string { return f.features.Missing() }

// Invoke implements [rotator.Function].
func (f *Function) Invoke(ctx context.Context, e rotator.Event, of rotator.Secret) error {
	if err := sandbox.Trusted(f.config.Program); err != nil {
		return rotator.Errorf(rotator.NotAllowed, "the program can't be trusted: %v",
			err).Because(err)
	}
	session, err := f.credentials.ForRotation(ctx, of)
	var told *rotator.Error
	if errors.As(err, &told) {
		return told
	}
	if err != nil {
		return rotator.Errorf(rotator.NotAllowed,
			"there are no credentials for the program").Because(err)
	}
	input, err := json.Marshal(e)
	if err != nil {
		return err
	}
	secrets := []string{session.SecretAccessKey, session.SessionToken, e.RotationToken}
	within, cancel := context.WithTimeout(ctx, f.config.Timeout)
	defer cancel()
	command := f.command(session, of.Region)
	command.Input = input
	command.Output = rotator.OutputLimit + longest(secrets)
	result, err := sandbox.Run(within, command)
	return f.judge(ctx, result, err, rotator.NewOutput(result.Output, secrets...))
}

// command is a run without its input.
func (f *Function) command(s Session, region string) sandbox.Command {
	c := f.config
	return sandbox.Command{
		Program: c.Program, Arguments: c.Arguments,
		Environment: append(f.environment[:len(f.environment):len(f.environment)],
			"AWS_ACCESS_KEY_ID="+s.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.SecretAccessKey,
			"AWS_SESSION_TOKEN="+s.SessionToken,
			"AWS_REGION="+region, "AWS_DEFAULT_REGION="+region),
		User: f.user, Features: f.features, Read: f.config.readable(), Destinations: f.reach,
		Limits: sandbox.Limits{Memory: c.Memory, CPU: c.CPU, Files: c.Files,
			Processes: c.Processes, Disk: c.Disk},
		Self: c.Self,
	}
}

// judge says how a run has ended.
func (f *Function) judge(ctx context.Context, r sandbox.Result, err error,
	said *rotator.Output) error {
	switch {
	case err == nil && r.Status == 0:
		return nil
	case err == nil && r.Status > 128 && r.Status <= 128+lastSignal:
		return rotator.Errorf(rotator.Failed, "the program ended with status %d, as by signal %d (%s)",
			r.Status, r.Status-128, signalName(r.Status-128)).Because(said)
	case err == nil:
		return rotator.Errorf(rotator.Failed, "the program ended with status %d",
			r.Status).Because(said)
	case errors.Is(err, sandbox.ErrSetup):
		return rotator.Errorf(rotator.NotAllowed, "the program can't be started: %v", err).Because(err)
	case errors.Is(ctx.Err(), context.Canceled):
		return rotator.Errorf(rotator.CutOff, "the program was stopped").Because(said)
	case errors.Is(err, context.DeadlineExceeded):
		return rotator.Errorf(rotator.TimedOut, "the program did not end within %s",
			f.config.Timeout).Because(said)
	}
	return rotator.Errorf(rotator.Failed, "the program can't be run").Because(err)
}

func longest(texts []string) (n int) {
	for _, t := range texts {
		n = max(n, len(t))
	}
	return n
}

// readable is what the program may read besides the system's own programs.
func (c Config) readable() []string {
	paths := append([]string{c.Program}, c.Read...)
	if c.CAFile != "" {
		paths = append(paths, c.CAFile)
	}
	return paths
}

// exists keeps a path that can't be there from being found out about in the middle of a rotation.
func exists(path string) error {
	_, err := os.Stat(path)
	return err
}
