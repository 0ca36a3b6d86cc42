package store

import (
	"context"
	"database/sql/driver"
	"io"
)

// engine is all that differs from one database to another.
type engine interface {
	// migrations names the directory of its DDL below migrations/.
	migrations() string
	// lock keeps a second server away until it is closed, or says ErrLocked at once.
	lock() (io.Closer, error)
	// connect opens a connection that is ready for its role.
	connect(context.Context, role) (driver.Conn, error)
	// define makes a function known to the statements of a connection.
	define(c driver.Conn, name string, function any) error
	// alive reports whether the connection is inside a transaction.
	alive(driver.Conn) bool
	// verdict says what an error of the driver means.
	verdict(error) verdict
	// outOfSpace reports whether the operating system had no room. It says nothing of the outcome.
	outOfSpace(error) bool
	// broken reports whether the disk or the file failed, and not what was asked of it.
	broken(error) bool
	// checkpoint moves the log into the database, as far as that goes without making anyone wait,
	// and reports whether all of it arrived. An engine without a log of its own reports true.
	checkpoint(*connection) (bool, error)
	// finish leaves the database in one piece before the last connection closes.
	finish(*connection) error
	// size is the space that the database takes on the disk, in bytes.
	size() int64
}

// role is what a connection is for.
type role int

const (
	reading role = iota // part of the read pool: refuses to write
	writing             // the committer's
	blank               // an empty database in memory, gone with its connection
)

// verdict sorts the errors of a driver.
type verdict int

const (
	failed  verdict = iota // anything else: of a COMMIT, its outcome is unknown
	unique                 // a primary key or unique index holds such a row
	refused                // nothing was committed, that much is certain
	full                   // nor was anything here: there is no room left
)
