package turn

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// kept returns how many things somebody holds.
func (q *Queues) kept() (n int) {
	for i := range q.shards {
		n += len(q.shards[i].waiting)
	}
	return n
}

// await is Await for who has to succeed.
func (h *Held) await(t *testing.T, names ...string) {
	t.Helper()
	if err := h.Await(t.Context(), names...); err != nil {
		t.Error(err)
	}
}

// TestAwait_Many_ComeInTheOrderInWhichTheyCame, and afterwards nothing of them is left.
func TestAwait_Many_ComeInTheOrderInWhichTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Queues
		first := q.Hold(nil)
		if !first.Try("a") {
			t.Fatal("what nobody holds is not to be had")
		}
		var came []int
		for i := range 20 {
			go func() {
				h := q.Hold(nil)
				if h.Try("a") {
					t.Error("two have the same")
				}
				h.await(t, "a")
				came = append(came, i)
				time.Sleep(time.Millisecond)
				h.Release()
			}()
			synctest.Wait()
		}
		first.Release()
		time.Sleep(time.Second)
		synctest.Wait()
		if len(came) != 20 || !slices.IsSorted(came) {
			t.Errorf("they came in the order %v", came)
		}
		if n := q.kept(); n != 0 {
			t.Errorf("%d are still kept", n)
		}
	})
}

// TestTry_DifferentThings_WaitForNobody.
func TestTry_DifferentThings_WaitForNobody(t *testing.T) {
	var q Queues
	for i := range 1000 {
		if !q.Hold(nil).Try(fmt.Sprint(i), fmt.Sprint("other ", i)) {
			t.Errorf("%d is not to be had", i)
		}
	}
}

// TestAwait_SeveralInAnyOrder_NeverDeadlock: who comes from either end, and who finds out late what
// it needs besides.
func TestAwait_SeveralInAnyOrder_NeverDeadlock(t *testing.T) {
	var q Queues
	names := []string{"a", "b", "c", "d", "e"}
	var inside [5]atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 300 {
				h := q.Hold(nil)
				for _, more := range rand.Perm(5)[:2] {
					some := []string{names[more], names[rand.IntN(5)]}
					if !h.Try(some...) {
						h.await(t, some...)
					}
				}
				for _, name := range h.names {
					if inside[name[0]-'a'].Add(1) != 1 {
						t.Error("two have the same")
					}
				}
				for _, name := range h.names {
					inside[name[0]-'a'].Add(-1)
				}
				h.Release()
			}
		})
	}
	all.Wait()
	if n := q.kept(); n != 0 {
		t.Errorf("%d are still kept", n)
	}
}

// TestAwait_TimeIsOver_HoldsNothing: what it had goes to others, and its place in the queue, too.
func TestAwait_TimeIsOver_HoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Queues
		first, second := q.Hold(nil), q.Hold(nil)
		first.Try("b")
		second.Try("a")
		over := errors.New("over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, over)
		defer cancel()
		if second.Try("b") {
			t.Error("two have the same")
		}
		if err := second.Await(ctx, "b"); err != over {
			t.Errorf("it ended with %v", err)
		}
		if third := q.Hold(nil); !third.Try("a") {
			t.Error("what it had is still held")
		}
		first.Release()
		if third := q.Hold(nil); !third.Try("b") {
			t.Error("what nobody waits for any more is still held")
		}
	})
}

// TestLeave_HandedOverAtThatMoment_IsHeld: what comes as the time ends must not be lost.
func TestLeave_HandedOverAtThatMoment_IsHeld(t *testing.T) {
	var q Queues
	for range 2000 {
		first, second := q.Hold(nil), q.Hold(nil)
		first.Try("a")
		ctx, cancel := context.WithCancel(t.Context())
		var both sync.WaitGroup
		both.Go(func() { _ = second.Await(ctx, "a") })
		both.Go(first.Release)
		cancel()
		both.Wait()
		second.Release()
		if n := q.kept(); n != 0 {
			t.Fatalf("%d are still kept", n)
		}
	}
}

// TestHold_WithinAnother_HasWhatThatOneHas: it doesn't wait for itself, and gives back its own.
func TestHold_WithinAnother_HasWhatThatOneHas(t *testing.T) {
	var q Queues
	outer := q.Hold(nil)
	outer.Try("a")
	inner := q.Hold(outer)
	if !inner.Try("a", "b") {
		t.Error("it would wait for itself")
	}
	inner.Release()
	if q.Hold(nil).Try("a") || !q.Hold(nil).Try("b") {
		t.Error("the inner one gave back what the outer one has, or kept what it had")
	}
}

// BenchmarkTry_Alone is what a change costs that nobody else is at: it stays far under 1 µs.
func BenchmarkTry_Alone(b *testing.B) {
	var q Queues
	names := make([]string, 512)
	for i := range names {
		names[i] = fmt.Sprintf("arn:aws:secretsmanager:us-east-1:111122223333:secret:s-%06d", i)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := rand.IntN(512); pb.Next(); i++ {
			h := q.Hold(nil)
			if h.Try(names[i%512]) {
				h.Release()
			}
		}
	})
}
