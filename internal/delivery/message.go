package delivery

import (
	"context"
	"errors"
	"time"
)

// Message is what has to reach a receiver.
type Message struct {
	Account, Region string
	Kind            string // of receivers, by which [Config.Receivers] has who delivers it
	Receiver        string // an ARN; order, share and bounds are each receiver's own
	// Order is what the message is about, a resource mostly. Messages of a receiver with one Order
	// keep theirs; those without keep none.
	Order string

	ID      string // the same in each attempt
	Body    []byte
	Context []byte // what else the receiver's kind needs, in its own form
	Policy  Policy

	// Put is when it was put, and Attempts how many there were before this one. Both are set when it
	// is delivered.
	Put      time.Time
	Attempts int
}

// Receiver delivers the messages of a kind. Deliver is called by several goroutines, and gives up
// by itself after some seconds. With nil the message has arrived. A [*Failure] says what becomes of
// it, a [Wait] that it was not tried, [ErrGone] that nobody wants it any more. After any other
// error it is tried again.
type Receiver interface {
	Deliver(ctx context.Context, m Message) error
}

// Failure is an attempt that failed.
type Failure struct {
	Code      string        // as EventBridge has them: TIMEOUT
	Text      string        // for people; it quotes nothing secret
	Permanent bool          // it would fail again: the message becomes a dead letter at once
	After     time.Duration // the receiver wants it no sooner; the policy may want it later
	Cause     error         // for the log, or nil
}

// Error implements error.
func (f *Failure) Error() string { return f.Code + ": " + f.Text }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// Codes of failures, as EventBridge gives them to dead letters (ERROR_CODE).
const (
	ConnectionFailure = "CONNECTION_FAILURE"
	ErrorFromTarget   = "ERROR_FROM_TARGET"
	InternalError     = "INTERNAL_ERROR"
	InvalidJSON       = "INVALID_JSON"
	NoPermissions     = "NO_PERMISSIONS"
	NoResource        = "NO_RESOURCE"
	ResourceLimit     = "RESOURCE_LIMIT_EXCEEDED"
	Throttling        = "THROTTLING"
	TimedOut          = "TIMEOUT"
)

// Wait says that a message was not tried, because its receiver may be called only so often. It is
// no attempt, and all messages of the receiver wait.
type Wait struct{ For time.Duration }

// Error implements error.
func (w Wait) Error() string { return "the receiver is to be called in " + w.For.String() }

var (
	// ErrGone says that a receiver isn't there any more, and that its messages went with it.
	ErrGone = errors.New("delivery: the receiver is gone")

	// ErrFull is what ends a change that puts a message where too many wait.
	ErrFull = errors.New("delivery: too many messages wait for the receiver, or in the account")
)

// failureOf reads the error of an attempt.
func failureOf(err error) *Failure {
	var f *Failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return &Failure{Code: TimedOut, Text: "the receiver did not answer in time", Cause: err}
	}
	return &Failure{Code: InternalError, Text: "the message could not be delivered", Cause: err}
}
