package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// emptyFile makes what a copy is written to.
func emptyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// filled is a database with some MiB in its trail.
func filled(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	record := bytes.Repeat([]byte("r"), 1<<16)
	for range 64 {
		if err := db.Commit(nil, func(error) []byte { return record }); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// TestCopy_WhileOthersCommit_IsOneMoment: however much is committed between its steps, it ends, and
// holds what was there when it began.
func TestCopy_WhileOthersCommit_IsOneMoment(t *testing.T) {
	db, path := filled(t), emptyFile(t)
	began, err := db.TrailEnd()
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	err = db.Copy(t.Context(), path, func(done, total int64) {
		steps++
		if done > total {
			t.Errorf("%d of %d pages", done, total)
		}
		for range 3 {
			if err := db.Commit(nil, func(error) []byte { return []byte("later") }); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil || steps < 4 {
		t.Fatalf("%d steps, %v", steps, err)
	}
	after, _ := db.TrailEnd()
	made, err := OpenCopy(path)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	if end, err := made.TrailEnd(); end != began || after == began || err != nil {
		t.Errorf("the copy ends at %d, it began at %d and ended at %d: %v", end, began, after, err)
	}
	left, _ := filepath.Glob(path + "?*")
	if len(left) != 0 {
		t.Errorf("beside it there is %v", left)
	}
}

// TestCopy_File_IsPlain: it says of itself that it needs no log, and how long it is.
func TestCopy_File_IsPlain(t *testing.T) {
	db, path := filled(t), emptyFile(t)
	if err := db.Copy(t.Context(), path, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := int(binary.BigEndian.Uint16(b[16:])) * int(binary.BigEndian.Uint32(b[28:]))
	if b[18] != 1 || b[19] != 1 || size != len(b) {
		t.Errorf("journal %d and %d, and %d bytes of %d", b[18], b[19], size, len(b))
	}
	// What follows the pages is nobody's: neither a reader nor a server minds.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("a manifest"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	made, err := OpenCopy(path)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	served, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 { // past what follows
		err := served.Commit(nil, func(error) []byte { return bytes.Repeat([]byte{'a' + byte(i)}, 4096) })
		if err != nil {
			t.Fatal(err)
		}
	}
	var verdict string
	check := internal("PRAGMA integrity_check")
	if err := served.Row(check, nil, &verdict); err != nil || verdict != "ok" {
		t.Errorf("%s, %v", verdict, err)
	}
	if err := served.Close(); err != nil {
		t.Error(err)
	}
}

// TestCopy_Cancelled_Ends between two steps.
func TestCopy_Cancelled_Ends(t *testing.T) {
	db, path := filled(t), emptyFile(t)
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	err := db.Copy(ctx, path, func(int64, int64) { steps++; cancel() })
	if !errors.Is(err, context.Canceled) || steps != 1 {
		t.Errorf("%d steps, %v", steps, err)
	}
}

// TestCopy_SchemaChanged_IsRefused: what isn't the program's is no backup.
func TestCopy_SchemaChanged_IsRefused(t *testing.T) {
	db, path := filled(t), emptyFile(t)
	conn, err := newConnection(t.Context(), db.engine, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.close()
	if err := conn.script("CREATE TABLE intruder (a)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Copy(t.Context(), path, func(int64, int64) {}); !errors.Is(err, ErrSchema) {
		t.Errorf("it says %v", err)
	}
}

// TestSettle_LogLeftBehind_IsMoved: after a process that was killed, the newest commits are in the
// log alone.
func TestSettle_LogLeftBehind_IsMoved(t *testing.T) {
	db := filled(t)
	from := db.engine.(*sqlite).path
	to := filepath.Join(t.TempDir(), "db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(from + suffix)
		if err == nil {
			err = os.WriteFile(to+suffix, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want, _ := db.TrailEnd()
	if err := Settle(to); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(to + "-wal"); err == nil {
		t.Error("the log is there still")
	}
	made, err := OpenCopy(to)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	if end, err := made.TrailEnd(); end != want || err != nil {
		t.Errorf("it ends at %d, want %d: %v", end, want, err)
	}
}

// TestCopy_Commits_GoOn: none waits for the copy to end.
func TestCopy_Commits_GoOn(t *testing.T) {
	db, path := filled(t), emptyFile(t)
	ctx, stop := context.WithCancel(t.Context())
	var commits sync.WaitGroup
	n := 0
	commits.Go(func() {
		for ; ctx.Err() == nil; n++ {
			if err := db.Commit(nil, func(error) []byte { return fmt.Append(nil, n) }); err != nil {
				t.Error(err)
			}
		}
	})
	err := db.Copy(t.Context(), path, func(int64, int64) { time.Sleep(20 * time.Millisecond) })
	stop()
	commits.Wait()
	if err != nil || n < 10 {
		t.Errorf("%d commits, %v", n, err)
	}
}
