package trail

import (
	"testing"
	"time"
)

// TestRates_TwoASecond_AreLetThrough, of each place by itself, and a clock that is set back shuts
// nobody out.
func TestRates_TwoASecond_AreLetThrough(t *testing.T) {
	var r rates
	now := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	take := func(region string, want ...bool) {
		t.Helper()
		for i, w := range want {
			if got := r.take("111122223333", region, now); got != w {
				t.Errorf("at %s, number %d of %s: %v, want %v", now.Format("05.000"), i, region, got, w)
			}
		}
	}
	take("a", true, true, false, false)
	take("b", true, true, false)
	now = now.Add(400 * time.Millisecond)
	take("a", false)
	now = now.Add(100 * time.Millisecond)
	take("a", true, false)
	now = now.Add(time.Hour)
	take("a", true, true, false)
	now = now.Add(-2 * time.Hour)
	take("a", true, true, false)
	passed := 0
	for range 1000 {
		now = now.Add(10 * time.Millisecond)
		if r.take("111122223333", "a", now) {
			passed++
		}
	}
	if passed < 19 || passed > 21 {
		t.Errorf("in ten seconds %d were let through", passed)
	}
}
