package logfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"claviger/events/logfile"
	"claviger/internal/delivery"
)

func message(name, body string) delivery.Message {
	return delivery.Message{Receiver: "arn:aws:logs:eu-central-1:111122223333:log-group:" + name,
		Body: []byte(body)}
}

func begin(t *testing.T) (r *logfile.Receiver, path string) {
	path = filepath.Join(t.TempDir(), "events.log")
	return logfile.New(map[string]string{"/aws/events/all": path}), path
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDeliver_Event_IsALine(t *testing.T) {
	r, path := begin(t)
	for _, body := range []string{"{\n \"a\": \"b\\n\",\n \"c\": [1, 2.0]}", `"text"`, "no\nJSON",
		`null`} {
		for _, name := range []string{"/aws/events/all", "/aws/events/all:*"} {
			if err := r.Deliver(t.Context(), message(name, body)); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := ""
	for _, text := range []string{`{"a":"b\n","c":[1,2.0]}`, `"text"`, `"no\nJSON"`, `null`} {
		want += strings.Repeat(text+"\n", 2)
	}
	if got := content(t, path); got != want {
		t.Errorf("the file has %q, want %q", got, want)
	}
}

// TestDeliver_HalfALine_GetsAnEnd: one that a crash has left.
func TestDeliver_HalfALine_GetsAnEnd(t *testing.T) {
	r, path := begin(t)
	if err := os.WriteFile(path, []byte("{}\n{\"hal"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Deliver(t.Context(), message("/aws/events/all", `{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "{}\n{\"hal\n{\"a\":1}\n" {
		t.Errorf("the file has %q", got)
	}
}

// TestDeliver_FileMovedAway_IsBegunAnew, as logs are turned; many write at the same time.
func TestDeliver_FileMovedAway_IsBegunAnew(t *testing.T) {
	r, path := begin(t)
	for i := range 2 {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if err := r.Deliver(t.Context(), message("/aws/events/all", `{"a":1}`)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := content(t, path); got != strings.Repeat("{\"a\":1}\n", 50) {
			t.Errorf("file %d has %q", i, got)
		}
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDeliver_WhatIsNoFile_Fails(t *testing.T) {
	r, path := begin(t)
	err := r.Deliver(t.Context(), message("other", `{}`))
	var f *delivery.Failure
	if !errors.As(err, &f) || !f.Permanent || f.Code != delivery.NoResource {
		t.Errorf("a group that isn't declared: %v", err)
	}
	target := filepath.Join(t.TempDir(), "target")
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	err = r.Deliver(t.Context(), message("/aws/events/all", `{}`))
	if !errors.As(err, &f) || f.Permanent || strings.Contains(f.Error(), path) {
		t.Errorf("a link: %v", err)
	}
	if _, err := os.Lstat(target); err == nil {
		t.Error("a link was followed")
	}
	os.Remove(path)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := r.Deliver(t.Context(), message("/aws/events/all", `{}`)); err == nil {
		t.Error("a directory was written")
	}
}
