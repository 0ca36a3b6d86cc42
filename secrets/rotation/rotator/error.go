package rotator

import "fmt"

// Reason sorts failures by what an operator can do about them.
type Reason string

// The reasons. Their texts are stored with the failure, so that they stay as they are.
const (
	BadSecret    Reason = "bad-secret"    // the value isn't what the rotator needs
	NotAllowed   Reason = "not-allowed"   // the configuration doesn't let the rotator go there
	Unreachable  Reason = "unreachable"   // no connection, or no name
	Untrusted    Reason = "untrusted"     // TLS failed: the certificate, the name, no TLS at all
	LoginRefused Reason = "login-refused" // none of the credentials that are known let in
	Forbidden    Reason = "forbidden"     // logged in, but may not do it
	ReadOnly     Reason = "read-only"     // the target takes no changes now
	TimedOut     Reason = "timed-out"
	CutOff       Reason = "cut-off"      // the connection ended in the middle: nobody knows
	BadAnswer    Reason = "bad-answer"   // the target or function answered what can't be read
	Failed       Reason = "failed"       // the target or function says that it failed
	Blocked      Reason = "blocked"      // another rotation of the secret isn't complete
	NoSuperuser  Reason = "no-superuser" // masterarn names nothing that may be used
)

// Error is a failure of a step. Its text is for the operator, in the log and in what troubleshoot
// prints: it holds no secret, whatever the target's driver said.
type Error struct {
	Reason Reason
	Text   string // what happened, in a sentence without its full stop
	Err    error  // for the log alone; nil: there is no more to say
}

// Errorf returns an error without a cause.
func Errorf(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// Because returns a copy of e with a cause.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// Error implements error: the text without its cause.
func (e *Error) Error() string { return e.Text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
