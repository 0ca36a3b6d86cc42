// Package mysql rotates passwords of MySQL and MariaDB, as AWS's functions for them do: by the user
// itself, or by a superuser for two users that take turns.
//
// What is done beyond them:
//
//   - MySQL of 8.0.14 and later keeps the old password beside the new one until the next rotation,
//     if the user has APPLICATION_PASSWORD_ADMIN. Without, clients that have read the secret before
//     are refused from the change until they read it again.
//   - MariaDB writes statements into its general log as they come, passwords included, where MySQL
//     blanks them. So it gets the hash, for the plugins mysql_native_password and ed25519; for
//     others, and where the server wants to see how good a password is, the password.
//   - Accounts are users at hosts. What is changed is the account that the server took the user for
//     (CURRENT_USER), not its namesakes at other hosts. The second of two users has the host of the
//     first.
//   - The second user gets its password last. One that logs in thus has its rights, even if the
//     rotation was cut off before. Rights are copied every time, and none are taken away.
//
// A secret without a member ssl is served without TLS where the server has none or one that isn't
// trusted, as AWS has it. Whoever stands between may then have a password sent that is encrypted by
// a key of theirs (caching_sha2_password). `"ssl": true` in the secret closes that, and for all
// secrets the rotator's require_tls.
//
// The tests run against a true MariaDB. There is no free MySQL in Debian, so that what differs in
// MySQL (dual passwords, default roles, statements by version) is tested against a scripted server,
// by the manual of MySQL 8.0.
package mysql

import (
	"context"
	"slices"
	"unicode/utf8"

	"claviger/secrets/rotation/rotator"
)

// Config is what a rotator of MySQL or MariaDB needs.
type Config struct {
	Reach       rotator.Reach
	Rules       rotator.Rules // without ExcludeCharacters: AWS's functions' /@"'\
	Alternating bool          // two users that take turns, set by a superuser
	MariaDB     bool          // secrets are for engine mariadb, and not for mysql or aurora-mysql
}

const (
	usualPort     = 3306
	usualExcluded = `/@"'\`

	// Characters of a user name. MySQL has 32 since 5.7.8, and AWS's function the 16 of before until
	// it is told otherwise. MariaDB has 80, or 128 where it is newer, and AWS's function 80.
	mysqlName   = 32
	mariadbName = 80
)

type target struct {
	Config
	engines []string
	name    int // characters of a user name at most
}

// New returns the target.
func New(c Config) rotator.Target {
	t := &target{Config: c, engines: []string{"mysql", "aurora-mysql"}, name: mysqlName}
	if c.MariaDB {
		t.engines, t.name = []string{"mariadb"}, mariadbName
	}
	if t.Rules.ExcludeCharacters == nil {
		excluded := usualExcluded
		t.Rules.ExcludeCharacters = &excluded
	}
	return t
}

// check holds a secret's value to what AWS's functions want of it.
func (t *target) check(d rotator.Document) error {
	if err := d.Required("engine", "host", "username", "password"); err != nil {
		return err
	}
	if !slices.Contains(t.engines, d.Text("engine")) {
		return rotator.Errorf(rotator.BadSecret, "the secret's engine is not %s", t.engines[0])
	}
	return nil
}

// Candidate implements [rotator.Target].
func (t *target) Candidate(ctx context.Context, current rotator.Document,
	from rotator.Passwords) (next rotator.Document, err error) {
	if err := t.check(current); err != nil {
		return next, err
	}
	user := current.Text("username")
	if t.Alternating {
		if err := current.Required("masterarn"); err != nil {
			return next, err
		}
		user = rotator.Alternate(user)
	}
	if utf8.RuneCountInString(user) > t.name {
		return next, rotator.Errorf(rotator.BadSecret,
			"the user name %s is longer than the %d characters that %s has", user, t.name, t.engines[0])
	}
	password, err := from.Password(ctx, t.Rules)
	if err != nil {
		return next, rotator.Errorf(rotator.Failed, "no password could be made").Because(err)
	}
	return current.With("username", user).With("password", password), nil
}

// Set implements [rotator.Target].
func (t *target) Set(ctx context.Context, v rotator.Versions) error {
	for _, d := range []rotator.Document{v.Pending, v.Current} {
		if err := t.check(d); err != nil {
			return err
		}
	}
	user := v.Current.Text("username")
	if t.Alternating {
		user = rotator.Alternate(user)
	}
	if err := rotator.SameTarget(v.Pending, v.Current, user); err != nil {
		return err
	}
	if err := t.sameServer(v.Pending, v.Current, "pending version"); err != nil {
		return err
	}
	c, err := t.open(ctx, v.Pending)
	switch {
	case err == nil:
		c.close()
		return nil
	case t.Alternating && reasonOf(err) == rotator.Forbidden:
		// The password is right and the database closed: copying the rights may open it.
	case reasonOf(err) != rotator.LoginRefused:
		return err
	}
	if t.Alternating {
		return t.setAlternate(ctx, v)
	}
	return t.setOwn(ctx, v)
}

// sameServer holds another value to the port of the current one: the host alone may have two
// servers, with users of the same name.
func (t *target) sameServer(other, current rotator.Document, what string) error {
	there, err := t.Reach.Endpoint(other, usualPort)
	if err != nil {
		return err
	}
	here, err := t.Reach.Endpoint(current, usualPort)
	if err != nil {
		return err
	}
	if there != here {
		return rotator.Errorf(rotator.BadSecret, "the %s is for another server than the current one", what)
	}
	return nil
}

// Test implements [rotator.Target].
func (t *target) Test(ctx context.Context, pending rotator.Document) error {
	if err := t.check(pending); err != nil {
		return err
	}
	c, err := t.open(ctx, pending)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.query(ctx, "SELECT NOW()")
	return err
}
