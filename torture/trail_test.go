package torture

import (
	"context"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/torture/driver"
)

var (
	proved   = regexp.MustCompile(`Proved: ([0-9]+) records`)
	unproved = regexp.MustCompile(`unproved +([0-9]+) to ([0-9]+) `)
)

// TestTrail_ServerKilled_StillProves what was signed before, and what comes later. The server is
// killed while clients write: before, at and behind a checkpoint, which is made once in a second.
// Checkpoints that a witness was handed shortly before a kill must be in the trail behind it, or
// the server has signed what it then forgot.
func TestTrail_ServerKilled_StillProves(t *testing.T) {
	t.Parallel()
	s := launch(t, options{})
	key := strings.TrimSpace(s.run("audit", "key", "--config", s.path("claviger.toml")))
	hand := []string{"audit", "witness", "--once", "--database", s.path("claviger.db"), "--key", key,
		"--to", "file:" + s.path("held")}
	hold := []string{"audit", "verify", "--whole", "--database", s.path("claviger.db"), "--key", key,
		"--checkpoint", s.path("held")}
	j := &journal{position: unrecorded}
	n, most := kills(t, 200), 0
	for round := range n {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); j.write(ctx, s) }()
		time.Sleep(rand.N(700 * time.Millisecond))
		s.run(hand...)
		time.Sleep(rand.N(700 * time.Millisecond))
		_ = s.cmd.Process.Kill()
		cancel()
		<-done
		s.kill()
		said := s.run(hold...)
		if m := unproved.FindStringSubmatch(said); m != nil {
			most = max(most, number(t, m[2])-number(t, m[1])+1)
		}
		t.Logf("kill %d:\n%s", round, said)
		s.start()
	}
	if code := s.term(); code != 0 {
		t.Errorf("in the end SIGTERM ended it with %d:\n%s", code, s.log())
	}
	said := s.run(append(hold, "--closed")...)
	m := proved.FindStringSubmatch(said)
	if m == nil {
		t.Fatal(said)
	}
	s.whole(s.path("claviger.db"), j.kept(0), 0)
	held, err := os.ReadFile(s.path("held"))
	accepted(t, err)
	driver.Report(t, "trail", "The server was ended by SIGKILL at any moment of a mixed load, each time "+
		"shortly after a witness had been handed its newest checkpoint. Then `claviger audit verify` held "+
		"the trail against the key and all that the witness had, and the server was started again.",
		"kills", n, "trails that were not proved", 0,
		"checkpoints that the witness had, each of which stayed true", strings.Count(string(held), "\n— "),
		"records that were proved in the end", number(t, m[1]),
		"of acknowledged changes", len(j.kept(0)), "lost", 0,
		"records that a kill left behind the newest checkpoint, at most", most)
}

func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	accepted(t, err)
	return n
}
