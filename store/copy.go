package store

import (
	"fmt"
	"io"
	"path/filepath"
)

// OpenCopy opens a database that nobody writes to, such as a backup, for reading. What is beside
// the file, or follows the last page of the database in it, is not looked at. It fails with
// [ErrOlder] or [ErrNewer] where the schema isn't this program's, and takes the file whoever can
// read it.
func OpenCopy(path string) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return readerOf(&sqlite{path: path, frozen: true}, nil)
}

var newestMigration = internal(`SELECT name FROM migration ORDER BY number DESC LIMIT 1`)

// Schema returns the name of the newest step that has made the database's schema.
func (db *DB) Schema() (name string, err error) {
	err = db.Row(newestMigration, nil, &name)
	return name, err
}

// Lock keeps servers away from the database at path until it is closed, or says [ErrLocked] at
// once.
func Lock(path string) (io.Closer, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return (&sqlite{path: path}).lock()
}
