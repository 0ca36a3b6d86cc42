// Package postgres rotates passwords of PostgreSQL users, as AWS's functions for RDS do it: of one
// user, or of two that take turns ("Lambda function rotation strategies" of the Secrets Manager
// user guide).
//
// No password is ever part of a statement, because servers log statements. What is sent is the
// verifier that the server would have made of it.
package postgres

import (
	"context"
	"slices"
	"strings"

	"claviger/secrets/rotation/rotator"
)

// Config is what a rotator of PostgreSQL users is made of.
type Config struct {
	Reach rotator.Reach

	// Rules are those of new passwords. Where they exclude no characters, those are excluded that
	// AWS's functions exclude: :/@"'\.
	Rules rotator.Rules

	// Alternating has two users take turns. A superuser's secret is needed then.
	Alternating bool
}

const (
	usualPort     = 5432
	usualDatabase = "postgres"

	longestUser = 63 // bytes: the server cuts longer names without a word (NAMEDATALEN)

	usualExcluded = `:/@"'\`
)

// engines are the values of engine that AWS's functions for PostgreSQL take.
var engines = []string{"postgres", "aurora-postgresql"}

// New returns the target.
func New(c Config) rotator.Target {
	if c.Rules.ExcludeCharacters == nil {
		excluded := usualExcluded
		c.Rules.ExcludeCharacters = &excluded
	}
	return target{c}
}

type target struct{ Config }

// Candidate implements [rotator.Target].
func (t target) Candidate(ctx context.Context, current rotator.Document,
	from rotator.Passwords) (next rotator.Document, err error) {
	a, err := t.account(current)
	if err != nil {
		return next, err
	}
	if t.Alternating {
		if err := current.Required("masterarn"); err != nil {
			return next, err
		}
	}
	user := t.successor(a.user)
	if len(user) > longestUser {
		return next, rotator.Errorf(rotator.BadSecret,
			"the other user's name would have more than %d bytes", longestUser)
	}
	password, err := from.Password(ctx, t.Rules)
	if err != nil {
		return next, rotator.Errorf(rotator.Failed, "no password could be made").Because(err)
	}
	if user != a.user {
		current = current.With("username", user)
	}
	return current.With("password", password), nil
}

// successor is whose credentials follow those of a user.
func (t target) successor(user string) string {
	if t.Alternating {
		return rotator.Alternate(user)
	}
	return user
}

// Test implements [rotator.Target].
func (t target) Test(ctx context.Context, pending rotator.Document) error {
	a, err := t.account(pending)
	if err != nil {
		return err
	}
	c, err := t.login(ctx, a)
	if err != nil {
		return err
	}
	defer c.close()
	return c.ask(ctx)
}

// account is what a version says of who logs in where.
type account struct {
	rotator.Endpoint
	user, password, database string
	tls, plain               bool // may the connection be so
}

// account reads a version, and refuses one that is for elsewhere.
func (t target) account(d rotator.Document) (a account, err error) {
	if err := d.Required("engine", "host", "username", "password"); err != nil {
		return a, err
	}
	if engine := d.Text("engine"); !slices.Contains(engines, engine) {
		return a, rotator.Errorf(rotator.BadSecret, "the secret's engine is none of %s",
			strings.Join(engines, ", "))
	}
	a = account{user: d.Text("username"), password: d.Text("password"),
		database: d.Text("dbname")}
	if a.database == "" {
		a.database = usualDatabase
	}
	// The names are ended by a zero in the protocol: what follows would be read as more of it.
	if strings.ContainsRune(a.user+a.password+a.database, 0) {
		return a, rotator.Errorf(rotator.BadSecret, "the secret's value has a character zero in it")
	}
	if len(a.user) > longestUser {
		return a, rotator.Errorf(rotator.BadSecret, "the user's name has more than %d bytes",
			longestUser)
	}
	a.tls, a.plain = t.Reach.Ways(d)
	a.Endpoint, err = t.Reach.Endpoint(d, usualPort)
	return a, err
}

// sameServer holds a version to the server of the current one.
func sameServer(a, current account, which string) error {
	if a.Endpoint != current.Endpoint {
		return rotator.Errorf(rotator.BadSecret, "the %s is for another server than the current version",
			which)
	}
	return nil
}
