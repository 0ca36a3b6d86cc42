package store

import (
	"errors"

	"claviger/internal/fault"
)

// What a statement can answer besides rows.
var (
	// Stale says that the row is no longer what the caller read: read again and start over.
	Stale = errors.New("store: the row has changed since it was read")
	// NoRow says that a query for one row found none.
	NoRow = errors.New("store: no such row")
	// Exists says that a primary key or unique index already holds such a row.
	Exists = errors.New("store: such a row exists already")
)

// Why a database can't be opened.
var (
	// ErrLocked says that another server has the database open.
	ErrLocked = errors.New("the database is in use by another server")
	// ErrNewer says that a newer version of the program has migrated the database.
	ErrNewer = errors.New("the database was written by a newer version of this program")
	// ErrOlder says that a reader met a database which no server of this version has migrated yet.
	ErrOlder = errors.New("the database is of an older version: start the server once to migrate it")
	// ErrHistory says that the migrations which made the database are not those of this program.
	ErrHistory = errors.New("the database was made by other migrations than this program has")
	// ErrChanged says that a migration was edited after it had been applied.
	ErrChanged = errors.New("a migration has changed since it was applied to the database")
	// ErrSchema says that somebody has changed the schema, and which object.
	ErrSchema = errors.New("the database's schema is not what this program has made")
	// ErrRows says that signed rows are missing, there again or older than the service left them.
	ErrRows = errors.New("rows of the database were deleted, added or put back outside the service")
	// ErrExposed says that others than the owner can get at the database file.
	ErrExposed = errors.New("the database can be read by others than its owner")
	// ErrFull says that the disk, or the database's own limit, leaves no room.
	ErrFull = errors.New("the disk is full")
	// ErrHangs says that the disk doesn't answer, and nobody waits for it any more.
	ErrHangs = errors.New("the disk hangs")
)

// ErrNotStored is in every fault of a Commit whose record isn't known to be on the disk. The log
// says why once, so that nobody else needs to.
var ErrNotStored = errors.New("store: the records are not known to be stored")

// What is told to callers of a Commit whose record is not known to be on the disk.
var (
	unavailable = fault.New(fault.Unavailable, "",
		"The service can't store its records at the moment. Try again in a few seconds.")
	uncertain = fault.New(fault.Uncertain, "",
		"The service does not know whether the request was performed, because its disk does not "+
			"answer. Look, or send the same request again.")
)

// blame tells callers of a statement's error that it is not theirs, where the disk has failed: to
// try again helps.
func blame(e engine, err error) error {
	if err == nil || !e.broken(err) {
		return err
	}
	return unavailable.Because(err)
}

var (
	errClosed   = errors.New("store: the database is closed")
	errReadOnly = errors.New("store: the database is open for reading only")
	errEnded    = errors.New("store: this transaction has ended")
)
