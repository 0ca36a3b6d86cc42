package retention_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"claviger/internal/clock"
	"claviger/store"
	"claviger/store/storetest"
	"claviger/trail/retention"
)

const day = 24 * time.Hour

// site is a trail whose records are of now, and a clock that the test sets.
type site struct {
	t     testing.TB
	db    *store.DB
	ahead atomic.Int64 // of the machine's clock
	bound atomic.Int64 // what tells of a removal is as old as the rest: it is kept by this
	guard *clock.Guard
	told  []retention.Removal
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t}
	s.bound.Store(math.MaxInt64)
	var err error
	s.db, err = store.Open(t.Context(),
		store.Config{Path: filepath.Join(storetest.Dir(t), "claviger.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	began := time.Now()
	// Both clocks go ahead together, so that they are believed.
	s.guard = clock.NewGuard(clock.Source{Now: s.now, Boot: "one", Uptime: func() time.Duration {
		return time.Since(began) + time.Duration(s.ahead.Load())
	}}, clock.State{})
	return s
}

func (s *site) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

func (s *site) record(n int) {
	s.t.Helper()
	for range n {
		err := s.db.Commit(nil, func(error) []byte {
			return []byte(`{"x":"` + strings.Repeat("x", 2000) + "\"}\n{}") // two records
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// keep removes what is old until stop is called.
func (s *site) keep(keep time.Duration) (stop func()) {
	r := &retention.Retention{DB: s.db, Keep: keep, Now: s.now, Settle: s.guard.Settle,
		Bounds: []func() int64{s.bound.Load}, Log: slog.Default(),
		Record: func(removal retention.Removal) []byte {
			s.told = append(s.told, removal)
			return fmt.Appendf(nil, `{"told":%d}`, removal.Last)
		}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Run(ctx)
	}()
	return func() { cancel(); <-ended }
}

// staysWhole holds that nothing of so many batches is removed.
func (s *site) staysWhole(n int) {
	s.t.Helper()
	stop := s.keep(10 * day)
	time.Sleep(300 * time.Millisecond)
	stop()
	if left := s.batches(); len(left) != n || len(s.told) != 0 {
		s.t.Errorf("%d batches are left, and it was told of %v", len(left), s.told)
	}
}

// batches are the batches that are there.
func (s *site) batches() (all []int64) {
	s.t.Helper()
	err := s.db.Trail(0, func(batch int64, _ time.Time, _ []byte) error {
		all = append(all, batch)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// first waits until the oldest record is this one.
func (s *site) first(want int64) {
	s.t.Helper()
	for began := time.Now(); s.batches()[0] != want; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			s.t.Fatalf("the oldest record is %d, want %d", s.batches()[0], want)
		}
	}
}

func TestRetention_OldRecords_GoInOrderAndAreToldOf(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.record(300)
	s.ahead.Store(int64(11 * day))
	s.bound.Store(598)
	stop := s.keep(10 * day)
	s.first(599)
	stop()
	left := s.batches()
	if len(left) != 2 || left[1] != 601 {
		t.Errorf("left: %v", left)
	}
	if len(s.told) != 1 || s.told[0].First != 1 || s.told[0].Last != 598 {
		t.Errorf("told: %+v", s.told)
	}
	if end, err := s.db.TrailEnd(); err != nil || end != 601 {
		t.Errorf("the newest batch is %d: %v", end, err)
	}
}

func TestRetention_YoungRecords_Stay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.record(20)
	s.ahead.Store(int64(9 * day))
	s.staysWhole(20)
}

// TestRetention_WhatOthersNeed_Stays: the tree, or a copy that is required, hasn't taken all.
func TestRetention_WhatOthersNeed_Stays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.record(20)
	s.ahead.Store(int64(11 * day))
	s.bound.Store(10) // in the middle: batches are 1, 3, 5, 7, 9, 11
	stop := s.keep(10 * day)
	s.first(11)
	stop()
	s.bound.Store(11) // batch 11 has record 12, too
	stop = s.keep(10 * day)
	time.Sleep(300 * time.Millisecond)
	stop()
	if left := s.batches(); left[0] != 11 {
		t.Errorf("left: %v", left)
	}
}

// TestRetention_OthersBeginToRead_IsLookedAtSoon: after a start they have read nothing yet.
func TestRetention_OthersBeginToRead_IsLookedAtSoon(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.record(20)
	s.ahead.Store(int64(11 * day))
	s.bound.Store(0)
	stop := s.keep(10 * day)
	time.Sleep(300 * time.Millisecond)
	s.bound.Store(38)
	s.first(39)
	stop()
}

func TestRetention_ClockInDoubt_RemovesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.record(20)
	// The wall clock alone goes ahead.
	began := time.Now()
	s.guard = clock.NewGuard(clock.Source{Now: s.now, Boot: "one",
		Uptime: func() time.Duration { return time.Since(began) }}, clock.State{})
	s.guard.State()
	s.ahead.Store(int64(500 * day))
	s.staysWhole(20)
}

// TestRetention_CutOff_GoesOnWithWhatItTold: of what was told nothing is told again.
func TestRetention_CutOff_GoesOnWithWhatItTold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.record(2000)
	s.ahead.Store(int64(11 * day))
	s.bound.Store(3998)
	stop := s.keep(10 * day)
	for began := time.Now(); len(s.batches()) > 1900; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatal("nothing is removed")
		}
	}
	stop()
	stop = s.keep(10 * day)
	s.first(3999)
	stop()
	if len(s.told) != 1 {
		t.Errorf("told: %+v", s.told)
	}
	if left := s.batches(); !slices.IsSorted(left) || len(left) != 2 {
		t.Errorf("left: %v", left)
	}
}
