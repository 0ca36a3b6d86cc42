package mysql

import (
	"context"
	"strconv"
	"strings"

	"claviger/secrets/rotation/rotator"
)

// account is a user at a host, as servers tell users apart.
type account struct{ user, host string }

// String is the account as statements name it.
func (a account) String() string { return literal(a.user) + "@" + literal(a.host) }

// edition is which server it is. The version of a MariaDB is its own, and not that of the MySQL
// that it stands for.
type edition struct {
	mariadb             bool
	major, minor, patch int
}

// since reports whether a server is of a version or later.
func (e edition) since(major, minor, patch int) bool {
	if e.major != major {
		return e.major > major
	}
	if e.minor != minor {
		return e.minor > minor
	}
	return e.patch >= patch
}

// editionOf reads VERSION(): 8.0.36-28, or 10.11.6-MariaDB-0+deb12u1. What can't be read as the
// third number is none.
func editionOf(version string) (e edition, ok bool) {
	e.mariadb = strings.Contains(version, "MariaDB")
	// As old clients are told it, to whom 10 isn't later than 5.
	parts := strings.SplitN(strings.TrimPrefix(version, "5.5.5-")+".", ".", 3)
	if len(parts) < 3 {
		return e, false
	}
	var errs [2]error
	e.major, errs[0] = strconv.Atoi(parts[0])
	e.minor, errs[1] = strconv.Atoi(parts[1])
	end := strings.IndexFunc(parts[2], func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		parts[2] = parts[2][:end]
	}
	e.patch, _ = strconv.Atoi(parts[2])
	return e, errs[0] == nil && errs[1] == nil
}

// whoami returns which server this is, and the account that it took the user for. An account of
// another user, as the anonymous one, is nobody's to change.
func (c *connection) whoami(ctx context.Context, user string) (e edition, a account, err error) {
	row, err := c.row(ctx, 2, "SELECT VERSION(), CURRENT_USER()")
	if err != nil {
		return e, a, err
	}
	e, ok := editionOf(row[0])
	at := strings.LastIndexByte(row[1], '@') // no host has one, and a user may
	if !ok || at < 0 {
		return e, a, rotator.Errorf(rotator.BadAnswer, "%s: the server doesn't say what it is", c.at)
	}
	a = account{user: row[1][:at], host: row[1][at+1:]}
	if a.user != user {
		return e, a, rotator.Errorf(rotator.Forbidden,
			"%s: the server takes %s for another user", c.at, user)
	}
	return e, a, nil
}
