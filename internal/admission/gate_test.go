package admission

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestGate_Take_HoldsToPlacesAndShare(t *testing.T) {
	g := &Gate{Places: 10, Share: 6}
	for _, c := range []struct {
		name string
		n    int
		want bool
	}{{"a", 7, false}, {"a", 6, true}, {"a", 1, false}, {"b", 5, false}, {"b", 4, true},
		{"c", 1, false}} {
		if got := g.Take(c.name, c.n); got != c.want {
			t.Errorf("%s took %d: %v, want %v", c.name, c.n, got, c.want)
		}
	}
	g.Give("a", 6)
	if !g.Take("c", 6) {
		t.Error("what was given back can't be taken")
	}
	g.Give("b", 4)
	g.Give("c", 6)
	if len(g.turns.parties) != 0 || g.turns.taken != 0 {
		t.Errorf("%d parties with %d places are remembered", len(g.turns.parties), g.turns.taken)
	}
}

// A place that becomes free goes to the party that has the fewest, however long the queue of
// another is.
func TestGate_Wait_PartyWithTheFewestComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{Places: 3, Share: 3, Patience: time.Hour, Waiting: 100, WaitingAll: 100}
		var mu sync.Mutex
		var order []string
		enter := func(name string) {
			go func() {
				if g.Wait(t.Context(), name) {
					mu.Lock()
					order = append(order, name)
					mu.Unlock()
				}
			}()
			synctest.Wait()
		}
		for range 6 {
			enter("many") // three are in, three wait
		}
		enter("few")
		enter("other")
		for range 3 {
			g.Give("many", 1)
			synctest.Wait()
		}
		want := "[many many many few other many]"
		if got := fmt.Sprint(order); got != want {
			t.Errorf("admitted %v, want %v", got, want)
		}
		for _, name := range []string{"few", "other", "many", "many", "many"} {
			g.Give(name, 1)
		}
	})
}

// Parties take turns where there is one place, however long the queue of one of them is.
func TestGate_Wait_PartiesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{Places: 1, Share: 1, Patience: time.Hour, Waiting: 100, WaitingAll: 100}
		var order []string
		enter := func(name string) {
			go func() {
				if g.Wait(t.Context(), name) {
					order = append(order, name)
				}
			}()
			synctest.Wait()
		}
		for range 6 {
			enter("many")
		}
		leave := func() {
			g.Give(order[len(order)-1], 1)
			synctest.Wait()
		}
		leave()
		enter("few")
		enter("few")
		for range 6 {
			leave()
		}
		want := "[many many few many few many many many]"
		if got := fmt.Sprint(order); got != want {
			t.Errorf("admitted %v, want %v", got, want)
		}
	})
}

func TestGate_Wait_EndsWithPatienceOrContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{Places: 1, Share: 1, Patience: time.Second, Waiting: 1, WaitingAll: 1}
		if !g.Wait(t.Context(), "a") {
			t.Fatal("an empty gate is closed")
		}
		begin := time.Now()
		if g.Wait(t.Context(), "b") || time.Since(begin) != time.Second {
			t.Errorf("waited %v", time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if g.Wait(ctx, "b") {
			t.Error("somebody who left was admitted")
		}
		go g.Wait(t.Context(), "b")
		synctest.Wait()
		begin = time.Now()
		if g.Wait(t.Context(), "c") || time.Since(begin) != 0 {
			t.Errorf("one more than may wait did so for %v", time.Since(begin))
		}
		g.Give("a", 1)
		synctest.Wait()
		g.Give("b", 1)
		if len(g.turns.parties) != 0 || g.turns.waiting != 0 {
			t.Errorf("%d parties are remembered, %d wait", len(g.turns.parties), g.turns.waiting)
		}
	})
}

// As many as may wait are of few parties: one of them loses its last to a party with fewer.
func TestGate_Wait_FullOfFewParties_OthersMayWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{Places: 1, Share: 1, Patience: time.Hour, Waiting: 3, WaitingAll: 4}
		admitted, refused := map[string]int{}, map[string]int{}
		enter := func(name string) {
			go func() {
				if g.Wait(t.Context(), name) {
					admitted[name]++
				} else {
					refused[name]++
				}
			}()
			synctest.Wait()
		}
		for _, name := range []string{"in", "a", "a", "a", "b", "c", "c", "d"} {
			enter(name)
		}
		// a has lost two, to c and to d; the second of c finds nobody with two more than it has.
		if got := fmt.Sprint(refused); got != "map[a:2 c:1]" {
			t.Errorf("refused are %v", got)
		}
		for _, name := range []string{"in", "a", "b", "c"} {
			g.Give(name, 1)
			synctest.Wait()
		}
		g.Give("d", 1)
		if got := fmt.Sprint(admitted); got != "map[a:1 b:1 c:1 d:1 in:1]" {
			t.Errorf("admitted are %v", got)
		}
		if len(g.turns.parties) != 0 || g.turns.waiting != 0 || g.turns.taken != 0 {
			t.Errorf("%d parties are remembered, %d wait, %d are in", len(g.turns.parties),
				g.turns.waiting, g.turns.taken)
		}
	})
}

// A place that is leased is nobody else's for a while, however soon it is given back.
func TestGate_Lease_IsHeldForItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{Places: 2, Share: 2, Patience: time.Minute, Waiting: 10, WaitingAll: 10,
			Least: time.Second}
		begin := time.Now()
		for range 6 {
			end, ok := g.Lease(t.Context(), "a")
			if !ok {
				t.Fatal("no place came")
			}
			end()
		}
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("six leases of two places took %v, want 2s", took)
		}
		end, _ := g.Lease(t.Context(), "b")
		time.Sleep(2 * time.Second)
		end()
		if g.turns.taken != 0 || len(g.turns.parties) != 0 {
			t.Errorf("%d places are taken", g.turns.taken)
		}
	})
}

// Whatever happens at once, no bound is broken and all is given back.
func TestGate_AtOnce_KeepsItsBounds(t *testing.T) {
	g := &Gate{Places: 5, Share: 3, Patience: time.Millisecond, Waiting: 50, WaitingAll: 20}
	var in atomic.Int32
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			name := fmt.Sprint(i % 4)
			for range 50 {
				if !g.Wait(t.Context(), name) {
					continue
				}
				if n := in.Add(1); n > 5 {
					t.Errorf("%d are in", n)
				}
				in.Add(-1)
				g.Give(name, 1)
			}
		})
	}
	all.Wait()
	if len(g.turns.parties) != 0 || g.turns.taken != 0 || g.turns.waiting != 0 {
		t.Errorf("%d parties, %d places, %d waiting are left", len(g.turns.parties), g.turns.taken, g.turns.waiting)
	}
}

// Who would wait longer than it may is told so at once, and not when its time is over. A gate that
// doesn't forecast has all of them wait.
func TestGate_Forecasts_TellsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{Places: 1, Share: 1, Patience: 5 * time.Second, Waiting: 1000, WaitingAll: 1000,
			Forecasts: true}
		var worked atomic.Int32
		work := func() {
			if g.Wait(t.Context(), "a") {
				time.Sleep(100 * time.Millisecond)
				worked.Add(1)
				g.Give("a", 1)
			}
		}
		for range 20 {
			go work()
		}
		time.Sleep(time.Second) // in which ten have worked
		var told atomic.Int32
		for range 100 { // of whom three in four can be served in time
			go func() {
				begin := time.Now()
				work()
				if took := time.Since(begin); took == 0 {
					told.Add(1)
				} else if took > 5100*time.Millisecond {
					t.Errorf("one was told after %v", took)
				}
			}()
		}
		time.Sleep(10 * time.Second)
		if n := told.Load(); n < 50 || n > 70 || worked.Load() < 50 {
			t.Errorf("%d were told at once and %d have worked", n, worked.Load())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if !g.Wait(ctx, "a") {
			t.Error("nobody waits, and nobody is let in")
		}
		g.Give("a", 1)
	})
}

// Who has little time itself is told at once where others may wait.
func TestGate_Forecasts_LooksAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{Places: 1, Share: 1, Patience: 5 * time.Second, Waiting: 1000, WaitingAll: 1000,
			Forecasts: true}
		for range 30 {
			go func() {
				if g.Wait(t.Context(), "a") {
					time.Sleep(100 * time.Millisecond)
					g.Give("a", 1)
				}
			}()
		}
		time.Sleep(time.Second + time.Millisecond) // there are two more seconds of work
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if g.Wait(ctx, "a") || time.Since(begin) != 0 {
			t.Errorf("one with a second to live waited for %v", time.Since(begin))
		}
		if !g.Wait(t.Context(), "a") {
			t.Error("one with time was not let in")
		}
		g.Give("a", 1)
	})
}

// TestPatience_LongWaits_CountTogether: several calls that hang cost a request no more than one,
// and short ones cost nothing.
func TestPatience_LongWaits_CountTogether(t *testing.T) {
	const whole = 8 * time.Second
	ctx := WithParty(t.Context(), "somebody")
	for _, step := range []struct{ took, left time.Duration }{
		{time.Second, 8 * time.Second}, {1001 * time.Millisecond, 6999 * time.Millisecond},
		{5 * time.Second, 1999 * time.Millisecond}, {3 * time.Second, time.Second},
		{time.Second, time.Second},
	} {
		Waited(ctx, whole, step.took)
		if left := Patience(ctx, whole); left != step.left {
			t.Errorf("after %v there are %v left, want %v", step.took, left, step.left)
		}
	}
	Waited(t.Context(), whole, whole)
	if left := Patience(t.Context(), whole); left != whole {
		t.Errorf("the service's own work has %v", left)
	}
}
