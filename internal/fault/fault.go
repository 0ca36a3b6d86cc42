// Package fault is the one error type that crosses package borders.
//
// A [Kind] says what sort of thing went wrong, a code says it in AWS's name, a message says it to
// the caller, and the wrapped cause says it to the operator alone. How a fault looks on a wire is
// decided below package api, by a table to each protocol. An error of any other type is an internal
// one that tells the caller nothing.
package fault

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Kind sorts faults by what the caller can do about them.
type Kind uint8

const (
	Internal        Kind = iota // the service's own fault: logged, never explained
	Invalid                     // the request can't be read or breaks a constraint: correct it
	Unauthenticated             // nobody we know signed it
	Denied                      // the caller is known and may not
	NotFound                    // there is no such thing
	Exists                      // there is one already
	State                       // the thing is not in a state for this
	Limit                       // a quota is reached
	Throttled                   // too fast: slow down
	Conflict                    // somebody else changed it meanwhile: read again and retry
	TooLarge                    // the body is larger than the service reads
	Unavailable                 // the device or the disk can't answer now: retry later
	Uncertain                   // nobody knows whether it was done: look, or send it again
	DryRun                      // it would have succeeded
)

var kinds = [...]string{"internal", "invalid", "unauthenticated", "denied", "not found", "exists",
	"state",
	"limit", "throttled", "conflict", "too large", "unavailable", "uncertain", "dry run"}

// String returns the kind in words, for logs and metrics.
func (k Kind) String() string { return kinds[k] }

// Error is a failure that a caller may be told of.
type Error struct {
	Kind    Kind
	Code    string // AWS's name of the error; empty means the service's own name for this kind
	Message string // for the caller: what to do next; may be empty where AWS says nothing
	Details any    // what AWS's error has beside a message: a structure, or nil
	Err     error  // for the operator: what happened; never leaves the process
}

// New returns a fault without a cause.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Newf is [New] with a formatted message.
func Newf(kind Kind, code, format string, args ...any) *Error {
	return New(kind, code, fmt.Sprintf(format, args...))
}

// Because returns a copy of e that remembers err for the operator.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// With returns a copy of e that has further members of AWS's error, those of a structure.
func (e *Error) With(details any) *Error {
	c := *e
	c.Details = details
	return &c
}

// Error says everything, cause included: it is for logs, never for callers.
func (e *Error) Error() string {
	s := e.Code
	if s == "" {
		s = e.Kind.String()
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is a fault of the same kind and code, so that errors.Is sees
// through [Error.Because].
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code
}

// Of returns err as a fault: itself if it holds one, an internal one otherwise. Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return &Error{Kind: Internal, Err: err}
}

// Panic turns a recovered panic into an internal fault that carries its stack for the log.
func Panic(v any) *Error {
	return &Error{Kind: Internal, Err: fmt.Errorf("panic: %v\n%s", v, debug.Stack())}
}
