package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"

	"claviger/secrets/rotation/rotator"
)

// Errors that something is done about, by their names in the manuals.
const (
	errSyntax         = 1064 // ER_PARSE_ERROR
	errAccess         = 1045 // ER_ACCESS_DENIED_ERROR
	errSpecificAccess = 1227 // ER_SPECIFIC_ACCESS_DENIED_ERROR
	errOption         = 1290 // ER_OPTION_PREVENTS_STATEMENT
	errEmptyRetained  = 3895 // ER_CURRENT_PASSWORD_CANNOT_BE_RETAINED: the new one is empty
	errSayCurrent     = 3892 // ER_MISSING_CURRENT_PASSWORD
	errRetainedPlugin = 3894 // ER_PASSWORD_CANNOT_BE_RETAINED_ON_PLUGIN_CHANGE

	// errValidation stands for the ER_OPTION_PREVENTS_STATEMENT of MariaDB that wants to see a
	// password and not its hash.
	errValidation = -1
)

type meaning struct {
	reason rotator.Reason
	text   string
}

var (
	forbidden  = meaning{rotator.Forbidden, "the user may not do what a rotation needs"}
	readOnly   = meaning{rotator.ReadOnly, "the server takes no changes now"}
	loginFails = meaning{rotator.LoginRefused, "the server refuses the login"}
	expired    = meaning{rotator.LoginRefused, "the password has expired, and wants a change by hand"}
	noRoom     = meaning{rotator.Unreachable, "the server takes no more connections now"}
	unfit      = meaning{rotator.Failed, "the server's rules for passwords refuse the new one"}
	ended      = meaning{rotator.CutOff, "the server ended the connection"}
	tooLong    = meaning{rotator.TimedOut, "the server gave up for it took too long"}
)

// Numbers of errors by what they mean, at the login and after it.
var (
	atLogin = map[int]meaning{
		1044: {rotator.Forbidden, "the user may not use the secret's dbname"},
		1049: {rotator.BadSecret, "there is no database of the secret's dbname"},
		1045: loginFails, 1698: loginFails, 1130: loginFails, 1251: loginFails,
		1820: expired, 1862: expired,
		3118: {rotator.LoginRefused, "the account is locked"},
		4151: {rotator.LoginRefused, "the account is locked"},
		1040: noRoom, 1129: noRoom, 1203: noRoom, 1226: noRoom, 1053: noRoom,
		3159: {rotator.Untrusted, "the server takes no connection without TLS"},
	}
	afterLogin = map[int]meaning{
		1044: forbidden, 1045: forbidden, 1142: forbidden, 1143: forbidden, 1227: forbidden,
		1370: forbidden, 1410: forbidden, 1698: forbidden, 1699: forbidden,
		1820: expired,
		1836: readOnly, 1792: readOnly, 1874: readOnly,
		1819: unfit, 3638: unfit,
		1470: {rotator.BadSecret, "the user name is longer than the server has it"},
		1053: ended, 1317: ended, 1927: ended,
		1205: tooLong, 1969: tooLong, 3024: tooLong,
	}
)

// serverError is what a server answered. The message is left out: it quotes statements, and
// statements hold passwords.
type serverError struct {
	number int
	state  string
}

// Error implements error.
func (e serverError) Error() string { return fmt.Sprintf("error %d (%s)", e.number, e.state) }

// refused tells what a login failed by.
func refused(ctx context.Context, at string, err error) error {
	if reply, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return reported(at, atLogin, reply)
	}
	return broken(ctx, at, rotator.Unreachable, "there is no connection to be had", err)
}

// failed tells what a statement failed by.
func failed(ctx context.Context, at string, err error) error {
	if reply, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return reported(at, afterLogin, reply)
	}
	return broken(ctx, at, rotator.CutOff, "the connection ended in the middle", err)
}

func reported(at string, known map[int]meaning, reply *mysql.MySQLError) error {
	number := int(reply.Number)
	m, ok := known[number]
	switch {
	case number == errOption && strings.Contains(reply.Message, "read-only"):
		m = readOnly
	case number == errOption && strings.Contains(reply.Message, "strict-password-validation"):
		m, number = unfit, errValidation
	case !ok:
		m = meaning{rotator.Failed, "the server refuses a statement"}
	}
	return rotator.Errorf(m.reason, "%s: %s (error %d)", at, m.text, reply.Number).
		Because(serverError{number: number, state: string(reply.SQLState[:])})
}

// broken tells what a connection failed by that brought no answer. The rest is the network, or the
// other end of it.
func broken(ctx context.Context, at string, rest rotator.Reason, text string, err error) error {
	m := meaning{rest, text}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(ctx.Err(), context.DeadlineExceeded):
		m = meaning{rotator.TimedOut, "the server didn't answer in time"}
	case isTLS(err):
		m = meaning{rotator.Untrusted, "there is no TLS with the server that is trusted"}
	case errors.Is(err, mysql.ErrUnknownPlugin), errors.Is(err, mysql.ErrCleartextPassword),
		errors.Is(err, mysql.ErrNativePassword), errors.Is(err, mysql.ErrOldPassword):
		m = meaning{rotator.Failed, "the server wants another way to log in than by a password's hash"}
	case errors.Is(err, mysql.ErrMalformPkt) || !isNetwork(err):
		m = meaning{rotator.BadAnswer, "what answers can't be read"}
	}
	return rotator.Errorf(m.reason, "%s: %s", at, m.text).Because(err)
}

// isTLS reports whether TLS failed: there is none, its certificate is none that is trusted, or the
// two have no version in common.
func isTLS(err error) bool {
	if errors.Is(err, mysql.ErrNoTLS) {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "remote error" || op.Op == "local error")
}

// isNetwork reports whether an error is one of the network's or of a connection that has ended, and
// not of what came by it.
func isNetwork(err error) bool {
	for _, ended := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn,
		mysql.ErrInvalidConn, context.Canceled} {
		if errors.Is(err, ended) {
			return true
		}
	}
	_, ok := errors.AsType[net.Error](err)
	return ok
}

// reasonOf returns the reason of one of this package's errors.
func reasonOf(err error) rotator.Reason {
	if e, ok := errors.AsType[*rotator.Error](err); ok {
		return e.Reason
	}
	return ""
}

// numberOf returns by which error a server answered. It is 0 for none.
func numberOf(err error) int {
	e, _ := errors.AsType[serverError](err)
	return e.number
}

// answered reports whether an error is the server's answer, so that the connection stands.
func answered(err error) bool { return numberOf(err) != 0 }
