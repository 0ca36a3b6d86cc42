package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/clock"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/jobs"
	"claviger/policy"
	"claviger/store"
	"claviger/store/storetest"
)

const (
	account = optest.Account
	region  = optest.Region
	kind    = "kms:Test"
)

// fixture is a true database with jobs, whose clock stands still until the test moves it.
type fixture struct {
	t     testing.TB
	db    *store.DB
	log   optest.Log
	clock *optest.Clock
	guard *clock.Guard // of clock

	mu   sync.Mutex
	done []string                     // subjects, in order
	work func(*op.Call, string) error // besides; nil: it succeeds
}

func open(t testing.TB) *fixture {
	t.Helper()
	s := &fixture{t: t, db: storetest.Open(t, filepath.Join(storetest.Dir(t), "claviger.db")),
		clock: optest.NewClock(optest.Began)}
	s.guard = s.clock.Guard()
	return s
}

// runner returns one more runner over the same database, as of another process.
func (s *fixture) runner() *jobs.Runner {
	return &jobs.Runner{
		DB:         s.db,
		Operations: &op.Runner{Ledger: s.db, Now: s.clock.Now, Clock: s.guard},
		Kinds:      map[string]domain.Job{kind: {Work: s.perform}},
		Log:        slog.New(slog.NewTextHandler(&s.log, nil)),
		Now:        s.clock.Now,
	}
}

func (s *fixture) perform(c *op.Call, subject string) error {
	s.mu.Lock()
	s.done = append(s.done, subject)
	work := s.work
	s.mu.Unlock()
	if c.Caller.Type != policy.Service || c.Caller.PrincipalID != "kms.amazonaws.com" ||
		c.Caller.Account != account || c.Region != region {
		s.t.Errorf("the work ran as %+v in %s", c.Caller, c.Region)
	}
	if work == nil {
		return nil
	}
	return work(c, subject)
}

func (s *fixture) pass(d time.Duration) { s.clock.Pass(d) }

// runDue has a new runner do what is due, and returns what was done.
func (s *fixture) runDue() []string {
	s.t.Helper()
	s.mu.Lock()
	s.done = nil
	s.mu.Unlock()
	s.runner().RunDue(s.t.Context())
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.done)
}

func (s *fixture) commit(apply func(*store.Tx) error) error {
	return s.db.Commit(apply, func(error) []byte { return nil })
}

func (s *fixture) schedule(kind, subject string, after time.Duration) {
	s.t.Helper()
	err := s.commit(func(tx *store.Tx) error {
		return jobs.Queue{}.Schedule(tx, kind, account, region, subject, s.clock.Now().Add(after))
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *fixture) cancel(subject string) {
	s.t.Helper()
	err := s.commit(func(tx *store.Tx) error {
		return jobs.Queue{}.Cancel(tx, kind, account, region, subject)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

var qLeft = store.Wide(`SELECT subject FROM jobs ORDER BY subject`, "a test looks at all jobs")

// left returns the subjects of the jobs that are there.
func (s *fixture) left() (out []string) {
	s.t.Helper()
	err := s.db.Rows(qLeft, nil, func(scan func(...any) error) error {
		var subject string
		err := scan(&subject)
		out = append(out, subject)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func same(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestRunDue_DueWork_IsDoneOnce(t *testing.T) {
	s := open(t)
	s.schedule(kind, "b", 2*time.Hour)
	s.schedule(kind, "a", time.Hour)
	same(t, "before", s.runDue())
	s.pass(time.Hour - time.Microsecond)
	same(t, "a microsecond before", s.runDue())
	s.pass(time.Microsecond)
	same(t, "when a is due", s.runDue(), "a")
	same(t, "left", s.left(), "b")
	same(t, "again", s.runDue())
	s.pass(30 * 24 * time.Hour)
	same(t, "long after", s.runDue(), "b")
	same(t, "left at the end", s.left())
}

func TestRunDue_SeveralJobs_AreDoneInOrderOfTheirTime(t *testing.T) {
	s := open(t)
	for _, h := range []int{3, 1, 2} {
		s.schedule(kind, fmt.Sprint(h), time.Duration(h)*time.Hour)
	}
	s.pass(24 * time.Hour)
	same(t, "done", s.runDue(), "1", "2", "3")
}

func TestSchedule_SameJobTwice_Moves(t *testing.T) {
	s := open(t)
	s.schedule(kind, "a", time.Hour)
	s.schedule(kind, "a", 3*time.Hour)
	same(t, "jobs", s.left(), "a")
	s.pass(2 * time.Hour)
	same(t, "at the old time", s.runDue())
	s.pass(time.Hour)
	same(t, "at the new time", s.runDue(), "a")
}

// What one names a job by is the kind, the namespace and the subject together.
func TestCancel_JobsOfOtherNamespaces_Stay(t *testing.T) {
	s := open(t)
	err := s.commit(func(tx *store.Tx) error {
		q := jobs.Queue{}
		return errors.Join(
			q.Schedule(tx, kind, account, region, "a", s.clock.Now()),
			q.Schedule(tx, "kms:Other", account, region, "a", s.clock.Now()),
			q.Schedule(tx, kind, "444455556666", region, "a", s.clock.Now()),
			q.Schedule(tx, kind, account, "us-west-2", "a", s.clock.Now()))
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "jobs", s.left(), "a", "a", "a", "a")
	s.cancel("a")
	same(t, "jobs after one was cancelled", s.left(), "a", "a", "a")
}

func TestCancel_ScheduledJob_IsNotDone(t *testing.T) {
	s := open(t)
	s.schedule(kind, "a", time.Hour)
	s.cancel("a")
	s.cancel("a") // what is not there is as good
	s.pass(2 * time.Hour)
	same(t, "done", s.runDue())
	same(t, "left", s.left())
}

// A job belongs to the change that made it: without the change there is no job.
func TestSchedule_TransactionRolledBack_LeavesNoJob(t *testing.T) {
	s := open(t)
	err := s.commit(func(tx *store.Tx) error {
		err := jobs.Queue{}.Schedule(tx, kind, account, region, "a", s.clock.Now())
		return errors.Join(err, store.Stale)
	})
	if !errors.Is(err, store.Stale) {
		t.Fatal(err)
	}
	same(t, "jobs", s.left())
}

func TestRunDue_FailingWork_IsTriedLaterAndLater(t *testing.T) {
	s := open(t)
	s.work = func(*op.Call, string) error { return errors.New("the disk is full") }
	s.schedule(kind, "a", 0)
	for n, pause := range []time.Duration{
		2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600,
	} {
		pause *= time.Second
		same(t, fmt.Sprintf("attempt %d", n), s.runDue(), "a")
		s.pass(pause - time.Microsecond)
		same(t, fmt.Sprintf("before attempt %d", n+1), s.runDue())
		s.pass(time.Microsecond)
	}
	if !strings.Contains(s.log.String(), "the disk is full") {
		t.Error("nobody was told")
	}
	s.work = nil
	same(t, "at last", s.runDue(), "a")
	same(t, "left", s.left())
}

func TestRunDue_FailingWork_HoldsUpNoOther(t *testing.T) {
	s := open(t)
	s.work = func(_ *op.Call, subject string) error {
		if subject != "z" {
			return errors.New("it fails")
		}
		return nil
	}
	for i := range 100 {
		s.schedule(kind, fmt.Sprintf("a%03d", i), 0)
	}
	s.pass(time.Millisecond)
	s.schedule(kind, "z", 0)
	if !slices.Contains(s.runDue(), "z") {
		t.Error("work that succeeds waits behind work that fails")
	}
	if n := len(s.left()); n != 100 {
		t.Errorf("%d jobs are left, want those that failed", n)
	}
}

// A newer version of the program may have left work that this one doesn't know.
func TestRunDue_UnknownKind_StaysAndIsLogged(t *testing.T) {
	s := open(t)
	s.schedule("kms:Unheard", "a", 0)
	same(t, "done", s.runDue())
	same(t, "left", s.left(), "a")
	if !strings.Contains(s.log.String(), "kms:Unheard") {
		t.Error("nobody was told")
	}
}

func TestRunDue_UnknownKind_HoldsUpNoOther(t *testing.T) {
	s := open(t)
	for i := range 100 {
		s.schedule("kms:Unheard", fmt.Sprintf("a%03d", i), 0)
	}
	s.pass(time.Millisecond)
	s.schedule(kind, "z", 0)
	if !slices.Contains(s.runDue(), "z") {
		t.Error("known work waits behind unknown work")
	}
	if n := len(s.left()); n != 100 {
		t.Errorf("%d jobs are left, want those that are unknown", n)
	}
}

func TestRunDue_SeveralRunners_DoAJobOnce(t *testing.T) {
	s := open(t)
	for i := range 20 {
		s.schedule(kind, fmt.Sprintf("%02d", i), 0)
	}
	var all sync.WaitGroup
	for range 4 {
		w := s.runner()
		w.Log = slog.New(slog.DiscardHandler)
		all.Go(func() { w.RunDue(context.Background()) })
	}
	all.Wait()
	slices.Sort(s.done)
	if len(s.done) != 20 || len(slices.Compact(s.done)) != 20 {
		t.Errorf("20 jobs were done as %v", s.done)
	}
	same(t, "left", s.left())
}

// overtaken has a runner take a job, and another do it again when the first one's lease is over. It
// then lets the first one go on with the outcome given.
func (s *fixture) overtaken(outcome error) {
	s.t.Helper()
	s.schedule(kind, "a", 0)
	taken, goOn := make(chan struct{}), make(chan struct{})
	s.work = func(*op.Call, string) error {
		close(taken)
		<-goOn
		return outcome
	}
	slow := s.runner()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		slow.RunDue(context.Background())
	}()
	<-taken
	same(s.t, "done while the lease holds", s.runDue())
	s.pass(2 * time.Minute)
	s.mu.Lock()
	s.work = func(*op.Call, string) error { return errors.New("the second one fails") }
	s.mu.Unlock()
	same(s.t, "done once the lease is over", s.runDue(), "a")
	close(goOn)
	<-ended
}

func TestLease_OvertakenWorker_EndsNothing(t *testing.T) {
	for name, outcome := range map[string]error{"success": nil, "failure": errors.New("too late")} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.overtaken(outcome)
			same(t, "left", s.left(), "a")
			s.mu.Lock()
			s.work = nil
			s.mu.Unlock()
			s.pass(4*time.Second - time.Microsecond)
			same(t, "before the second one's retry", s.runDue())
			s.pass(time.Microsecond)
			same(t, "at the second one's retry", s.runDue(), "a")
			same(t, "left at the end", s.left())
		})
	}
}

// Work that is scheduled anew while it is being done is done again.
func TestSchedule_WhileWorkRuns_IsDoneAgain(t *testing.T) {
	s := open(t)
	s.schedule(kind, "a", 0)
	s.work = func(*op.Call, string) error {
		s.schedule(kind, "a", time.Hour)
		return nil
	}
	same(t, "done", s.runDue(), "a")
	same(t, "left", s.left(), "a")
	s.work = nil
	s.pass(time.Hour)
	same(t, "done again", s.runDue(), "a")
}

func TestRun_ContextEnds_Returns(t *testing.T) {
	s := open(t)
	s.schedule(kind, "a", 0)
	ctx, stop := context.WithCancel(t.Context())
	s.work = func(*op.Call, string) error { stop(); return nil }
	s.runner().Run(ctx)
	same(t, "done", s.done, "a")
	same(t, "left", s.left())

	s.schedule(kind, "b", 0)
	s.runner().RunDue(ctx) // it has ended
	same(t, "left", s.left(), "b")
}
