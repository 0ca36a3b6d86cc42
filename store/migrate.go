package store

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"time"
)

//go:embed migrations
var embedded embed.FS

// Migrations returns the steps of the schema as migrations/ENGINE/NNNN_name.sql, for
// tests that need the program's own schema in a database which no [DB] has opened. The
// steps are applied by name.
func Migrations() fs.FS { return embedded }

// migration is one step of the schema. Its number orders it; steps only go forward.
type migration struct {
	number   int64
	name     string
	text     string
	checksum []byte // SHA-256 of the text
}

var migrationName = regexp.MustCompile(`^([0-9]{4})_[a-z0-9_]+\.sql$`)

// loadMigrations reads every NNNN_name.sql of a directory in order. Numbers may
// leave gaps but not repeat.
func loadMigrations(from fs.FS, dir string) ([]migration, error) {
	files, err := fs.ReadDir(from, dir)
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, file := range files { // sorted by name, and so by number
		match := migrationName.FindStringSubmatch(file.Name())
		if match == nil {
			return nil, fmt.Errorf("migration %s is not named NNNN_name.sql", file.Name())
		}
		text, err := fs.ReadFile(from, path.Join(dir, file.Name()))
		if err != nil {
			return nil, err
		}
		number, _ := strconv.ParseInt(match[1], 10, 64)
		if len(all) > 0 && all[len(all)-1].number == number {
			return nil, fmt.Errorf("migrations %s and %s have the same number",
				all[len(all)-1].name, file.Name())
		}
		sum := sha256.Sum256(text)
		all = append(all, migration{
			number: number, name: file.Name(), text: string(text), checksum: sum[:],
		})
	}
	return all, nil
}

var (
	migrationTable = internal(`CREATE TABLE IF NOT EXISTS migration (
		number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL,
		checksum BLOB NOT NULL, applied INTEGER NOT NULL)`)
	appliedMigrations = internal(`SELECT number, name, checksum FROM migration ORDER BY number`)
	insertMigration   = internal(`INSERT INTO migration (number, name, checksum, applied)
		VALUES ($1, $2, $3, $4)`)
)

// pending compares what made the database with what the program has, and returns
// the steps that are left.
func pending(conn *connection, known []migration) ([]migration, error) {
	left := known
	err := conn.rows(appliedMigrations, nil, func(scan func(...any) error) error {
		var applied migration
		if err := scan(&applied.number, &applied.name, &applied.checksum); err != nil {
			return err
		}
		switch {
		case len(left) == 0:
			return fmt.Errorf("%w: it has migration %s", ErrNewer, applied.name)
		case left[0].number < applied.number:
			return fmt.Errorf("%w: %s was added before %s, which is applied already",
				ErrHistory, left[0].name, applied.name)
		case left[0].number > applied.number:
			return fmt.Errorf("%w: %s is applied and unknown here", ErrHistory, applied.name)
		case !bytes.Equal(left[0].checksum, applied.checksum):
			return fmt.Errorf("%w: %s has another checksum", ErrChanged, applied.name)
		}
		left = left[1:]
		return nil
	})
	return left, err
}

// migrate brings the schema up to the program's version, each step in a transaction of its own.
// What the steps before have made must be as they made it: a trigger could undo the next.
func migrate(conn *connection, known []migration) error {
	if _, err := conn.exec(migrationTable); err != nil {
		return err
	}
	left, err := pending(conn, known)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		before, err := schemaAfter(known[:len(known)-len(left)])
		if err != nil {
			return err
		}
		if err := before.hold(conn); err != nil {
			return err
		}
	}
	for _, m := range left {
		if err := conn.transact(func() error { return m.apply(conn) }); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}

// apply runs the step and notes that it was done, in the one transaction that
// the caller has opened.
func (m migration) apply(conn *connection) error {
	if err := conn.script(m.text); err != nil {
		return err
	}
	if !conn.alive() {
		return errors.New("it ends its own transaction")
	}
	_, err := conn.exec(insertMigration, m.number, m.name, m.checksum, time.Now().UnixMicro())
	return err
}
