package bodies

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// taken returns what all have together, and makes sure that nobody has more than may be.
func (r *Room) inUse(t *testing.T) int {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := 0
	for name, s := range r.sources {
		if sum += s.taken; s.taken > r.Share {
			t.Errorf("%s has %d of %d", name, s.taken, r.Share)
		}
	}
	if sum != r.taken || r.taken > r.Bytes {
		t.Errorf("%d are taken of %d, and sources have %d", r.taken, r.Bytes, sum)
	}
	return r.taken
}

// sending is a body of a test.
type sending struct {
	*Body
	stopped atomic.Bool
	until   chan struct{} // closed by its stop
}

// begin begins a body in a bubble. Nobody waits for its room here.
func begin(t *testing.T, r *Room, from string, n int) (*sending, error) {
	s := &sending{until: make(chan struct{})}
	var err error
	s.Body, err = r.Begin(t.Context(), from, n, func() {
		if !s.stopped.Swap(true) {
			close(s.until)
		}
	})
	return s, err
}

// comes sends n bytes each window until an end is asked for.
func (s *sending) comes(n int, end <-chan struct{}) error {
	for {
		select {
		case <-end:
			return nil
		case <-s.until:
			return s.Err()
		case <-time.After(window / 5):
			s.Came(n / 5)
		}
	}
}

// stalled begins so many bodies of which nothing comes, and which end when they are stopped.
func stalled(t *testing.T, r *Room, from string, bodies, n int) (lost *atomic.Int32) {
	lost = new(atomic.Int32)
	for range bodies {
		s, err := begin(t, r, from, n)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer s.End()
			select {
			case <-s.until:
				if errors.Is(s.Whole(), ErrSlow) {
					lost.Add(1)
				}
			case <-t.Context().Done():
			}
		}()
	}
	synctest.Wait()
	return lost
}

func room() *Room { return &Room{Bytes: 64000, Share: 8000, Patience: 5 * time.Second, Rate: 1000} }

// TestRoom_StalledBodies_GoForOthers of their source, and no more of them than are in the way.
func TestRoom_StalledBodies_GoForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := room()
		lost := stalled(t, r, "a", 8, 1000)
		began := time.Now()
		s, err := begin(t, r, "a", 1500)
		if took := time.Since(began); err != nil || took > 3*window {
			t.Errorf("after %v: %v", took, err)
		}
		synctest.Wait()
		if n := lost.Load(); n != 2 {
			t.Errorf("%d bodies went for it, want 2", n)
		}
		if n := r.inUse(t); n != 7500 {
			t.Errorf("%d bytes are in use", n)
		}
		s.End()
	})
}

// TestRoom_AnotherSource_WaitsForNothing where one has its share full, or all of it.
func TestRoom_AnotherSource_WaitsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := room()
		lost := stalled(t, r, "a", 8, 1000)
		began := time.Now()
		s, err := begin(t, r, "b", 7000)
		if err != nil || time.Since(began) > 0 || lost.Load() > 0 {
			t.Errorf("after %v: %v, and %d were stopped", time.Since(began), err, lost.Load())
		}
		s.End()
		for i := range 7 {
			stalled(t, r, fmt.Sprint("c", i), 8, 1000)
		}
		if n := r.inUse(t); n != 64000 {
			t.Fatalf("%d bytes are in use", n)
		}
		s, err = begin(t, r, "b", 1000)
		if took := time.Since(began); err != nil || took > 3*window {
			t.Errorf("where all is full, after %v: %v", took, err)
		}
		s.End()
	})
}

// TestRoom_BodiesThatCome_AreNotStopped, whoever waits, and whoever does so for too long is told.
func TestRoom_BodiesThatCome_AreNotStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := room()
		end := make(chan struct{})
		var all sync.WaitGroup
		for range 8 {
			s, err := begin(t, r, "a", 1000)
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				defer s.End()
				if err := s.comes(600, end); err != nil {
					t.Errorf("a body that came well was stopped: %v", err)
				}
			})
		}
		began := time.Now()
		s, err := begin(t, r, "a", 1)
		if took := time.Since(began); !errors.Is(err, ErrFull) || took != r.Patience {
			t.Errorf("after %v: %v", took, err)
		}
		s.End()
		go func() {
			time.Sleep(time.Second)
			close(end)
		}()
		began = time.Now()
		s, err = begin(t, r, "a", 1000)
		if took := time.Since(began); err != nil || took < time.Second || took > 2*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
		all.Wait()
		s.End()
		if len(r.sources) != 0 || r.taken != 0 {
			t.Errorf("%d sources are remembered, with %d", len(r.sources), r.taken)
		}
	})
}

// TestRoom_SlowBodies_AreStopped: a bit now and then is not enough.
func TestRoom_SlowBodies_AreStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := room()
		lost := make(chan error, 8)
		for range 8 {
			s, err := begin(t, r, "a", 1000)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				defer s.End()
				lost <- s.comes(200, t.Context().Done())
			}()
		}
		time.Sleep(10 * window)
		s, err := begin(t, r, "a", 1000)
		if err != nil {
			t.Error(err)
		}
		defer s.End()
		if err := <-lost; !errors.Is(err, ErrSlow) {
			t.Errorf("it was stopped by %v", err)
		}
	})
}

// TestRoom_BodyThatCameFastAndStalls_IsStopped: what it was good for before doesn't count.
func TestRoom_BodyThatCameFastAndStalls_IsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := room()
		stalled(t, r, "a", 8, 1000)
		for b := range r.sources["a"].bodies {
			b.Came(1 << 20)
		}
		began := time.Now()
		s, err := begin(t, r, "a", 1000)
		if took := time.Since(began); err != nil || took > 3*window {
			t.Errorf("after %v: %v", took, err)
		}
		s.End()
	})
}

// TestRoom_AllWaitForEachOther_SomeComeThrough: those that have got most.
func TestRoom_AllWaitForEachOther_SomeComeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := room()
		var through, full atomic.Int32
		var all sync.WaitGroup
		for i := range 7 {
			s, err := begin(t, r, "a", 900+i)
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				defer s.End()
				time.Sleep(time.Millisecond) // so that all have their first step
				switch err := s.More(t.Context(), 2000); {
				case err == nil && s.Whole() == nil:
					through.Add(1)
				case errors.Is(err, ErrFull):
					full.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		began := time.Now()
		all.Wait()
		if through.Load() < 4 || through.Load()+full.Load() != 7 || time.Since(began) > r.Patience/2 {
			t.Errorf("%d came through and %d didn't, in %v", through.Load(), full.Load(),
				time.Since(began))
		}
	})
}

// TestRoom_MuchIsNeeded_IsNotTakenByMany who need little, and whose source has more.
func TestRoom_MuchIsNeeded_IsNotTakenByMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := room()
		var all sync.WaitGroup
		end := make(chan struct{})
		for i := range 64 { // each goes on with another body of its source, without an end
			all.Go(func() {
				for {
					s, err := begin(t, r, fmt.Sprint("a", i%16), 100)
					if err == nil {
						_ = s.More(t.Context(), 800) // it goes on with another one either way
					}
					select {
					case <-end:
						s.End()
						return
					case <-s.until:
					case <-time.After(time.Duration(1+i) * 10 * time.Millisecond):
					}
					s.End()
				}
			})
		}
		time.Sleep(2 * time.Second)
		for range 5 {
			began := time.Now()
			s, err := begin(t, r, "b", 100)
			if err == nil {
				err = s.More(t.Context(), 6500)
			}
			if took := time.Since(began); err != nil || took > time.Second {
				t.Errorf("after %v: %v", took, err)
			}
			s.End()
		}
		close(end)
		all.Wait()
	})
}

// TestRoom_FirstSteps_HaveRoomOfTheirOwn beside bodies that grow, and are not kept by any of them.
func TestRoom_FirstSteps_HaveRoomOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := room()
		large, err := begin(t, r, "a", 100)
		if err != nil {
			t.Fatal(err)
		}
		defer large.End()
		if err := large.More(t.Context(), 6900); err != nil {
			t.Fatal(err)
		}
		if err := large.More(t.Context(), 1); !errors.Is(err, ErrFull) {
			t.Errorf("a body that grows had the last eighth: %v", err)
		}
		began := time.Now()
		small, err := begin(t, r, "a", 1000)
		if err != nil || time.Since(began) > 0 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		small.End()
	})
}

func TestRoom_WhoLeaves_WaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := room()
		whole, err := begin(t, r, "a", 8000)
		if err != nil || whole.Whole() != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		b, err := r.Begin(ctx, "a", 1, func() { t.Error("what is whole was stopped") })
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		b.End()
		whole.End()
		whole.End()
		if r.inUse(t) != 0 || len(r.sources) != 0 || len(r.queue) != 0 {
			t.Errorf("%d are in use, by %d sources, and %d wait", r.taken, len(r.sources), len(r.queue))
		}
	})
}

// TestRoom_AtOnce_KeepsItsBounds, whatever happens, and all is given back.
func TestRoom_AtOnce_KeepsItsBounds(t *testing.T) {
	r := &Room{Bytes: 20000, Share: 8000, Patience: 20 * time.Millisecond, Rate: 1 << 30}
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for range 200 {
				b, err := r.Begin(t.Context(), fmt.Sprint(i%5), 1+random.IntN(500), func() {})
				for err == nil && random.IntN(3) > 0 {
					r.inUse(t)
					b.Came(random.IntN(1000))
					n := 1 + random.IntN(3000)
					if err = b.More(t.Context(), n); err == nil {
						b.Less(n / 2)
					}
				}
				if err == nil && random.IntN(2) > 0 {
					err = b.Whole()
				}
				if err != nil && !errors.Is(err, ErrFull) && !errors.Is(err, ErrSlow) {
					t.Error(err)
				}
				b.End()
			}
		})
	}
	all.Wait()
	if r.inUse(t) != 0 || len(r.sources) != 0 || len(r.queue) != 0 {
		t.Errorf("%d are in use, by %d sources, and %d wait", r.taken, len(r.sources), len(r.queue))
	}
}
