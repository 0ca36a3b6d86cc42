package torture

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"claviger/store"
	"claviger/torture/driver"
)

// kills is how often the server is killed: KILLS, or a few times unless the whole sweep is asked
// for.
func kills(t testing.TB, whole int) int {
	t.Helper()
	text := os.Getenv("KILLS")
	switch {
	case text != "":
		n, err := strconv.Atoi(text)
		accepted(t, err)
		return n
	case driver.Whole():
		return whole
	}
	return 5
}

// TestKill_UnderLoad_LosesNothingAcknowledged: what was acknowledged survives kill -9, the change
// and its record. The server is killed at any moment while clients write, started again, and asked
// for everything that it has said yes to.
func TestKill_UnderLoad_LosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	s := launch(t, options{})
	j := &journal{position: unrecorded}
	checked, n := 0, kills(t, 500)
	var starts []time.Duration
	for round := range n {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); j.write(ctx, s) }()
		time.Sleep(time.Duration(50+rand.IntN(350)) * time.Millisecond)
		_ = s.cmd.Process.Kill()
		cancel()
		<-done
		s.kill()
		if len(j.kept(checked)) == 0 {
			t.Errorf("round %d: nothing was acknowledged before the kill", round)
		}
		began := time.Now()
		s.start()
		starts = append(starts, time.Since(began))
		if err := verify(t.Context(), s, j.kept(checked), 0); err != nil {
			t.Fatalf("after kill %d: %v\n%s", round, err, s.log())
		}
		checked = len(j.kept(0))
	}
	// Each was looked at once already; the trail and the signed rows are looked at as a whole.
	if err := verify(t.Context(), s, some(j.kept(0), 2000), 0); err != nil {
		t.Errorf("in the end: %v\n%s", err, s.log())
	}
	if code := s.term(); code != 0 {
		t.Errorf("in the end SIGTERM ended it with %d:\n%s", code, s.log())
	}
	s.whole(s.path("claviger.db"), j.kept(0), 0)
	driver.Report(t, "kill", "The server was ended by SIGKILL at any moment of a mixed load of KMS, Secrets "+
		"Manager, Parameter Store and IAM, started again, and asked for all that it had said yes to.",
		"kills", n, "acknowledged changes", len(j.kept(0)), "lost", 0,
		"start after a kill, median", percentile(starts, 50), "start after a kill, p99",
		percentile(starts, 99))
}

// whole looks at the database of a server that has ended, as an auditor would: every signed row,
// the sets of rows, the trail.
func (s *server) whole(database string, promises []*promise, position int64) {
	s.t.Helper()
	s.run("doctor", "--config", s.path("claviger.toml"), "--database")
	db, err := store.OpenReader(s.t.Context(), database)
	accepted(s.t, err)
	defer db.Close()
	if err := recorded(db, promises, position); err != nil {
		s.t.Error(err)
	}
}
