package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"claviger/internal/fault"
)

const ownTable = "a test's own table"

var (
	insertThing = Wide(`INSERT INTO things (name, filling) VALUES ($1, $2)`, ownTable)
	countThings = Wide(`SELECT count(*) FROM things`, ownTable)
)

var withThings = withTables(`CREATE TABLE things (
	name TEXT NOT NULL PRIMARY KEY, filling BLOB NOT NULL)`)

func openTest(t *testing.T, dir string) *DB {
	t.Helper()
	db, err := Open(context.Background(), Config{
		Path:       filepath.Join(dir, "db"),
		Log:        slog.New(slog.DiscardHandler),
		Migrations: withThings,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// fill returns a change that adds a thing of so many bytes.
func fill(name string, size int) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := tx.Exec(insertThing, name, make([]byte, size))
		return err
	}
}

func recordOf(name string) func(error) []byte {
	return func(err error) []byte { return fmt.Appendf(nil, "%s %t", name, err == nil) }
}

// contents returns the number of things and all lines of the trail.
func contents(t *testing.T, db *DB) (things int, lines []string) {
	t.Helper()
	if err := db.Row(countThings, nil, &things); err != nil {
		t.Fatal(err)
	}
	err := db.Trail(0, func(_ int64, _ time.Time, records []byte) error {
		lines = append(lines, strings.Split(string(records), "\n")...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return things, lines
}

// inOneBatch commits for several requests while the committer is held up, so that
// they share a transaction.
func inOneBatch(db *DB, n int, request func(i int) error) []error {
	busy, free := make(chan struct{}), make(chan struct{})
	go db.Commit(func(*Tx) error { close(busy); <-free; return nil }, nil)
	<-busy
	results := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { results[i] = request(i) })
	}
	for db.Stats().Waiting < n {
		time.Sleep(time.Millisecond)
	}
	close(free)
	wg.Wait()
	return results
}

// A cancelled statement interrupts the connection, and SQLite rolls back the whole transaction of
// an interrupted write. No caller can do that through a Tx; this test reaches below it.
func TestCommit_InterruptedStatement_SpoilsNoOtherRequest(t *testing.T) {
	db := openTest(t, t.TempDir())
	results := inOneBatch(db, 9, func(i int) error {
		name := fmt.Sprint("thing-", i)
		if i != 4 {
			return db.Commit(fill(name, 10), recordOf(name))
		}
		return db.Commit(func(tx *Tx) error {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			_, err := tx.conn.pinned.ExecContext(ctx, `INSERT INTO things WITH RECURSIVE n (i) AS
				(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'endless-' || i, x'00' FROM n`)
			return tx.check(err)
		}, recordOf(name))
	})
	for i, err := range results {
		if (err == nil) != (i != 4) {
			t.Errorf("request %d was answered %v", i, err)
		}
	}
	if things, lines := contents(t, db); things != 8 || len(lines) != 9 {
		t.Errorf("there are %d things and the records %v", things, lines)
	}
	if db.Stats().Spoiled != 1 {
		t.Error("the interrupt did not spoil the batch, so this test shows nothing")
	}
	if err := db.Ready(); err != nil {
		t.Errorf("one interrupt made the store not ready: %v", err)
	}
}

// With a limit on the size of files the log can't grow any more, and COMMIT fails with an I/O error
// whose outcome nobody knows.
func TestCommit_LogCantGrow_FailsAndRecovers(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(fill("before", 10), recordOf("before")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	low := before
	low.Cur = uint64(info.Size())
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &low); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before) })
	failsUntil(t, db, fault.Uncertain,
		func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before) })
}

// smallDisk mounts a file system of a MiB, and returns a file that can fill it.
func smallDisk(t *testing.T, dir string) *os.File {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("mounting a small file system: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	rest, err := os.Create(filepath.Join(dir, "rest"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rest.Close() })
	return rest
}

// fillUp writes until nothing is left of the disk but so many bytes.
func fillUp(t *testing.T, rest *os.File, room int64) {
	t.Helper()
	var size int64
	for page := make([]byte, 4096); ; size += int64(len(page)) {
		if _, err := rest.Write(page); errors.Is(err, syscall.ENOSPC) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := rest.Truncate(size - room); err != nil {
		t.Fatal(err)
	}
}

// A small file system of its own fills up.
func TestCommit_FullDisk_FailsAndRecovers(t *testing.T) {
	dir := t.TempDir()
	rest := smallDisk(t, dir)
	db := openTest(t, dir)
	if err := db.Commit(fill("before", 10), recordOf("before")); err != nil {
		t.Fatal(err)
	}
	fillUp(t, rest, 0)
	failsUntil(t, db, fault.Unavailable, func() error { return rest.Truncate(0) })
}

// failsUntil expects of a store whose disk takes nothing that it acknowledges nothing and says so,
// by a fault of that kind, and that it serves again, by itself, after the repair.
func failsUntil(t *testing.T, db *DB, kind fault.Kind, repair func() error) {
	t.Helper()
	results := inOneBatch(db, 8, func(i int) error {
		name := fmt.Sprint("thing-", i)
		return db.Commit(fill(name, 10000), recordOf(name))
	})
	for i, err := range results {
		if fault.Of(err) == nil || fault.Of(err).Kind != kind || !errors.Is(err, ErrNotStored) {
			t.Errorf("with a full disk request %d was answered %v", i, err)
		}
	}
	if err := db.Ready(); fault.Of(err) == nil || fault.Of(err).Kind != fault.Unavailable {
		t.Errorf("with a full disk Ready says %v", err)
	}
	if things, lines := contents(t, db); things != 1 || len(lines) != 1 {
		t.Errorf("with a full disk there are %d things and the records %v", things, lines)
	}
	if err := repair(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); db.Ready() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the store did not recover: ", db.Ready())
		}
	}
	if err := db.Commit(fill("after", 10), recordOf("after")); err != nil {
		t.Error(err)
	}
	if things, lines := contents(t, db); things != 2 || len(lines) != 2 {
		t.Errorf("after the repair there are %d things and the records %v", things, lines)
	}
}

func TestCheckpoint_ManyCommits_KeepTheLogBounded(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir)
	const writers, rounds, size = 8, 1000, 8000
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range rounds {
				if err := db.Commit(nil, func(error) []byte { return make([]byte, size) }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	info, err := os.Stat(filepath.Join(dir, "db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	if total := int64(writers * rounds * size); info.Size() > total/2 {
		t.Errorf("the log has %d bytes after %d were written", info.Size(), total)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "db-wal")); err == nil && info.Size() > 0 {
		t.Errorf("Close left %d bytes in the log", info.Size())
	}
}

// What can't be read back is no mistake of whoever asks.
func TestRow_FileDamaged_IsUnavailable(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir)
	if err := db.Commit(fill("large", 1<<20), recordOf("large")); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openTest(t, dir)
	path := filepath.Join(dir, "db")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	everything := Wide(`SELECT sum(length(hex(filling))) FROM things`, ownTable)
	n := 0
	var inside error
	change := db.Commit(func(tx *Tx) error {
		inside = tx.Row(everything, nil, &n)
		return inside
	}, nil)
	for what, err := range map[string]error{"a read": db.Row(everything, nil, &n),
		"a read inside of a change": inside, "that change": change} {
		if fault.Of(err) == nil || fault.Of(err).Kind != fault.Unavailable {
			t.Errorf("%s of what isn't there was answered %v", what, err)
		}
	}
}
