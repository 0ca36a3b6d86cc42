package mysql

import (
	"context"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"filippo.io/edwards25519"
)

// password is how SET PASSWORD takes a password that it is to hash. MariaDB and MySQL before 8 take
// a hash for it otherwise.
func (e edition) password(p string) string {
	if e.mariadb || !e.since(8, 0, 0) {
		return "PASSWORD(" + literal(p) + ")"
	}
	return literal(p)
}

// changeRetaining changes the user's own password in MySQL, and has it keep the old one beside. A
// user who may not, or whose old one can't be kept, has it replaced.
func (c *connection) changeRetaining(ctx context.Context, next, old string) error {
	err := c.change(ctx, next, old, true)
	switch numberOf(err) {
	case errSpecificAccess, errAccess, errSyntax, errEmptyRetained, errRetainedPlugin:
		return c.change(ctx, next, old, false)
	}
	return err
}

// change changes the user's own password in MySQL. A user who has to say the old one for it says
// it: nobody else does, as it may be the second of two, which isn't taken for it.
func (c *connection) change(ctx context.Context, next, old string, retain bool) error {
	statement, end := "ALTER USER USER() IDENTIFIED BY "+literal(next), ""
	if retain {
		end = " RETAIN CURRENT PASSWORD"
	}
	err := c.exec(ctx, "%s%s", statement, end)
	if numberOf(err) == errSayCurrent {
		err = c.exec(ctx, "%s REPLACE %s%s", statement, literal(old), end)
	}
	return err
}

// setHashed changes a password in MariaDB by a statement that ends in "= hash", and which doesn't
// hold the password if it can be helped: the server's general log has statements as they came.
func (c *connection) setHashed(ctx context.Context, of, statement, password string) error {
	hash, ok, err := c.hash(ctx, of, password)
	if err != nil {
		return err
	}
	if ok {
		err := c.exec(ctx, "%s = %s", statement, literal(hash))
		if numberOf(err) != errValidation {
			return err
		}
	}
	return c.exec(ctx, "%s = PASSWORD(%s)", statement, literal(password))
}

// hash returns a password as the plugin of an account of MariaDB keeps it. ok is false if the
// plugin is another, or there is a choice of them.
func (c *connection) hash(ctx context.Context, of, password string) (h string, ok bool, err error) {
	row, err := c.row(ctx, 1, "SHOW CREATE USER %s", of)
	if err != nil && !answered(err) {
		return "", false, err
	}
	if err != nil { // a server that is too old to say, or a superuser that may not ask
		return "", false, nil
	}
	switch pluginOf(row[0]) {
	case "mysql_native_password":
		return native(password), true, nil
	case "ed25519":
		h, err := ed25519(password)
		return h, err == nil, err
	}
	return "", false, nil
}

// pluginOf reads SHOW CREATE USER: IDENTIFIED BY PASSWORD 'hash', of mysql_native_password, or
// IDENTIFIED VIA plugin USING 'hash', and then OR and another.
func pluginOf(statement string) string {
	ts := read(statement)
	for i := range ts {
		rest := ts[i:]
		switch {
		case rest.begin("IDENTIFIED", "BY"):
			return "mysql_native_password"
		case rest.begin("IDENTIFIED", "VIA") && len(rest) > 2:
			if slices.ContainsFunc(rest, func(t token) bool { return t.is("OR") }) {
				return ""
			}
			return rest[2].text
		}
	}
	// An account that was never given a password has none of the clauses.
	return "mysql_native_password"
}

// native hashes a password as mysql_native_password does, by SHA-1 twice. The plugin has it so.
func native(password string) string {
	once := sha1.Sum([]byte(password))
	twice := sha1.Sum(once[:])
	return fmt.Sprintf("*%X", twice)
}

// ed25519 returns the public key that MariaDB's plugin ed25519 makes of a password: a key of
// RFC 8032, whose seed is the password however long it is, and which crypto/ed25519 therefore
// doesn't make.
func ed25519(password string) (string, error) {
	seed := sha512.Sum512([]byte(password))
	scalar, err := edwards25519.NewScalar().SetBytesWithClamping(seed[:32])
	if err != nil {
		return "", err
	}
	public := new(edwards25519.Point).ScalarBaseMult(scalar).Bytes()
	return strings.TrimRight(base64.StdEncoding.EncodeToString(public), "="), nil
}
