package snapshot_test

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

	"claviger/store"
	"claviger/store/snapshot"
	"claviger/store/storetest"
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

// filled is a database with some MiB in its trail, and where it is.
func filled(t *testing.T) (*store.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db := storetest.Open(t, path)
	record := bytes.Repeat([]byte("r"), 1<<16)
	for range 64 {
		if err := db.Commit(nil, func(error) []byte { return record }); err != nil {
			t.Fatal(err)
		}
	}
	return db, path
}

// TestCopy_WhileOthersCommit_IsOneMoment: however much is committed between its steps, it ends, and
// holds what was there when it began.
func TestCopy_WhileOthersCommit_IsOneMoment(t *testing.T) {
	db, from := filled(t)
	path := emptyFile(t)
	began, err := db.TrailEnd()
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	err = snapshot.Copy(t.Context(), from, path, func(done, total int64) {
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
	made, err := store.OpenCopy(path)
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
	_, from := filled(t)
	path := emptyFile(t)
	if err := snapshot.Copy(t.Context(), from, path, func(int64, int64) {}); err != nil {
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
	made, err := store.OpenCopy(path)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	served, err := store.Open(t.Context(), store.Config{Path: path})
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
	check := store.Wide("PRAGMA integrity_check", "a test")
	if err := served.Row(check, nil, &verdict); err != nil || verdict != "ok" {
		t.Errorf("%s, %v", verdict, err)
	}
	if err := served.Close(); err != nil {
		t.Error(err)
	}
}

// TestCopy_Cancelled_Ends between two steps.
func TestCopy_Cancelled_Ends(t *testing.T) {
	_, from := filled(t)
	path := emptyFile(t)
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	err := snapshot.Copy(ctx, from, path, func(int64, int64) { steps++; cancel() })
	if !errors.Is(err, context.Canceled) || steps != 1 {
		t.Errorf("%d steps, %v", steps, err)
	}
}

// TestSettle_LogLeftBehind_IsMoved: after a process that was killed, the newest commits are in the
// log alone.
func TestSettle_LogLeftBehind_IsMoved(t *testing.T) {
	db, from := filled(t)
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
	if err := snapshot.Settle(to); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(to + "-wal"); err == nil {
		t.Error("the log is there still")
	}
	made, err := store.OpenCopy(to)
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
	db, from := filled(t)
	path := emptyFile(t)
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
	err := snapshot.Copy(t.Context(), from, path, func(int64, int64) {
		time.Sleep(20 * time.Millisecond)
	})
	stop()
	commits.Wait()
	if err != nil || n < 10 {
		t.Errorf("%d commits, %v", n, err)
	}
}
