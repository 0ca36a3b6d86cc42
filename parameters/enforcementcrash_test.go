package parameters_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/store"
)

// mortal is a process that dies before a commit or after it: what it would have done from there on
// isn't done, and nobody puts anything in order.
type mortal struct {
	op.Ledger
	mu   sync.Mutex
	left int // moments until it dies; 0 or less: it lives
	died bool
}

// moment is one in which the process may die.
func (m *mortal) moment() {
	m.mu.Lock()
	m.left--
	dies := m.left == 0
	m.died = m.died || dies
	m.mu.Unlock()
	if dies {
		runtime.Goexit()
	}
}

// Commit implements [op.Ledger].
func (m *mortal) Commit(apply func(*store.Tx) error, record func(error) []byte) error {
	m.moment()
	err := m.Ledger.Commit(apply, record)
	m.moment()
	return err
}

// lives does f in a process that dies after so many moments, and starts the next one if it did. It
// returns how many moments are left.
func (s *service) lives(left int, f func()) int {
	s.T.Helper()
	m := &mortal{Ledger: s.DB, left: left}
	s.Runner.Ledger = m
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
	s.Runner.Ledger = s.DB
	if m.died {
		s.nextProcess()
	}
	return m.left
}

// TestPolicies_DeathAtEveryMoment_EachIsDoneOnce: wherever the process dies, before a commit or
// after it, the next one does what is left, and nobody hears of anything twice.
func TestPolicies_DeathAtEveryMoment_EachIsDoneOnce(t *testing.T) {
	for at := 1; ; at++ {
		s := start(t)
		left := at
		for _, step := range []struct {
			after   time.Duration
			version int64 // that is put, before what is due is done; 0: none
			heard   []string
		}{
			{0, 1, []string{"Create /p"}},
			{30 * hour, 0, []string{"NoChangeNotification /p"}},
			{0, 2, []string{"Update /p"}},
			{30 * hour, 0, []string{"NoChangeNotification /p"}},
			{7*day - 60*hour, 0, []string{"ExpirationNotification /p"}},
			{3 * day, 0, []string{"Expiration /p", "Delete /p"}},
			{day, 0, nil},
		} {
			_, before := s.told()
			s.Clock.Pass(step.after)
			if step.version > 0 {
				left = s.lives(left, func() { s.version(step.version) })
				s.version(step.version) // who has no answer looks, and asks again
			}
			left = s.lives(left, s.run)
			s.run()
			s.hears(int64(before), step.heard...)
		}
		if jobs := s.scheduled(); len(jobs) > 0 {
			t.Errorf("jobs are left: %v", jobs)
		}
		if t.Failed() {
			t.Fatalf("it died at moment %d", at)
		}
		if left > 0 {
			t.Logf("it died at %d moments", at-1)
			return
		}
	}
}

// version makes a version of /p if it isn't there. The first one has policies.
func (s *service) version(number int64) {
	s.T.Helper()
	if number == 1 {
		if _, err := ask[any](s, "GetParameter", M{"Name": "/p"}); err != nil {
			s.with("/p", warns(3, "Days"), expires(optest.Began.Add(10*day)), stale(30, "Hours"))
		}
		return
	}
	if s.get("/p").Version < number {
		s.Do("PutParameter", M{"Name": "/p", "Value": "w", "Overwrite": true})
	}
}

// After a long outage each is told of once, and what would have come after the end isn't.
func TestPolicies_LongOutage_EachIsDoneOnceInOrder(t *testing.T) {
	s := start(t)
	s.with("/p", expires(optest.Began.Add(10*day)), stale(40, "Days"), warns(1, "Days"),
		stale(30, "Hours"), warns(3, "Days"))
	s.with("/q", stale(1, "Hours"), stale(50, "Days"), stale(2, "Hours"))
	at := s.hears(0, "Create /p", "Create /q")
	s.pass(100 * day)
	got := s.heard(at)
	of := func(name string) (all []string) {
		for _, e := range got {
			if e[len(e)-2:] == name {
				all = append(all, e)
			}
		}
		return all
	}
	if want := []string{"NoChangeNotification /p", "ExpirationNotification /p",
		"ExpirationNotification /p", "Expiration /p", "Delete /p"}; !slices.Equal(of("/p"), want) {
		t.Errorf("%v, want %v", of("/p"), want)
	}
	if want := slices.Repeat([]string{"NoChangeNotification /q"}, 3); !slices.Equal(of("/q"), want) {
		t.Errorf("%v, want %v", of("/q"), want)
	}
	s.pass(100 * day)
	s.hears(at + int64(len(got)))
}
