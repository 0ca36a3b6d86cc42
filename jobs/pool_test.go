package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/jobs"
	"claviger/store"
)

// gauge sees how many works run at once, and who was begun and ended.
type gauge struct {
	mu           sync.Mutex
	now, most    int
	begun, ended map[string]int // by subject
}

func newGauge() *gauge { return &gauge{begun: map[string]int{}, ended: map[string]int{}} }

// around returns work that is seen while it runs.
func (g *gauge) around(work func(*op.Call, string) error) func(*op.Call, string) error {
	return func(c *op.Call, subject string) error {
		g.mu.Lock()
		g.now++
		g.most = max(g.most, g.now)
		g.begun[subject]++
		g.mu.Unlock()
		defer func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.now--
			g.ended[subject]++
		}()
		return work(c, subject)
	}
}

// counts returns what is running, the most that ever was, and how many
// subjects were begun and ended.
func (g *gauge) counts() (now, most, begun, ended int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now, g.most, len(g.begun), len(g.ended)
}

func (g *gauge) times(subject string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.begun[subject]
}

// takes is work that needs some time, and would rather be interrupted than not.
func takes(d time.Duration) func(*op.Call, string) error {
	return func(c *op.Call, _ string) error {
		select {
		case <-c.Done():
			return context.Cause(c)
		case <-time.After(d):
			return nil
		}
	}
}

// hangs is work that ends with the process only.
func hangs(c *op.Call, _ string) error {
	<-c.Done()
	return c.Err()
}

// running starts a runner of these kinds, in the time of a bubble of package synctest, and returns
// what stops it and waits for its end.
func (s *fixture) running(kinds map[string]domain.Job) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	r := s.runner()
	r.Kinds, r.Now, r.Operations.Now = kinds, time.Now, time.Now
	r.Log = slog.New(slog.DiscardHandler)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Run(ctx)
	}()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	s.t.Cleanup(stop)
	return stop
}

// inBubble runs a test on a clock that passes as soon as everybody waits.
func inBubble(t *testing.T, test func(t *testing.T, s *fixture)) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.clock = optest.NewClock(time.Now())
		test(t, s)
	})
}

func (s *fixture) scheduleMany(kind, prefix string, n int) {
	s.t.Helper()
	err := s.commit(func(tx *store.Tx) error {
		for i := range n {
			subject := fmt.Sprintf("%s-%03d", prefix, i)
			err := jobs.Queue{}.Schedule(tx, kind, account, region, subject, s.clock.Now())
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestRun_DueWork_IsBegunAtOnce, and not when the first period is over: a crash may have cut it off
// where somebody waits for its end.
func TestRun_DueWork_IsBegunAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		done := newGauge()
		s.scheduleMany(kind, "due", 1)
		s.running(map[string]domain.Job{kind: {Work: done.around(takes(time.Millisecond))}})
		time.Sleep(10 * time.Millisecond)
		if _, _, _, ended := done.counts(); ended != 1 {
			t.Errorf("%d works of 1 were done", ended)
		}
	})
}

func TestRun_HungKinds_DelayNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		hung, good := newGauge(), newGauge()
		kinds := map[string]domain.Job{kind: {Work: good.around(takes(time.Second))}}
		for i := range 6 {
			name := fmt.Sprintf("kms:Hung%d", i)
			kinds[name] = domain.Job{Work: hung.around(hangs), AtOnce: 2}
			s.scheduleMany(name, name, 200) // more than any page
		}
		s.scheduleMany(kind, "good", 20)
		s.running(kinds)
		time.Sleep(10 * time.Second)
		if now, most, _, _ := hung.counts(); now != 12 || most != 12 {
			t.Errorf("%d works hang, at most %d did; want 2 of each of 6 kinds", now, most)
		}
		if _, _, _, ended := good.counts(); ended != 20 {
			t.Errorf("%d works of 20 were done beside those that hang", ended)
		}
	})
}

func TestRun_LimitOfAKind_Holds(t *testing.T) {
	for limit, want := range map[int]int{0: 4, 1: 1, 3: 3} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *fixture) {
				g := newGauge()
				s.scheduleMany(kind, "a", 24)
				s.running(map[string]domain.Job{
					kind: {Work: g.around(takes(10 * time.Second)), AtOnce: limit},
				})
				// A slot that becomes free is filled at once, not with the next look by the clock.
				time.Sleep(time.Duration(24/want)*10*time.Second + 1500*time.Millisecond)
				_, most, _, ended := g.counts()
				if most != want || ended != 24 {
					t.Errorf("%d ran at once and %d ended, want %d and 24", most, ended, want)
				}
				same(t, "left", s.left())
			})
		})
	}
}

func TestRun_FailingAndUnknownWork_HoldsUpNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		s.scheduleMany("kms:Unheard", "u", 200)
		s.scheduleMany(kind, "f", 200)
		time.Sleep(time.Millisecond)
		s.clock = optest.NewClock(time.Now())
		s.schedule(kind, "z", 0)
		s.running(map[string]domain.Job{kind: {Work: g.around(func(_ *op.Call, subject string) error {
			if subject != "z" {
				return errors.New("it fails")
			}
			return nil
		})}})
		time.Sleep(1500 * time.Millisecond)
		if g.times("z") != 1 {
			t.Error("work that succeeds waits behind work that fails")
		}
		if n := len(s.left()); n != 400 {
			t.Errorf("%d jobs are left, want those that failed and those that are unknown", n)
		}
	})
}

func TestRun_PanickingWork_HurtsNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		s.scheduleMany(kind, "a", 10)
		s.running(map[string]domain.Job{kind: {Work: g.around(func(_ *op.Call, subject string) error {
			if subject == "a-003" && g.times(subject) == 1 {
				panic("a mistake")
			}
			return nil
		})}})
		time.Sleep(1500 * time.Millisecond)
		same(t, "left after the panic", s.left(), "a-003")
		time.Sleep(2 * time.Second)
		same(t, "left after the retry", s.left())
	})
}

// A look may read jobs that end before it has taken slots for them. What waits for those slots is
// found by another look at once, not with the next one by the clock.
func TestRun_JobsDoneSinceTheyWereRead_DelayNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		s.scheduleMany(kind, "a", 200)
		s.running(map[string]domain.Job{kind: {Work: g.around(takes(0))}})
		time.Sleep(1500 * time.Millisecond)
		same(t, "left", s.left())
	})
}

func TestLease_LongWork_IsRenewed(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		kinds := map[string]domain.Job{kind: {Work: g.around(takes(20 * time.Minute))}}
		s.schedule(kind, "a", 0)
		s.running(kinds)
		s.running(kinds)
		time.Sleep(19 * time.Minute)
		same(t, "left while it runs", s.left(), "a")
		time.Sleep(10 * time.Minute)
		same(t, "left", s.left())
		if n := g.times("a"); n != 1 {
			t.Errorf("work that took longer than a lease was begun %d times", n)
		}
	})
}

// crashesAtFirst is work whose first attempt ends as by a crash: nothing after it runs.
func (g *gauge) crashesAtFirst(_ *op.Call, subject string) error {
	if g.times(subject) == 1 {
		runtime.Goexit()
	}
	return nil
}

func TestFreeLeases_NextProcess_DoesAtOnceWhatTheLastOneHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		s.schedule(kind, "a", 0)
		s.running(map[string]domain.Job{kind: {Work: g.around(g.crashesAtFirst)}})
		time.Sleep(2 * time.Second)
		same(t, "left while the lease holds", s.left(), "a")
		if err := s.runner().FreeLeases(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		same(t, "left", s.left())
		if n := g.times("a"); n != 2 {
			t.Errorf("the work was begun %d times", n)
		}
	})
}

// dies starts a process that dies while it does the job, and the next one, which takes back what
// that held.
func (s *fixture) dies(g *gauge) {
	s.t.Helper()
	before := g.times("a")
	stop := s.running(map[string]domain.Job{kind: {Work: g.around(func(*op.Call, string) error {
		runtime.Goexit()
		return nil
	})}})
	for g.times("a") == before {
		time.Sleep(time.Millisecond)
	}
	stop()
	s.clock = optest.NewClock(time.Now())
	if err := s.runner().FreeLeases(); err != nil {
		s.t.Fatal(err)
	}
}

func TestFreeLeases_WorkThatWasCutOff_IsNoFailedAttempt(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		s.schedule(kind, "a", 0)
		for range 3 {
			began := time.Now()
			s.dies(g)
			if d := time.Since(began); d > time.Second {
				t.Errorf("it was begun after %v", d)
			}
		}
		s.running(map[string]domain.Job{kind: {Work: g.around(func(*op.Call, string) error {
			if g.times("a") == 4 {
				return errors.New("the first failure")
			}
			return nil
		})}})
		time.Sleep(5 * time.Second) // two seconds after a first failure, and sixteen after a fourth
		same(t, "left", s.left())
	})
}

// TestFreeLeases_WorkThatKillsTheProcess_LeavesItTime, up to a minute, and each process does it
// once more.
func TestFreeLeases_WorkThatKillsTheProcess_LeavesItTime(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		s.schedule(kind, "a", 0)
		var waits []time.Duration
		for range 13 {
			began := time.Now()
			s.dies(g)
			waits = append(waits, time.Since(began).Round(time.Second))
		}
		want := []time.Duration{0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60}
		for i, w := range want {
			if w *= time.Second; waits[i] < w || waits[i] > w+2*time.Second {
				t.Errorf("after %d deaths it was begun after %v, want %v", i, waits[i], w)
			}
		}
	})
}

func TestRun_ContextEnds_WorkThatEndsWithItIsNoFailure(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		s.schedule(kind, "a", 0)
		stop := s.running(map[string]domain.Job{kind: {Work: func(c *op.Call, _ string) error {
			<-c.Done()
			return c.Err()
		}}})
		time.Sleep(2 * time.Second)
		stop()
		if log := s.log.String(); strings.Contains(log, "failed") {
			t.Errorf("the end of the process is logged as a failure: %s", log)
		}
		s.running(map[string]domain.Job{kind: {Work: takes(0)}})
		time.Sleep(1500 * time.Millisecond)
		same(t, "left", s.left())
	})
}

func TestLease_CrashedWorker_IsFollowedByAnother(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		s.schedule(kind, "a", 0)
		s.running(map[string]domain.Job{kind: {Work: g.around(g.crashesAtFirst)}})
		time.Sleep(2*time.Minute - time.Second)
		same(t, "left while the lease holds", s.left(), "a")
		time.Sleep(3 * time.Second)
		same(t, "left once it is over", s.left())
		if n := g.times("a"); n != 2 {
			t.Errorf("the work was begun %d times", n)
		}
	})
}

func TestLease_JobTakenBack_EndsTheWorksContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		heard := make(chan error, 1)
		s.schedule(kind, "a", 0)
		s.running(map[string]domain.Job{kind: {Work: func(c *op.Call, _ string) error {
			<-c.Done()
			heard <- context.Cause(c)
			return nil
		}}})
		time.Sleep(time.Minute)
		s.cancel("a")
		time.Sleep(time.Minute)
		select {
		case cause := <-heard:
			if errors.Is(cause, context.Canceled) {
				t.Errorf("the work was told that the process ends: %v", cause)
			}
		default:
			t.Error("a minute after its job was taken back the work was told nothing")
		}
		same(t, "left", s.left())
	})
}

func TestLease_JobTakenByAnother_EndsTheWorksContext(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		s.schedule(kind, "a", 0)
		s.running(map[string]domain.Job{kind: {Work: g.around(hangs)}})
		time.Sleep(30 * time.Second)
		err := s.commit(func(tx *store.Tx) error { return tx.Change(qTakeOver, "a") })
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if now, _, _, ended := g.counts(); now != 0 || ended != 1 {
			t.Errorf("%d works run and %d ended a minute after the lease was lost", now, ended)
		}
		same(t, "left to the other one", s.left(), "a")
		time.Sleep(time.Hour)
		if n := g.times("a"); n != 1 {
			t.Errorf("what another worker holds was begun %d times", n)
		}
	})
}

var qTakeOver = store.Wide(`UPDATE jobs SET lease = lease + 1, expires = 9000000000000000
	WHERE subject = $1`, "a test is another worker")

func TestRun_JobScheduledWhileItRuns_NeverRunsTwiceAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		kinds := map[string]domain.Job{kind: {Work: g.around(takes(10 * time.Minute))}}
		s.schedule(kind, "a", 0)
		s.running(kinds)
		s.running(kinds)
		time.Sleep(5 * time.Minute)
		s.clock = optest.NewClock(time.Now())
		s.schedule(kind, "a", 0)
		time.Sleep(16 * time.Minute)
		if _, most, _, _ := g.counts(); most != 1 || g.times("a") != 2 {
			t.Errorf("one job ran %d times, at once %d", g.times("a"), most)
		}
		same(t, "left", s.left())
	})
}

func TestRun_JobMadeAnewWhileItRuns_WaitsForTheOldOne(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		s.schedule(kind, "a", 0)
		s.running(map[string]domain.Job{kind: {Work: g.around(func(*op.Call, string) error {
			time.Sleep(10 * time.Minute) // it listens to nobody
			return nil
		})}})
		time.Sleep(5 * time.Minute)
		s.cancel("a")
		s.clock = optest.NewClock(time.Now())
		s.schedule(kind, "a", 0)
		time.Sleep(16 * time.Minute)
		if _, most, _, _ := g.counts(); most != 1 || g.times("a") != 2 {
			t.Errorf("one job ran %d times, at once %d", g.times("a"), most)
		}
		same(t, "left", s.left())
	})
}

func TestRun_KindsOfOneOrder_ShareASubjectOneAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		const up, down = "kms:Connect", "kms:Disconnect"
		g := newGauge()
		work := g.around(takes(10 * time.Second))
		s.running(map[string]domain.Job{
			up:   {Work: work, Order: "stores", AtOnce: 8},
			down: {Work: work, Order: "stores", AtOnce: 1},
		})
		s.scheduleMany(up, "a", 8)
		s.scheduleMany(down, "a", 8)
		s.schedule(down, "another", 0)
		time.Sleep(2 * time.Second)
		// One slot and eight rows ahead that have to wait: the ninth must be found nevertheless.
		if now, most, _, _ := g.counts(); now != 9 || most != 9 || g.times("another") != 1 {
			t.Errorf("%d works run, at most %d, of the free subject %d", now, most, g.times("another"))
		}
		time.Sleep(90 * time.Second)
		if n := g.times("a-000"); n != 2 {
			t.Errorf("of two kinds of one order %d were done", n)
		}
		same(t, "left", s.left())
	})
}

func TestRun_ContextEnds_WaitsForWorkAndKeepsItsLease(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		kinds := map[string]domain.Job{kind: {Work: g.around(func(*op.Call, string) error {
			time.Sleep(10 * time.Minute) // it listens to nobody
			return nil
		})}}
		s.schedule(kind, "a", 0)
		stop := s.running(kinds)
		time.Sleep(2 * time.Second)
		s.running(kinds) // it may not begin what the first one still does
		began := time.Now()
		stop()
		if d := time.Since(began); d < 9*time.Minute {
			t.Errorf("Run returned after %v, before its work", d)
		}
		same(t, "left", s.left())
		if n := g.times("a"); n != 1 {
			t.Errorf("the work was begun %d times", n)
		}
	})
}

func TestRunDue_WorkThatRunDoes_IsWaitedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, s *fixture) {
		g := newGauge()
		r := s.runner()
		r.Now, r.Operations.Now = time.Now, time.Now
		r.Kinds = map[string]domain.Job{kind: {Work: g.around(takes(time.Minute)), AtOnce: 2}}
		s.scheduleMany(kind, "a", 3)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go r.Run(ctx)
		time.Sleep(30 * time.Second)
		r.RunDue(ctx)
		same(t, "left", s.left())
		if _, most, _, ended := g.counts(); most != 2 || ended != 3 {
			t.Errorf("%d works ended, %d ran at once", ended, most)
		}
	})
}
