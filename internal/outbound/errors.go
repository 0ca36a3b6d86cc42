package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
)

// Reason is why there was no answer.
type Reason string

// Reasons. After [NotAllowed], [Unreachable] and [Untrusted] nothing has been sent.
const (
	NotAllowed  Reason = "not allowed" // the configuration doesn't list it, or not there
	Unreachable Reason = "unreachable" // no connection
	Untrusted   Reason = "untrusted"   // TLS failed, the certificate most often
	TimedOut    Reason = "timed out"   //
	CutOff      Reason = "cut off"     // the connection ended before the answer
	TooLarge    Reason = "too large"   // what came is more than is read
	Malformed   Reason = "malformed"   // it can't be asked, or what came is no HTTP
)

// Error is why something outside could not be called. Its text is for whoever may see the receiver:
// it quotes nothing that came from there.
type Error struct {
	Reason Reason
	Host   string // host:port, or what was given instead
	Hint   string // what to write into the configuration, or nothing: for who runs the service

	text  string
	cause error
}

// Error implements error, without the hint.
func (e *Error) Error() string { return e.text }

// Unwrap returns the cause: for a log.
func (e *Error) Unwrap() error { return e.cause }

func notListed(setting, value, host string) *Error {
	return &Error{Reason: NotAllowed, Host: host,
		text: host + " is not among the addresses that this service may call",
		Hint: "add [[outbound.allow]] with " + setting + ` = "` + value + `" to the configuration`}
}

// explain says why there is no answer. Errors of net/http quote what came, and so they are the
// cause and no part of the text.
func explain(ctx context.Context, host string, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var (
		network *net.OpError
		name    *net.DNSError
	)
	made := func(reason Reason, text string) error {
		return &Error{Reason: reason, Host: host, text: host + " " + text, cause: err}
	}
	switch isNetwork := errors.As(err, &network); {
	case errors.Is(ctx.Err(), context.Canceled):
		return made(CutOff, "was not waited for")
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, context.DeadlineExceeded):
		return made(TimedOut, "did not answer in time")
	case errors.As(err, &name):
		return made(Unreachable, "has a name that could not be resolved")
	case isNetwork && network.Op == "dial":
		return made(Unreachable, "can't be reached")
	case isNetwork, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return made(CutOff, "ended the connection before its answer")
	}
	return made(Malformed, "can't be asked this, or answered with something that is no HTTP")
}

// refused says why there is no TLS.
func refused(ctx context.Context, host string, err error) error {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return &Error{Reason: Untrusted, Host: host, cause: err,
			text: host + " has a certificate that is not trusted",
			Hint: "ca_file of an [[outbound.allow]] names the authority of its certificate, if that is " +
				"none of the system's"}
	}
	if ctx.Err() != nil || errors.Is(err, io.EOF) {
		return explain(ctx, host, err)
	}
	return &Error{Reason: Untrusted, Host: host, cause: err, text: "TLS with " + host + " failed"}
}
