package storetest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"claviger/internal/fault"
	"claviger/store"
)

// testClose: who waits when the store closes is served; who comes later is refused.
func testClose(t *testing.T, s *suite) {
	const n = 20
	var requests []func() error
	for i := range n {
		item := name("item", i)
		requests = append(requests, func() error { return s.db.Commit(insert(item, i), line(item)) })
	}
	release := s.hold()
	results := make(chan error, n)
	for _, request := range requests {
		go func() { results <- request() }()
	}
	s.waitFor(n)
	closed := make(chan error)
	go func() { closed <- s.db.Close() }()
	release()
	for range n {
		if err := <-results; err != nil {
			t.Errorf("a request that waited when the store closed was answered %v", err)
		}
	}
	s.must(<-closed)
	if err := s.db.Commit(nil, line("late")); !isKind(err, fault.Unavailable) {
		t.Errorf("a Commit after Close was answered %v", err)
	}
	if err := s.db.Row(countItems, nil, new(int)); err == nil {
		t.Error("a closed store answers queries")
	}
	s.must(s.db.Close())
	s.reopen()
	if got := s.records(); len(got) != n {
		t.Errorf("the trail holds %v", got)
	}
}

// testOneServer: a second server hears at once that it is one too many, and the
// first notices nothing.
func testOneServer(t *testing.T, s *suite) {
	if db, err := s.open(t, s.dir); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a second server of this process got %v, %v", db, err)
	}
	out, err := s.startChild("second").Output()
	if err != nil || !strings.Contains(string(out), "locked out\n") {
		t.Errorf("a second process said %q, %v", out, err)
	}
	s.must(s.db.Commit(nil, line("undisturbed")))
	s.must(s.db.Close())
	s.reopen()
}

// testKill has a child commit under load, kills it without warning, and expects every change and
// every record that it was told of.
func testKill(t *testing.T, s *suite) {
	s.must(s.db.Close())
	for round := range 3 {
		acknowledged := s.killUnderLoad(t, round)
		s.reopen()
		records := s.records()
		for _, item := range acknowledged {
			if _, ok := s.value(item); !ok || records[item+" done"] != 1 {
				t.Errorf("%s was acknowledged; there: %t, in the trail %d times",
					item, ok, records[item+" done"])
			}
		}
		var items int
		s.must(s.db.Row(countItems, nil, &items))
		if items != len(records) {
			t.Errorf("there are %d changes and %d records", items, len(records))
		}
		s.must(s.db.Commit(nil, nil))
		s.must(s.db.Close())
	}
}

// killUnderLoad returns what the child had heard acknowledged when it was killed.
func (s *suite) killUnderLoad(t *testing.T, round int) []string {
	t.Helper()
	cmd := s.startChild(fmt.Sprint("load-", round))
	out, err := cmd.StdoutPipe()
	s.must(err)
	s.must(cmd.Start())
	var acknowledged []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if item, ok := strings.CutPrefix(lines.Text(), "committed "); ok {
			acknowledged = append(acknowledged, item)
		}
		if len(acknowledged) == 500 {
			s.must(cmd.Process.Kill())
		}
	}
	cmd.Wait()
	if len(acknowledged) < 500 {
		t.Fatalf("the child ended by itself after %d commits", len(acknowledged))
	}
	return acknowledged
}

// startChild prepares this test binary to run as another process.
func (s *suite) startChild(role string) *exec.Cmd {
	top, _, _ := strings.Cut(s.t.Name(), "/")
	cmd := exec.Command(os.Args[0], "-test.run=^"+top+"$", "-test.v=false")
	cmd.Env = append(os.Environ(), child+"="+role+" "+s.dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// runChild is the other process.
func runChild(t *testing.T, open Opener, role, dir string) {
	db, err := open(t, dir)
	switch {
	case role == "second" && errors.Is(err, store.ErrLocked):
		fmt.Println("locked out")
	case role == "second":
		fmt.Println("let in:", err)
	case err != nil:
		t.Fatal(err)
	default:
		if err := db.KeepRowSets(itemSets); err != nil {
			t.Fatal(err)
		}
		load(t, db, role)
	}
}

// load commits until somebody kills the process, and says what was acknowledged.
func load(t *testing.T, db *store.DB, prefix string) {
	var wg sync.WaitGroup
	for writer := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				item := fmt.Sprintf("%s-%d-%d", prefix, writer, i)
				if err := db.Commit(insert(item, i), line(item)); err != nil {
					t.Error(err)
					return
				}
				os.Stdout.WriteString("committed " + item + "\n")
			}
		})
	}
	wg.Wait()
}
