package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"claviger/secrets/rotation/rotator"
)

// SQLSTATE codes ("PostgreSQL Error Codes" of its documentation), and classes by their first two
// characters.
const (
	loginClass       = "28" // invalid_authorization_specification, invalid_password
	noSuchDatabase   = "3D000"
	notAllowed       = "42501" // insufficient_privilege
	readOnly         = "25006" // read_only_sql_transaction; of every change at a hot standby
	resourcesClass   = "53"    // too_many_connections and the like
	interventions    = "57"    // admin_shutdown, cannot_connect_now and the like
	statementTimeout = "57014" // query_canceled
	wrongPassword    = "28P01"
)

// failure tells why a connection was not made.
func (a *attempt) failure(ctx context.Context, who account, err error) error {
	said := cause(err, who.password)
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return refusal(who, answer.Code).Because(said)
	}
	switch {
	case ctx.Err() != nil || pgconn.Timeout(err):
		return rotator.Errorf(rotator.TimedOut, "%s doesn't answer in time", who.Endpoint).Because(said)
	case !a.dialed:
		return rotator.Errorf(rotator.Unreachable, "%s can't be reached", who.Endpoint).Because(said)
	case !a.secured:
		return rotator.Errorf(rotator.Untrusted, "TLS with %s failed", who.Endpoint).Because(said)
	case ended(err):
		return rotator.Errorf(rotator.Unreachable, "%s ended the connection before the login",
			who.Endpoint).Because(said)
	}
	return rotator.Errorf(rotator.BadAnswer,
		"%s doesn't ask for the password in a way by which a login proves it", who.Endpoint).Because(said)
}

// refusal is what a server's code stands for while somebody logs in.
func refusal(who account, code string) *rotator.Error {
	switch {
	case class(code) == loginClass:
		return rotator.Errorf(rotator.LoginRefused, "%s doesn't let %s in", who.Endpoint, who.user)
	case code == notAllowed:
		return rotator.Errorf(rotator.Forbidden, "%s may not connect to the database at %s", who.user,
			who.Endpoint)
	case code == noSuchDatabase:
		return rotator.Errorf(rotator.BadSecret, "%s has no such database", who.Endpoint)
	case class(code) == resourcesClass, class(code) == interventions:
		return rotator.Errorf(rotator.Unreachable, "%s takes no connections now", who.Endpoint)
	}
	return rotator.Errorf(rotator.Failed, "%s refuses the connection", who.Endpoint)
}

func class(code string) string { return code[:min(2, len(code))] }

// plainMayHelp tells whether a failure over TLS is one that a plain connection wouldn't have: TLS
// itself, or a server whose pg_hba.conf has no line for TLS. A wrong password is wrong either way.
func plainMayHelp(err error) bool {
	var e *rotator.Error
	if !errors.As(err, &e) {
		return false
	}
	var answer *serverError
	if errors.As(err, &answer) {
		return e.Reason == rotator.LoginRefused && answer.code != wrongPassword
	}
	return e.Reason == rotator.Untrusted
}

// failure tells why a statement failed. What changes something is cut off if no answer came and it
// may have been sent.
func (c *connection) failure(err error, changes bool, secrets ...string) error {
	said := cause(err, append(secrets, c.password)...)
	var answer *pgconn.PgError
	known := errors.As(err, &answer) && answer.Severity != "FATAL" && answer.Severity != "PANIC"
	switch {
	case changes && !known && !pgconn.SafeToRetry(err):
		return rotator.Errorf(rotator.CutOff,
			"the connection to %s ended in the middle of the change", c.Endpoint).Because(said)
	case known:
		return c.refusal(answer.Code).Because(said)
	case pgconn.Timeout(err):
		return rotator.Errorf(rotator.TimedOut, "%s doesn't answer in time", c.Endpoint).Because(said)
	}
	return rotator.Errorf(rotator.Unreachable, "the connection to %s ended", c.Endpoint).Because(said)
}

// refusal is what a server's code stands for when somebody is logged in.
func (c *connection) refusal(code string) *rotator.Error {
	switch code {
	case readOnly:
		return rotator.Errorf(rotator.ReadOnly, "%s takes no changes", c.Endpoint)
	case notAllowed:
		return rotator.Errorf(rotator.Forbidden, "%s may not do that at %s", c.user, c.Endpoint)
	case statementTimeout:
		return rotator.Errorf(rotator.TimedOut, "%s gave the statement up", c.Endpoint)
	}
	return rotator.Errorf(rotator.Failed, "%s refuses the statement", c.Endpoint)
}

func ended(err error) bool {
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}

// serverError is what is kept of an error of pgx's, which has the whole configuration inside, with
// the password.
type serverError struct {
	code string // SQLSTATE
	text string
}

func (e *serverError) Error() string { return e.text }

// cause keeps an error's text for the log. A server may repeat what it was sent.
func cause(err error, secrets ...string) error {
	text := err.Error()
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, "(hidden)")
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return &serverError{code: answer.Code, text: text}
	}
	return errors.New(text)
}
